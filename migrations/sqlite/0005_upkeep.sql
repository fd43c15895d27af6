-- How a channel's session is kept up, and when to look after the channel next. None of it is shown to clients.

-- Since when the session is in its state, or was last told to begin anew.
alter table channels add column session_since text;
-- How often it was told to since it was last connected.
alter table channels add column session_tries integer not null default 0;
-- It was up, and nobody stopped it on purpose: it is to be up.
alter table channels add column session_wanted integer not null default 0 check (session_wanted in (0, 1));
-- Null: as soon as possible.
alter table channels add column tend_at text;
create index channels_tend on channels (channel_type, tend_at) where deleted_at is null;

update channels set session_since = updated_at,
    session_wanted = session_state in ('starting', 'awaiting_qr', 'awaiting_code', 'connected')
    where session_state is not null;
