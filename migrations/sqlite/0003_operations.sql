-- Attempts that ended because of the platform's pace; they do not count toward the most that are made.
alter table messages add column paced integer not null default 0;

-- A reaction, an edit or a deletion that overtook the identifier of its message waits here.
create table pending_references (
    id blob primary key,
    channel_id blob not null references channels (id),
    external_id text not null,
    reference text not null,
    created_at text not null
) strict;
create index pending_references_message on pending_references (channel_id, external_id);
create index pending_references_age on pending_references (created_at);

-- Until when a platform has asked a channel to rest.
create table channel_pauses (
    channel_id blob primary key references channels (id),
    ends_at text not null
) strict;
create index channel_pauses_end on channel_pauses (ends_at);
