-- The model, as in ../postgres, in what SQLite knows: ids are blobs, moments are
-- UTC texts cut to microseconds, JSON is text. Every change that a client can
-- see is committed while its organisation's row is locked, which also hands out
-- the event sequence.

create table organisations (
    id blob primary key,
    name text not null,
    event_sequence integer not null default 0,
    created_at text not null,
    updated_at text not null
) strict;

-- ── people of an organisation ───────────────────────────────────────────────

create table users (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    email text,
    username text,
    name text not null,
    password_hash text not null,
    role text not null check (role in ('OWNER', 'ADMIN', 'AGENT')),
    avatar text,
    is_active integer not null default 1 check (is_active in (0, 1)),
    created_by blob references users (id),
    last_login_at text,
    created_at text not null,
    updated_at text not null,
    check (email is not null or username is not null)
) strict;
create unique index users_email on users (email);
create unique index users_username on users (username);
create index users_organisation on users (organisation_id, created_at);

create table logins (
    id blob primary key,
    user_id blob not null references users (id),
    organisation_id blob not null references organisations (id),
    dialect text not null,
    created_at text not null,
    expires_at text not null,
    revoked_at text
) strict;
create index logins_user on logins (user_id);
create index logins_revoked on logins (revoked_at) where revoked_at is not null;
create index logins_expires on logins (expires_at);

-- SHA-256 of every refresh token of a login. One is unspent; a spent one that
-- comes again was stolen.
create table refresh_tokens (
    hash text primary key,
    login_id blob not null references logins (id),
    created_at text not null,
    spent_at text
) strict;
create index refresh_tokens_login on refresh_tokens (login_id);

create table login_attempts (
    -- "account:…" or "address:…".
    subject text primary key,
    failures integer not null,
    first_failure_at text not null
) strict;

create table invites (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    email text not null,
    role text not null,
    token_hash text not null unique,
    invited_by blob not null references users (id),
    accepted_at text,
    expires_at text not null,
    created_at text not null
) strict;
create unique index invites_pending on invites (organisation_id, email) where accepted_at is null;

create table teams (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    name text not null,
    description text,
    is_active integer not null default 1 check (is_active in (0, 1)),
    created_by blob not null references users (id),
    created_at text not null,
    updated_at text not null
) strict;

create table team_members (
    id blob primary key,
    team_id blob not null references teams (id),
    user_id blob not null references users (id),
    joined_at text not null,
    unique (team_id, user_id)
) strict;

-- ── channels ────────────────────────────────────────────────────────────────

create table channels (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    channel_type text not null,
    name text not null,
    -- Public settings; secret ones are encrypted beside them.
    config text not null,
    secrets blob not null,
    -- The value of the connector's address field.
    address text,
    status text not null check (status in ('ACTIVE', 'NEEDS_REAUTH', 'DISABLED')),
    status_reason text,
    session_state text,
    session_phone text,
    last_connected_at text,
    poll_cursor text,
    polled_at text,
    -- Grows with every change, so that caches can tell.
    version integer not null default 1,
    created_by blob references users (id),
    created_at text not null,
    updated_at text not null,
    deleted_at text
) strict;
create index channels_organisation on channels (organisation_id, created_at);
create index channels_address on channels (channel_type, address) where deleted_at is null;
create index channels_updated on channels (updated_at);

create table channel_assignments (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    channel_id blob not null references channels (id),
    user_id blob references users (id),
    team_id blob references teams (id),
    assigned_by blob not null references users (id),
    assigned_at text not null,
    check ((user_id is null) <> (team_id is null)),
    unique (channel_id, user_id),
    unique (channel_id, team_id)
) strict;

-- ── contacts ────────────────────────────────────────────────────────────────

create table contacts (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    name text not null,
    company text,
    title text,
    notes text,
    avatar text,
    owner_id blob references users (id),
    do_not_disturb integer not null default 0 check (do_not_disturb in (0, 1)),
    do_not_disturb_all integer not null default 0 check (do_not_disturb_all in (0, 1)),
    created_at text not null,
    updated_at text not null,
    deleted_at text
) strict;
create index contacts_organisation on contacts (organisation_id, created_at);

-- The same number or address in one organisation is the same person.
create table contact_points (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    contact_id blob not null references contacts (id),
    kind text not null check (kind in ('PHONE', 'EMAIL')),
    value text not null,
    is_primary integer not null check (is_primary in (0, 1)),
    unique (organisation_id, kind, value)
) strict;
create index contact_points_contact on contact_points (contact_id);

create table contact_tags (
    contact_id blob not null references contacts (id),
    tag text not null,
    primary key (contact_id, tag)
) strict;

create table contact_followers (
    contact_id blob not null references contacts (id),
    user_id blob not null references users (id),
    primary key (contact_id, user_id)
) strict;

