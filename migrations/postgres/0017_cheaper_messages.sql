-- What a message changes beside itself, without a new entry in each index: a row whose indexed columns stay as they are
-- is changed in its page, where there is room in it.
alter table conversations set (fillfactor = 80);
alter table identities set (fillfactor = 80);
alter table tickets set (fillfactor = 80);

-- That something is unread changes more rarely than how much.
alter table conversations add column is_unread boolean generated always as (unread_count > 0) stored;
drop index conversations_unread;
create index conversations_unread on conversations (organisation_id, last_message_at desc, id)
    where is_unread and deleted_at is null;

-- Reports read the count from the ticket.
drop index tickets_report;
create index tickets_report on tickets (organisation_id, created_at, channel_id, assignee_id, status,
    response_seconds, resolution_seconds);

-- Each of these is written under the lock of its organisation, whose row is there.
alter table events drop constraint events_organisation_id_fkey;
alter table notifications drop constraint notifications_organisation_id_fkey;
-- A conversation is of one channel and one organisation, and its messages with it.
alter table messages drop constraint messages_organisation_id_fkey;
alter table messages drop constraint messages_channel_id_fkey;
