-- By which words messages and contacts are found. A table of its own beside the messages, as in ../postgres; FTS5 keeps
-- the index and reads the words from the table when they change.
create table message_words (
    -- Grows with the sequence, so that the newest are found first.
    number integer primary key,
    message_id blob not null unique,
    organisation_id blob not null,
    channel_id blob not null,
    conversation_id blob not null,
    sequence integer not null,
    words text not null
) strict;
-- The words are plain when they come here: whatever stands between spaces is one.
create virtual table message_words_index using fts5 (
    words, content = 'message_words', content_rowid = 'number', tokenize = 'ascii', columnsize = 0
);
-- What is deleted is gone, and not only out of sight.
insert into message_words_index (message_words_index, rank) values ('secure-delete', 1);
create trigger message_words_added after insert on message_words begin
    insert into message_words_index (rowid, words) values (new.number, new.words);
end;
create trigger message_words_changed after update on message_words begin
    insert into message_words_index (message_words_index, rowid, words) values ('delete', old.number, old.words);
    insert into message_words_index (rowid, words) values (new.number, new.words);
end;
create trigger message_words_removed after delete on message_words begin
    insert into message_words_index (message_words_index, rowid, words) values ('delete', old.number, old.words);
end;

create table contact_words (
    number integer primary key,
    contact_id blob not null unique,
    organisation_id blob not null,
    words text not null
) strict;
create virtual table contact_words_index using fts5 (
    words, content = 'contact_words', content_rowid = 'number', tokenize = 'ascii', columnsize = 0
);
insert into contact_words_index (contact_words_index, rank) values ('secure-delete', 1);
create trigger contact_words_added after insert on contact_words begin
    insert into contact_words_index (rowid, words) values (new.number, new.words);
end;
create trigger contact_words_changed after update on contact_words begin
    insert into contact_words_index (contact_words_index, rowid, words) values ('delete', old.number, old.words);
    insert into contact_words_index (rowid, words) values (new.number, new.words);
end;
create trigger contact_words_removed after delete on contact_words begin
    insert into contact_words_index (contact_words_index, rowid, words) values ('delete', old.number, old.words);
end;

-- What was stored before there was an index, until an engine that knows how has taken it up.
create table unindexed_messages (
    organisation_id blob not null,
    sequence integer not null,
    message_id blob not null,
    primary key (organisation_id, sequence, message_id)
) strict;
insert into unindexed_messages (organisation_id, sequence, message_id)
select organisation_id, sequence, id from messages where deleted_at is null and content_deleted_at is null;
create table unindexed_contacts (
    contact_id blob primary key
) strict;
insert into unindexed_contacts (contact_id) select id from contacts;

-- Where nothing is found: what people put out of sight.
create index conversations_deleted on conversations (organisation_id, id) where deleted_at is not null;
