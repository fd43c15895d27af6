-- Webhooks of channels that cannot keep up, in the order of their arrival; a row goes when its webhook is done.
create table parked_webhooks (
    id bigserial primary key,
    -- No reference: a webhook is kept whatever has become of its channel.
    channel_id uuid not null,
    -- A webhook that the bus delivers twice is parked once.
    webhook_id uuid not null unique,
    envelope text not null,
    -- The length of the envelope, so that what is read at once can be bounded without reading it.
    bytes bigint not null,
    parked_at timestamptz not null
);
create index parked_webhooks_next on parked_webhooks (channel_id, id);

-- A webhook that cannot be done with is stored as one dead letter however often it is tried; after a replay it may
-- become another.
alter table dead_letters add column webhook_id uuid;
create unique index dead_letters_webhook on dead_letters (webhook_id) where replayed_at is null;
