-- What campaigns say, whom they have written to, and what became of it.

-- A template of the platform, in place of the text.
alter table campaigns add column template jsonb;
alter table campaigns add column recipient_count bigint not null default 0;
alter table campaigns add column started_at timestamptz;
alter table campaigns add column completed_at timestamptz;

-- Why it was skipped, or failed without the platform having said so; empty where nothing is to be said.
alter table campaign_recipients add column reason text not null default '';
alter table campaign_recipients add column conversation_id uuid;
-- Nobody is written to twice, however many names the list has for them.
create unique index campaign_recipients_conversation on campaign_recipients (campaign_id, conversation_id)
    where conversation_id is not null;
-- Whose turn it is, and how many there are of each kind.
drop index campaign_recipients_next;
create index campaign_recipients_next on campaign_recipients (campaign_id, status, reason, id);
-- As the list was given.
create index campaign_recipients_list on campaign_recipients (campaign_id, id);
