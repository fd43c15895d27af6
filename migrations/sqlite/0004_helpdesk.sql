-- What people of a helpdesk look for, are told and measure.

-- Name and identifier without case and accents; null until an engine that knows how has folded it.
alter table identities add column search_text text;
create index identities_search on identities (organisation_id, search_text, id);
create index identities_unfolded on identities (id) where search_text is null;
create index identities_platform on identities (organisation_id, platform);

-- The sequence of the event that announced it; those from before have numbers below one, in their order.
alter table notifications add column sequence integer not null default 0;
update notifications set sequence = r.place from (
    select id, row_number() over (partition by organisation_id order by id)
        - count(*) over (partition by organisation_id) as place
    from notifications
) r where r.id = notifications.id;
drop index notifications_organisation;
create index notifications_recent on notifications (organisation_id, sequence desc);

-- A user has read everything up to there, and since when.
create table notification_marks (
    user_id blob not null references users (id),
    read_through integer not null,
    read_at text not null,
    primary key (user_id, read_through)
) strict;

-- What one person did, and how often what was done.
create index audit_logs_user on audit_logs (organisation_id, user_id, created_at desc);
create index audit_logs_actions on audit_logs (organisation_id, action, created_at);

-- With which webhook a message came, and how often it came again.
alter table messages add column webhook_id blob;
alter table messages add column received_at text;
alter table messages add column parsed_at text;
create table message_repeats (
    message_id blob primary key references messages (id),
    times integer not null,
    first_at text not null,
    last_at text not null,
    last_webhook_id blob not null
) strict;

-- What a person may still send with.
create index templates_status on templates (channel_id, status, name);

-- What reports add up, kept with each ticket; and one index that holds all that they read of it.
alter table tickets add column message_count integer not null default 0;
alter table tickets add column response_seconds integer;
alter table tickets add column resolution_seconds integer;
update tickets set
    message_count = (select count(*) from messages m where m.ticket_id = tickets.id),
    response_seconds = max(unixepoch(first_response_at) - unixepoch(created_at), 0),
    resolution_seconds = max(unixepoch(closed_at) - unixepoch(created_at), 0);
drop index tickets_created;
create index tickets_report on tickets (organisation_id, created_at, channel_id, assignee_id, status,
    response_seconds, resolution_seconds, message_count);
create index tickets_closed on tickets (organisation_id, closed_at, channel_id, assignee_id);

-- The messages of a channel by the quarter of an hour in which they were written.
create table message_counts (
    organisation_id blob not null references organisations (id),
    slot integer not null,
    channel_id blob not null references channels (id),
    messages integer not null,
    primary key (organisation_id, slot, channel_id)
) strict;
insert into message_counts (organisation_id, slot, channel_id, messages)
select organisation_id, unixepoch(created_at) / 900, channel_id, count(*)
from messages group by 1, 2, 3;
