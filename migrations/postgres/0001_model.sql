-- The model. Every change that a client can see is committed while its
-- organisation's row is locked, which also hands out the event sequence.

create table organisations (
    id uuid primary key,
    name text not null,
    event_sequence bigint not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- ── people of an organisation ───────────────────────────────────────────────

create table users (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    email text,
    username text,
    name text not null,
    password_hash text not null,
    role text not null check (role in ('OWNER', 'ADMIN', 'AGENT')),
    avatar text,
    is_active boolean not null default true,
    created_by uuid references users (id),
    last_login_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (email is not null or username is not null)
);
create unique index users_email on users (email);
create unique index users_username on users (username);
create index users_organisation on users (organisation_id, created_at);

create table logins (
    id uuid primary key,
    user_id uuid not null references users (id),
    organisation_id uuid not null references organisations (id),
    dialect text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index logins_user on logins (user_id);
create index logins_revoked on logins (revoked_at) where revoked_at is not null;
create index logins_expires on logins (expires_at);

-- SHA-256 of every refresh token of a login. One is unspent; a spent one that
-- comes again was stolen.
create table refresh_tokens (
    hash text primary key,
    login_id uuid not null references logins (id),
    created_at timestamptz not null,
    spent_at timestamptz
);
create index refresh_tokens_login on refresh_tokens (login_id);

create table login_attempts (
    -- "account:…" or "address:…".
    subject text primary key,
    failures bigint not null,
    first_failure_at timestamptz not null
);

create table invites (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    email text not null,
    role text not null,
    token_hash text not null unique,
    invited_by uuid not null references users (id),
    accepted_at timestamptz,
    expires_at timestamptz not null,
    created_at timestamptz not null
);
create unique index invites_pending on invites (organisation_id, email) where accepted_at is null;

create table teams (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    name text not null,
    description text,
    is_active boolean not null default true,
    created_by uuid not null references users (id),
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table team_members (
    id uuid primary key,
    team_id uuid not null references teams (id),
    user_id uuid not null references users (id),
    joined_at timestamptz not null,
    unique (team_id, user_id)
);

-- ── channels ────────────────────────────────────────────────────────────────

create table channels (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    channel_type text not null,
    name text not null,
    -- Public settings; secret ones are encrypted beside them.
    config jsonb not null,
    secrets bytea not null,
    -- The value of the connector's address field.
    address text,
    status text not null check (status in ('ACTIVE', 'NEEDS_REAUTH', 'DISABLED')),
    status_reason text,
    session_state text,
    session_phone text,
    last_connected_at timestamptz,
    poll_cursor text,
    polled_at timestamptz,
    -- Grows with every change, so that caches can tell.
    version bigint not null default 1,
    created_by uuid references users (id),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);
create index channels_organisation on channels (organisation_id, created_at);
create index channels_address on channels (channel_type, address) where deleted_at is null;
create index channels_updated on channels (updated_at);

create table channel_assignments (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    channel_id uuid not null references channels (id),
    user_id uuid references users (id),
    team_id uuid references teams (id),
    assigned_by uuid not null references users (id),
    assigned_at timestamptz not null,
    check ((user_id is null) <> (team_id is null)),
    unique (channel_id, user_id),
    unique (channel_id, team_id)
);

-- ── contacts ────────────────────────────────────────────────────────────────

create table contacts (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    name text not null,
    company text,
    title text,
    notes text,
    avatar text,
    owner_id uuid references users (id),
    do_not_disturb boolean not null default false,
    do_not_disturb_all boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);
create index contacts_organisation on contacts (organisation_id, created_at);

-- The same number or address in one organisation is the same person.
create table contact_points (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    contact_id uuid not null references contacts (id),
    kind text not null check (kind in ('PHONE', 'EMAIL')),
    value text not null,
    is_primary boolean not null,
    unique (organisation_id, kind, value)
);
create index contact_points_contact on contact_points (contact_id);

create table contact_tags (
    contact_id uuid not null references contacts (id),
    tag text not null,
    primary key (contact_id, tag)
);

create table contact_followers (
    contact_id uuid not null references contacts (id),
    user_id uuid not null references users (id),
    primary key (contact_id, user_id)
);

-- A contact on a platform; helpdesk calls it a customer.
create table identities (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    channel_id uuid not null references channels (id),
    contact_id uuid not null references contacts (id),
    platform text not null,
    external_id text not null,
    name text not null,
    username text,
    phone text,
    email text,
    avatar text,
    metadata jsonb not null,
    is_active boolean not null default true,
    opted_out_at timestamptz,
    unreachable_at timestamptz,
    profile_fetched_at timestamptz,
    last_message_at timestamptz,
    last_message text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (channel_id, external_id)
);
create index identities_recent on identities (organisation_id, last_message_at desc nulls last, id);
create index identities_contact on identities (contact_id);

-- ── conversations ───────────────────────────────────────────────────────────

create table conversations (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    channel_id uuid not null references channels (id),
    identity_id uuid not null references identities (id),
    contact_id uuid not null references contacts (id),
    thread text not null,
    is_group boolean not null default false,
    contact_name text not null,
    status text not null default 'OPEN' check (status in ('OPEN', 'CLOSED')),
    assignee_id uuid references users (id),
    tags jsonb not null,
    is_starred boolean not null default false,
    unread_count bigint not null default 0,
    last_inbound_at timestamptz,
    last_message_at timestamptz,
    last_message_id uuid,
    version bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);
create index conversations_recent on conversations (organisation_id, last_message_at desc, id);
create index conversations_channel on conversations (channel_id, last_message_at desc, id);
create index conversations_identity on conversations (identity_id);
create index conversations_contact on conversations (contact_id);

-- Every identifier under which a platform names a conversation.
create table threads (
    channel_id uuid not null references channels (id),
    key text not null,
    conversation_id uuid not null references conversations (id),
    primary key (channel_id, key)
);
create index threads_conversation on threads (conversation_id);

create table tickets (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    channel_id uuid not null references channels (id),
    conversation_id uuid not null references conversations (id),
    identity_id uuid not null references identities (id),
    external_thread_id text not null,
    subject text not null,
    status text not null check (status in ('OPEN', 'PENDING', 'CLOSED')),
    priority text not null check (priority in ('LOW', 'MEDIUM', 'HIGH')),
    assignee_id uuid references users (id),
    first_response_at timestamptz,
    closed_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index tickets_one_open on tickets (conversation_id) where status <> 'CLOSED';
create index tickets_recent on tickets (organisation_id, updated_at desc, id);
create index tickets_conversation on tickets (conversation_id, created_at desc);
create index tickets_created on tickets (organisation_id, created_at);

-- ── messages ────────────────────────────────────────────────────────────────

create table messages (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    channel_id uuid not null references channels (id),
    conversation_id uuid not null references conversations (id),
    ticket_id uuid,
    campaign_id uuid,
    direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
    external_id text,
    sender_user_id uuid,
    sender_name text not null,
    kind text not null,
    text text,
    content jsonb not null,
    metadata jsonb not null,
    reply_to text,
    state text not null,
    failure jsonb,
    attempts bigint not null default 0,
    -- Of two that wait, the lower goes first: 0 for people, 1 for campaigns.
    priority bigint not null default 0,
    -- Not before then: scheduled, or waiting to be tried again.
    due_at timestamptz,
    -- Our place in the conversation: the order in which messages were committed.
    sequence bigint not null,
    scheduled_at timestamptz,
    platform_at timestamptz not null,
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    edited_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
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
    channel_id uuid not null,
    external_id text not null,
    message_id uuid not null references messages (id),
    primary key (channel_id, external_id)
);
create index message_aliases_message on message_aliases (message_id);

create table reactions (
    message_id uuid not null references messages (id),
    sender text not null,
    emoji text not null,
    reacted_at timestamptz not null,
    primary key (message_id, sender)
);

-- A status that overtook its message waits here.
create table pending_statuses (
    id uuid primary key,
    channel_id uuid not null references channels (id),
    external_id text not null,
    status jsonb not null,
    created_at timestamptz not null
);
create index pending_statuses_message on pending_statuses (channel_id, external_id);
create index pending_statuses_age on pending_statuses (created_at);

-- Recorded before the request leaves.
create table attempts (
    id uuid primary key,
    message_id uuid not null references messages (id),
    channel_id uuid not null,
    number bigint not null,
    node_id uuid not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    outcome text,
    code text,
    detail text
);
create index attempts_message on attempts (message_id, number);
create index attempts_open on attempts (channel_id) where ended_at is null;
create index attempts_recent on attempts (channel_id, started_at);

create table media (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    mime_type text not null,
    file_name text,
    size bigint not null,
    sha256 text not null,
    created_at timestamptz not null
);

-- ── events, queue, dead letters ─────────────────────────────────────────────

create table events (
    organisation_id uuid not null references organisations (id),
    sequence bigint not null,
    change jsonb not null,
    created_at timestamptz not null,
    primary key (organisation_id, sequence)
);
create index events_age on events (created_at);

-- The outbox, and without a broker the queue itself.
create table jobs (
    id bigserial primary key,
    direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
    partition bigint not null,
    channel_id uuid not null,
    -- What it is about, so that a job published twice is recognised.
    key uuid not null,
    payload text not null,
    available_at timestamptz not null,
    created_at timestamptz not null
);
create index jobs_next on jobs (direction, partition, id, available_at);
create index jobs_due on jobs (direction, partition, available_at);
create index jobs_key on jobs (key);

create table dead_letters (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    channel_id uuid not null references channels (id),
    direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
    reason text not null,
    payload text not null,
    created_at timestamptz not null,
    replayed_at timestamptz,
    resolved_at timestamptz
);
create index dead_letters_organisation on dead_letters (organisation_id, id desc);

create table nodes (
    id uuid primary key,
    started_at timestamptz not null,
    seen_at timestamptz not null
);

-- Who works which partition: the fence where no broker holds it.
create table leases (
    name text primary key,
    node_id uuid not null,
    expires_at timestamptz not null
);

create table idempotency_keys (
    organisation_id uuid not null references organisations (id),
    user_id uuid not null,
    key text not null,
    request_hash text not null,
    status bigint,
    answer text,
    -- When the key was first used, and when it was last being worked on.
    created_at timestamptz not null,
    begun_at timestamptz not null,
    primary key (organisation_id, user_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- ── what people do and are told ─────────────────────────────────────────────

create table manual_actions (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    channel_id uuid references channels (id),
    conversation_id uuid references conversations (id),
    message_id uuid references messages (id),
    dead_letter_id uuid references dead_letters (id),
    kind text not null,
    detail text not null,
    status text not null check (status in ('PENDING', 'COMPLETED', 'FAILED')),
    assigned_to uuid references users (id),
    resolution text,
    created_at timestamptz not null,
    completed_at timestamptz
);
create index manual_actions_organisation on manual_actions (organisation_id, status, id desc);
create index manual_actions_message on manual_actions (message_id) where message_id is not null;
create index manual_actions_channel on manual_actions (channel_id) where status = 'PENDING';

-- Without a user: for every agent of the organisation.
create table notifications (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    user_id uuid references users (id),
    kind text not null,
    title text not null,
    message text not null,
    data jsonb not null,
    created_at timestamptz not null
);
create index notifications_organisation on notifications (organisation_id, id desc);

create table notification_reads (
    notification_id uuid not null references notifications (id),
    user_id uuid not null references users (id),
    read_at timestamptz not null,
    primary key (notification_id, user_id)
);

create table audit_logs (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    user_id uuid references users (id),
    action text not null,
    entity text not null,
    entity_id text not null,
    metadata jsonb not null,
    created_at timestamptz not null
);
create index audit_logs_organisation on audit_logs (organisation_id, created_at desc);

create table templates (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    channel_id uuid not null references channels (id),
    external_id text,
    name text not null,
    language text not null,
    category text not null,
    status text not null,
    reason text,
    components jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (channel_id, name, language)
);

create table macros (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    name text not null,
    content text not null,
    created_by uuid not null references users (id),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (organisation_id, name)
);

create table campaigns (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    channel_id uuid not null references channels (id),
    name text not null,
    message_template text not null,
    status text not null check (status in ('DRAFT', 'SCHEDULED', 'SENDING', 'PAUSED', 'COMPLETED', 'CANCELLED')),
    scheduled_at timestamptz,
    created_by uuid not null references users (id),
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index campaigns_organisation on campaigns (organisation_id, created_at desc);
create index campaigns_due on campaigns (status, scheduled_at);

create table campaign_recipients (
    id uuid primary key,
    campaign_id uuid not null references campaigns (id),
    recipient text not null,
    status text not null check (status in ('PENDING', 'QUEUED', 'SENT', 'FAILED', 'SKIPPED')),
    message_id uuid,
    error text,
    sent_at timestamptz,
    created_at timestamptz not null,
    unique (campaign_id, recipient)
);
create index campaign_recipients_next on campaign_recipients (campaign_id, status, id);
create index campaign_recipients_message on campaign_recipients (message_id) where message_id is not null;