-- A contact on a platform; helpdesk calls it a customer.
create table identities (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    channel_id blob not null references channels (id),
    contact_id blob not null references contacts (id),
    platform text not null,
    external_id text not null,
    name text not null,
    username text,
    phone text,
    email text,
    avatar text,
    metadata text not null,
    is_active integer not null default 1 check (is_active in (0, 1)),
    opted_out_at text,
    unreachable_at text,
    profile_fetched_at text,
    last_message_at text,
    last_message text,
    created_at text not null,
    updated_at text not null,
    unique (channel_id, external_id)
) strict;
create index identities_recent on identities (organisation_id, last_message_at desc, id);
create index identities_contact on identities (contact_id);

-- ── conversations ───────────────────────────────────────────────────────────

create table conversations (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    channel_id blob not null references channels (id),
    identity_id blob not null references identities (id),
    contact_id blob not null references contacts (id),
    thread text not null,
    is_group integer not null default 0 check (is_group in (0, 1)),
    contact_name text not null,
    status text not null default 'OPEN' check (status in ('OPEN', 'CLOSED')),
    assignee_id blob references users (id),
    tags text not null,
    is_starred integer not null default 0 check (is_starred in (0, 1)),
    unread_count integer not null default 0,
    last_inbound_at text,
    last_message_at text,
    last_message_id blob,
    version integer not null default 1,
    created_at text not null,
    updated_at text not null,
    deleted_at text
) strict;
create index conversations_recent on conversations (organisation_id, last_message_at desc, id);
create index conversations_channel on conversations (channel_id, last_message_at desc, id);
create index conversations_identity on conversations (identity_id);
create index conversations_contact on conversations (contact_id);

-- Every identifier under which a platform names a conversation.
create table threads (
    channel_id blob not null references channels (id),
    key text not null,
    conversation_id blob not null references conversations (id),
    primary key (channel_id, key)
) strict;
create index threads_conversation on threads (conversation_id);

create table tickets (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    channel_id blob not null references channels (id),
    conversation_id blob not null references conversations (id),
    identity_id blob not null references identities (id),
    external_thread_id text not null,
    subject text not null,
    status text not null check (status in ('OPEN', 'PENDING', 'CLOSED')),
    priority text not null check (priority in ('LOW', 'MEDIUM', 'HIGH')),
    assignee_id blob references users (id),
    first_response_at text,
    closed_at text,
    created_at text not null,
    updated_at text not null
) strict;
create unique index tickets_one_open on tickets (conversation_id) where status <> 'CLOSED';
create index tickets_recent on tickets (organisation_id, updated_at desc, id);
create index tickets_conversation on tickets (conversation_id, created_at desc);
create index tickets_created on tickets (organisation_id, created_at);

-- ── messages ────────────────────────────────────────────────────────────────

create table messages (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    channel_id blob not null references channels (id),
    conversation_id blob not null references conversations (id),
    ticket_id blob,
    campaign_id blob,
    direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
    external_id text,
    sender_user_id blob,
    sender_name text not null,
    kind text not null,
    text text,
    content text not null,
    metadata text not null,
    reply_to text,
    state text not null,
    failure text,
    attempts integer not null default 0,
    -- Of two that wait, the lower goes first: 0 for people, 1 for campaigns.
    priority integer not null default 0,
    -- Not before then: scheduled, or waiting to be tried again.
    due_at text,
    -- Our place in the conversation: the order in which messages were committed.
    sequence integer not null,
    scheduled_at text,
    platform_at text not null,
    sent_at text,
    delivered_at text,
    read_at text,
    edited_at text,
    deleted_at text,
    created_at text not null,
    updated_at text not null
) strict;
-- A platform message is stored once per channel.
create unique index messages_external on messages (channel_id, external_id) where external_id is not null;
create index messages_conversation on messages (conversation_id, platform_at desc, sequence desc);
create index messages_ticket on messages (ticket_id, platform_at desc, sequence desc) where ticket_id is not null;
-- The send queue of a channel, and who waits behind whom in a conversation.
create index messages_queue on messages (channel_id, priority, sequence) where state = 'QUEUED';
create index messages_ahead on messages (conversation_id, sequence) where state in ('QUEUED', 'SENDING');
create index messages_sending on messages (channel_id) where state = 'SENDING';
create index messages_scheduled on messages (due_at) where state = 'SCHEDULED';
-- What a report up to a moment can still move.
create index messages_reported on messages (conversation_id, platform_at) where state in ('SENDING', 'SENT', 'DELIVERED');

-- Further identifiers of a message that a platform split in several.
create table message_aliases (
    channel_id blob not null,
    external_id text not null,
    message_id blob not null references messages (id),
    primary key (channel_id, external_id)
) strict;
create index message_aliases_message on message_aliases (message_id);

create table reactions (
    message_id blob not null references messages (id),
    sender text not null,
    emoji text not null,
    reacted_at text not null,
    primary key (message_id, sender)
) strict;

-- A status that overtook its message waits here.
create table pending_statuses (
    id blob primary key,
    channel_id blob not null references channels (id),
    external_id text not null,
    status text not null,
    created_at text not null
) strict;
create index pending_statuses_message on pending_statuses (channel_id, external_id);
create index pending_statuses_age on pending_statuses (created_at);

