-- Whether the platform was told where a channel's webhook is. A row is gone when a person changes the channel's settings.
create table webhook_registrations (
    channel_id uuid primary key references channels (id),
    -- What it was told, or is to be.
    webhook_url text not null,
    -- The try under way, or the last one: what a try brings that began before a change counts no more.
    attempt uuid not null,
    state text not null check (state in ('PENDING', 'DONE', 'REFUSED')),
    tries bigint not null,
    try_at timestamptz not null
);
