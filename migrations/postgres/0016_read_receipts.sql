-- Conversations that somebody here has read, by the newest message of the other side: what the platform is to be told,
-- or, without a time, has been told.
create table read_receipts (
    conversation_id uuid primary key references conversations (id),
    message_id uuid not null references messages (id),
    tries bigint not null,
    due_at timestamptz
);
create index read_receipts_due on read_receipts (due_at) where due_at is not null;
