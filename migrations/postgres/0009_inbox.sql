-- What lists of conversations are narrowed to.
create index conversations_unread on conversations (organisation_id, last_message_at desc, id)
    where unread_count > 0 and deleted_at is null;
create index conversations_starred on conversations (organisation_id, last_message_at desc, id)
    where is_starred and deleted_at is null;
