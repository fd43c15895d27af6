-- What people wrote on a channel is deleted after a while; that they wrote, and when, stays.

-- Since when a message has no content any more.
alter table messages add column content_deleted_at timestamptz;
-- What still has content, in the order of its age.
create index messages_content on messages (channel_id, created_at) where content_deleted_at is null;

-- A file whose message has no content any more: its bytes go first, then this row.
alter table media add column deleted_at timestamptz;
create index media_deleted on media (deleted_at) where deleted_at is not null;
