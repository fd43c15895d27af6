-- Messages that came while their platform did not give their files: asked for again, until then.
create table wanted_files (
    message_id blob primary key references messages (id),
    tries integer not null,
    due_at text not null
) strict;
create index wanted_files_due on wanted_files (due_at);
