-- By which words messages and contacts are found. A table of its own beside the messages: these change with every step
-- of their delivery, and each change would be another one of the index.
create table message_words (
    message_id uuid primary key,
    organisation_id uuid not null,
    channel_id uuid not null,
    conversation_id uuid not null,
    -- The message's own: the newest are found first.
    sequence bigint not null,
    words tsvector not null
);
-- What came in last is added to it in batches, small enough for a search to read through.
create index message_words_index on message_words using gin (words) with (fastupdate = on, gin_pending_list_limit = 512);

create table contact_words (
    contact_id uuid primary key,
    organisation_id uuid not null,
    words tsvector not null
);
create index contact_words_index on contact_words using gin (words) with (fastupdate = on, gin_pending_list_limit = 512);

-- What was stored before there was an index, until an engine that knows how has taken it up.
create table unindexed_messages (
    organisation_id uuid not null,
    sequence bigint not null,
    message_id uuid not null,
    primary key (organisation_id, sequence, message_id)
);
insert into unindexed_messages (organisation_id, sequence, message_id)
select organisation_id, sequence, id from messages where deleted_at is null and content_deleted_at is null;
create table unindexed_contacts (
    contact_id uuid primary key
);
insert into unindexed_contacts (contact_id) select id from contacts;

-- Where nothing is found: what people put out of sight.
create index conversations_deleted on conversations (organisation_id, id) where deleted_at is not null;
