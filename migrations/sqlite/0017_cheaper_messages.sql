-- That something is unread changes more rarely than how much.
alter table conversations add column is_unread integer generated always as (unread_count > 0) virtual;
drop index conversations_unread;
create index conversations_unread on conversations (organisation_id, last_message_at desc, id)
    where is_unread and deleted_at is null;

-- Reports read the count from the ticket.
drop index tickets_report;
create index tickets_report on tickets (organisation_id, created_at, channel_id, assignee_id, status,
    response_seconds, resolution_seconds);
