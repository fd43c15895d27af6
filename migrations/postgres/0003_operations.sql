-- Attempts that ended because of the platform's pace; they do not count toward the most that are made.
alter table messages add column paced bigint not null default 0;

-- A reaction, an edit or a deletion that overtook the identifier of its message waits here.
create table pending_references (
    id uuid primary key,
    channel_id uuid not null references channels (id),
    external_id text not null,
    reference jsonb not null,
    created_at timestamptz not null
);
create index pending_references_message on pending_references (channel_id, external_id);
create index pending_references_age on pending_references (created_at);

-- Until when a platform has asked a channel to rest.
create table channel_pauses (
    channel_id uuid primary key references channels (id),
    ends_at timestamptz not null
);
create index channel_pauses_end on channel_pauses (ends_at);
