//! As much in the database as a busy year leaves there: contacts, each with a conversation and its ticket, the messages,
//! and what was told of them.

use std::time::Instant;

use crate::{database::Pool, engine::Account};

/// Of so many messages each conversation is.
const IN_CONVERSATION: usize = 25;
/// Events between two messages.
const EVENTS: usize = 4;
/// What each message says: two words that all have, and others that fewer and fewer do.
const TEXT: &str = "'Hello, where is my parcel ' || 'w' || (n * 7919 % 1000) || ' v' || (n * 104729 % 50000) \
    || case when n % 1000 = 0 then ' red shoes please' else ' shoes' end \
    || case when n % 100000 = 1 then ' unicorn' else '' end";

/// The database makes all of it by itself, and it is said how far it is.
pub async fn fill(pool: &Pool, account: &Account, channel: &str, messages: usize) -> anyhow::Result<()> {
    let conversations = messages.div_ceil(IN_CONVERSATION);
    for (what, statement) in statements(pool, account, channel, conversations, messages) {
        let start = Instant::now();
        pool.run_made(statement).await?;
        println!("{what} of {messages} messages: made in {:.1} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

fn statements(
    pool: &Pool,
    account: &Account,
    channel: &str,
    conversations: usize,
    messages: usize,
) -> Vec<(&'static str, String)> {
    let made = Made { is_postgres: matches!(pool, Pool::Postgres(_)), conversations, messages };
    let (organisation, channel, user) =
        (made.uuid(&account.organisation), made.uuid(channel), made.uuid(&account.user));
    let (notification, entry) = (made.id("a", "n"), made.id("b", "n"));
    let (contact, identity) = (made.id("3", "n"), made.id("4", "n"));
    let (conversation, ticket, message) = (made.id("5", "n"), made.id("7", "n"), made.id("9", "n"));
    let (each, all) = (made.series(conversations), made.series(messages));
    let (contact_at, at) = (made.at("n * 25"), made.at("n"));
    let its = format!("((n - 1) % {conversations}) + 1");
    let (in_conversation, in_ticket) = (made.id("5", &its), made.id("7", &its));
    let (json, content) = (made.json("'{}'"), made.json(&format!("'{{\"text\": \"' || {TEXT} || '\"}}'")));
    let (tags, slot) = (made.json("'[]'"), made.slot("n"));
    vec![
        (
            "contacts",
            format!(
                "insert into contacts (id, organisation_id, name, created_at, updated_at) \
                 select {contact}, {organisation}, 'Contact ' || n, {contact_at}, {contact_at} from {each}"
            ),
        ),
        (
            "identities",
            format!(
                "insert into identities (id, organisation_id, channel_id, contact_id, platform, external_id, name, \
                 metadata, search_text, last_message_at, last_message, created_at, updated_at) \
                 select {identity}, {organisation}, {channel}, {contact}, 'WHATSAPP', '49' || (1510000000 + n), \
                 'Contact ' || n, {json}, 'contact ' || n, {contact_at}, 'Hello', {contact_at}, {contact_at} from {each}"
            ),
        ),
        (
            "conversations",
            format!(
                "insert into conversations (id, organisation_id, channel_id, identity_id, contact_id, thread, \
                 contact_name, tags, unread_count, last_inbound_at, last_message_at, created_at, updated_at) \
                 select {conversation}, {organisation}, {channel}, {identity}, {contact}, '49' || (1510000000 + n), \
                 'Contact ' || n, {tags}, n % 3, {contact_at}, {contact_at}, {contact_at}, {contact_at} from {each}"
            ),
        ),
        (
            "tickets",
            format!(
                "insert into tickets (id, organisation_id, channel_id, conversation_id, identity_id, external_thread_id, \
                 subject, status, priority, message_count, created_at, updated_at) select {ticket}, {organisation}, \
                 {channel}, {conversation}, {identity}, '49' || (1510000000 + n), 'Message from Contact ' || n, \
                 case when n % 10 = 0 then 'CLOSED' else 'OPEN' end, 'MEDIUM', {IN_CONVERSATION}, {contact_at}, \
                 {contact_at} from {each}"
            ),
        ),
        (
            "messages",
            format!(
                "insert into messages (id, organisation_id, channel_id, conversation_id, ticket_id, direction, \
                 external_id, sender_name, kind, text, content, metadata, state, sequence, platform_at, created_at, \
                 updated_at) select {message}, {organisation}, {channel}, {in_conversation}, {in_ticket}, 'INBOUND', \
                 'wamid.' || n, 'Contact', 'text', {TEXT}, {content}, {json}, 'RECEIVED', n * {EVENTS}, {at}, {at}, {at} \
                 from {all}"
            ),
        ),
        (
            "counts",
            format!(
                "insert into message_counts (organisation_id, slot, channel_id, messages) \
                 select {organisation}, {slot}, {channel}, count(*) from {all} group by {slot}"
            ),
        ),
        (
            "notifications",
            format!(
                "insert into notifications (id, organisation_id, kind, title, message, data, sequence, created_at) \
                 select {notification}, {organisation}, 'NEW_MESSAGE', 'New message from Contact', 'Hello', {json}, \
                 n * {EVENTS} + 1, {at} from {all}"
            ),
        ),
        (
            "audit log",
            format!(
                "insert into audit_logs (id, organisation_id, user_id, action, entity, entity_id, metadata, created_at) \
                 select {entry}, {organisation}, {user}, 'CREATE', 'MESSAGE', 'n', {json}, {at} from {all}"
            ),
        ),
        (
            "the organisation",
            format!(
                "update organisations set event_sequence = {} where id = {organisation}",
                messages.saturating_mul(EVENTS) + 1_000
            ),
        ),
        (
            "words to be indexed",
            "insert into unindexed_messages (organisation_id, sequence, message_id) \
             select organisation_id, sequence, id from messages"
                .to_owned(),
        ),
        ("names to be indexed", "insert into unindexed_contacts (contact_id) select id from contacts".to_owned()),
    ]
}

/// What the databases say in ways of their own.
struct Made {
    is_postgres: bool,
    conversations: usize,
    messages: usize,
}

impl Made {
    fn uuid(&self, id: &str) -> String {
        if self.is_postgres { format!("'{id}'::uuid") } else { format!("x'{}'", id.replace('-', "")) }
    }

    fn id(&self, table: &str, number: &str) -> String {
        if self.is_postgres {
            format!("('{table}' || lpad(({number})::text, 31, '0'))::uuid")
        } else {
            format!("unhex('{table}' || printf('%031d', {number}))")
        }
    }

    fn series(&self, count: usize) -> String {
        if self.is_postgres {
            return format!("generate_series(1::bigint, {count}) n");
        }
        format!(
            "(with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < {count}) \
             select n from numbers)"
        )
    }

    /// Seconds before now, the first longest ago: a year of them in all.
    fn seconds(&self, number: &str) -> String {
        let most = self.messages.max(self.conversations.saturating_mul(IN_CONVERSATION));
        format!("({most} - {number}) * 31000000 / {most}")
    }

    fn at(&self, number: &str) -> String {
        let seconds = self.seconds(number);
        if self.is_postgres {
            format!("now() - ({seconds}) * interval '1 second'")
        } else {
            format!("strftime('%Y-%m-%dT%H:%M:%S+00:00', unixepoch() - ({seconds}), 'unixepoch')")
        }
    }

    /// The quarter of an hour.
    fn slot(&self, number: &str) -> String {
        let seconds = self.seconds(number);
        if self.is_postgres {
            format!("floor((extract(epoch from now()) - ({seconds})) / 900)::bigint")
        } else {
            format!("(unixepoch() - ({seconds})) / 900")
        }
    }

    fn json(&self, text: &str) -> String {
        if self.is_postgres { format!("({text})::jsonb") } else { text.to_owned() }
    }
}
