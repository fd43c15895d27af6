-- What the business dialect lists, marks and adds up.

-- The word in which people left a conversation; what a contact writes opens it again.
alter table conversations drop column status;
alter table conversations add column status text not null default 'OPEN'
    check (status in ('OPEN', 'PENDING', 'RESOLVED', 'CLOSED', 'ARCHIVED'));
-- What came up to there has been read, by the sequence of its event.
alter table conversations add column read_through integer not null default 0;
update conversations set read_through = (
    select o.event_sequence from organisations o where o.id = conversations.organisation_id
) where unread_count = 0;

-- Messages of all conversations, the newest first, and what is added up of them.
create index messages_listed on messages (organisation_id, platform_at desc, sequence desc, direction, state, kind);

-- What an organisation is called in addresses; null where nobody has chosen it.
alter table organisations add column slug text;
create unique index organisations_slug on organisations (slug);

-- A keyed hash of the text that a platform repeats when a webhook is set up, for an address that says nothing else of its
-- channel; and when it was last repeated.
alter table channels add column webhook_token text;
alter table channels add column webhook_verified_at text;
create index channels_webhook_token on channels (webhook_token) where webhook_token is not null;

-- What people call a template; the platform's own name has few letters to choose from.
alter table templates add column title text;
create index templates_recent on templates (organisation_id, updated_at desc, id);

-- Whom people write to by the name that a platform has for them.
create index identities_username on identities (organisation_id, username) where username is not null;
