-- What people of a helpdesk look for, are told and measure.

-- Name and identifier without case and accents; null until an engine that knows how has folded it.
alter table identities add column search_text text collate "C";
create index identities_search on identities (organisation_id, search_text, id);
create index identities_unfolded on identities (id) where search_text is null;
create index identities_platform on identities (organisation_id, platform);

-- The sequence of the event that announced it; those from before have numbers below one, in their order.
alter table notifications add column sequence bigint not null default 0;
update notifications set sequence = r.place from (
    select id, row_number() over (partition by organisation_id order by id)
        - count(*) over (partition by organisation_id) as place
    from notifications
) r where r.id = notifications.id;
drop index notifications_organisation;
create index notifications_recent on notifications (organisation_id, sequence desc);

-- A user has read everything up to there, and since when.
create table notification_marks (
    user_id uuid not null references users (id),
    read_through bigint not null,
    read_at timestamptz not null,
    primary key (user_id, read_through)
);

-- What one person did, and how often what was done.
create index audit_logs_user on audit_logs (organisation_id, user_id, created_at desc);
create index audit_logs_actions on audit_logs (organisation_id, action, created_at);

-- With which webhook a message came, and how often it came again.
alter table messages add column webhook_id uuid;
alter table messages add column received_at timestamptz;
alter table messages add column parsed_at timestamptz;
create table message_repeats (
    message_id uuid primary key references messages (id),
    times bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    last_webhook_id uuid not null
);

-- What a person may still send with.
create index templates_status on templates (channel_id, status, name);

-- What reports add up, kept with each ticket; and one index that holds all that they read of it.
alter table tickets add column message_count bigint not null default 0;
alter table tickets add column response_seconds bigint;
alter table tickets add column resolution_seconds bigint;
update tickets set
    message_count = (select count(*) from messages m where m.ticket_id = tickets.id),
    response_seconds = greatest(floor(extract(epoch from first_response_at - created_at)), 0)::bigint,
    resolution_seconds = greatest(floor(extract(epoch from closed_at - created_at)), 0)::bigint;
update tickets set response_seconds = null where first_response_at is null;
update tickets set resolution_seconds = null where closed_at is null;
drop index tickets_created;
create index tickets_report on tickets (organisation_id, created_at, channel_id, assignee_id, status,
    response_seconds, resolution_seconds, message_count);
create index tickets_closed on tickets (organisation_id, closed_at, channel_id, assignee_id);

-- The messages of a channel by the quarter of an hour in which they were written.
create table message_counts (
    organisation_id uuid not null references organisations (id),
    slot bigint not null,
    channel_id uuid not null references channels (id),
    messages bigint not null,
    primary key (organisation_id, slot, channel_id)
);
insert into message_counts (organisation_id, slot, channel_id, messages)
select organisation_id, floor(extract(epoch from created_at) / 900)::bigint, channel_id, count(*)
from messages group by 1, 2, 3;