-- Recorded before the request leaves.
create table attempts (
    id blob primary key,
    message_id blob not null references messages (id),
    channel_id blob not null,
    number integer not null,
    node_id blob not null,
    started_at text not null,
    ended_at text,
    outcome text,
    code text,
    detail text
) strict;
create index attempts_message on attempts (message_id, number);
create index attempts_open on attempts (channel_id) where ended_at is null;
create index attempts_recent on attempts (channel_id, started_at);

create table media (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    mime_type text not null,
    file_name text,
    size integer not null,
    sha256 text not null,
    created_at text not null
) strict;

-- ── events, queue, dead letters ─────────────────────────────────────────────

create table events (
    organisation_id blob not null references organisations (id),
    sequence integer not null,
    change text not null,
    created_at text not null,
    primary key (organisation_id, sequence)
) strict;
create index events_age on events (created_at);

-- The outbox, and without a broker the queue itself.
create table jobs (
    id integer primary key autoincrement,
    direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
    partition integer not null,
    channel_id blob not null,
    -- What it is about, so that a job published twice is recognised.
    key blob not null,
    payload text not null,
    available_at text not null,
    created_at text not null
) strict;
create index jobs_next on jobs (direction, partition, id, available_at);
create index jobs_due on jobs (direction, partition, available_at);
create index jobs_key on jobs (key);

create table dead_letters (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    channel_id blob not null references channels (id),
    direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
    reason text not null,
    payload text not null,
    created_at text not null,
    replayed_at text,
    resolved_at text
) strict;
create index dead_letters_organisation on dead_letters (organisation_id, id desc);

create table nodes (
    id blob primary key,
    started_at text not null,
    seen_at text not null
) strict;

-- Who works which partition: the fence where no broker holds it.
create table leases (
    name text primary key,
    node_id blob not null,
    expires_at text not null
) strict;

create table idempotency_keys (
    organisation_id blob not null references organisations (id),
    user_id blob not null,
    key text not null,
    request_hash text not null,
    status integer,
    answer text,
    -- When the key was first used, and when it was last being worked on.
    created_at text not null,
    begun_at text not null,
    primary key (organisation_id, user_id, key)
) strict;
create index idempotency_keys_age on idempotency_keys (created_at);

-- ── what people do and are told ─────────────────────────────────────────────

create table manual_actions (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    channel_id blob references channels (id),
    conversation_id blob references conversations (id),
    message_id blob references messages (id),
    dead_letter_id blob references dead_letters (id),
    kind text not null,
    detail text not null,
    status text not null check (status in ('PENDING', 'COMPLETED', 'FAILED')),
    assigned_to blob references users (id),
    resolution text,
    created_at text not null,
    completed_at text
) strict;
create index manual_actions_organisation on manual_actions (organisation_id, status, id desc);
create index manual_actions_message on manual_actions (message_id) where message_id is not null;
create index manual_actions_channel on manual_actions (channel_id) where status = 'PENDING';

-- Without a user: for every agent of the organisation.
create table notifications (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    user_id blob references users (id),
    kind text not null,
    title text not null,
    message text not null,
    data text not null,
    created_at text not null
) strict;
create index notifications_organisation on notifications (organisation_id, id desc);

create table notification_reads (
    notification_id blob not null references notifications (id),
    user_id blob not null references users (id),
    read_at text not null,
    primary key (notification_id, user_id)
) strict;

create table audit_logs (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    user_id blob references users (id),
    action text not null,
    entity text not null,
    entity_id text not null,
    metadata text not null,
    created_at text not null
) strict;
create index audit_logs_organisation on audit_logs (organisation_id, created_at desc);

create table templates (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    channel_id blob not null references channels (id),
    external_id text,
    name text not null,
    language text not null,
    category text not null,
    status text not null,
    reason text,
    components text not null,
    created_at text not null,
    updated_at text not null,
    unique (channel_id, name, language)
) strict;

create table macros (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    name text not null,
    content text not null,
    created_by blob not null references users (id),
    created_at text not null,
    updated_at text not null,
    unique (organisation_id, name)
) strict;

create table campaigns (
    id blob primary key,
    organisation_id blob not null references organisations (id),
    channel_id blob not null references channels (id),
    name text not null,
    message_template text not null,
    status text not null check (status in ('DRAFT', 'SCHEDULED', 'SENDING', 'PAUSED', 'COMPLETED', 'CANCELLED')),
    scheduled_at text,
    created_by blob not null references users (id),
    created_at text not null,
    updated_at text not null
) strict;
create index campaigns_organisation on campaigns (organisation_id, created_at desc);
create index campaigns_due on campaigns (status, scheduled_at);

create table campaign_recipients (
    id blob primary key,
    campaign_id blob not null references campaigns (id),
    recipient text not null,
    status text not null check (status in ('PENDING', 'QUEUED', 'SENT', 'FAILED', 'SKIPPED')),
    message_id blob,
    error text,
    sent_at text,
    created_at text not null,
    unique (campaign_id, recipient)
) strict;
create index campaign_recipients_next on campaign_recipients (campaign_id, status, id);
create index campaign_recipients_message on campaign_recipients (message_id) where message_id is not null;
