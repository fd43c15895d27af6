-- Who may reach which session, and whose name it has on the installation's own WAHA server.

-- A username is one account however it is typed, and is shown as it was given.
drop index users_username;
create unique index users_username on users (lower(username));

create index teams_organisation on teams (organisation_id, created_at);
create index team_members_user on team_members (user_id);
create index channel_assignments_user on channel_assignments (user_id) where user_id is not null;
create index channel_assignments_team on channel_assignments (team_id) where team_id is not null;

-- Sessions on the server that the configuration names. All organisations share that server, so a name belongs to one of
-- them, and stays with it when its channel is deleted: a phone may still be paired there.
create table hosted_sessions (
    name text primary key,
    organisation_id blob not null references organisations (id),
    channel_id blob not null references channels (id)
) strict;
create index hosted_sessions_channel on hosted_sessions (channel_id);
