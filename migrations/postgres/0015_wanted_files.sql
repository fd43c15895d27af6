-- Messages that came while their platform did not give their files: asked for again, until then.
create table wanted_files (
    message_id uuid primary key references messages (id),
    tries bigint not null,
    due_at timestamptz not null
);
create index wanted_files_due on wanted_files (due_at);
