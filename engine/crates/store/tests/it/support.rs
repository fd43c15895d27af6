//! A store with an organisation and a channel, on either database.

use std::{future::Future, panic::resume_unwind, str::FromStr};

use chrono::{DateTime, Duration, Utc};
use patchbay_domain::{
    AttemptId, ChannelId, ConversationId, MessageId, NodeId, OrganisationId, UserId,
    attempt::{Consequence, Settlement},
    conversation::{Conversation, Draft, Policy, SendMessage},
    delivery::MessageState,
    event::SequencedChange,
    message::Message,
    people::Role,
    platform::{Content, DeliveryStatus, Failure, FailureKind, InboundMessage, Manifest, Participant, ReportedState},
    sending::ChannelStatus,
};
use patchbay_store::{
    Store, StoreOptions,
    channels::NewChannel,
    commit::{Commit, CommitOutcome},
    conversations::{ChannelKey, Opening},
    jobs::Partitions,
    sending::{Begin, Begun, Settled},
    statuses::StatusReport,
    users::NewUser,
};
use patchbay_test_database::TestDatabase;
use serde_json::json;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

pub const PARTITIONS: Partitions = Partitions(4);

/// Makes a test for each database of the functions named.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::support::on_sqlite(super::$name).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::support::on_postgres(super::$name).await;
            })*
        }
    };
}
pub(crate) use on_both;

pub struct Fixture {
    pub store: Store,
    /// Where the database is.
    pub url: String,
    pub channel: ChannelKey,
    pub user: UserId,
    pub now: DateTime<Utc>,
}

pub async fn on_sqlite<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Fixture) -> F) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("patchbay.db").display());
    let fixture = Fixture::new(url).await;
    let store = fixture.store.clone();
    let finished = tokio::spawn(test(fixture)).await;
    store.close().await;
    finished.unwrap_or_else(|error| resume_unwind(error.into_panic()));
}

pub async fn on_postgres<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Fixture) -> F) {
    let Some(server) = patchbay_test_database::server().unwrap() else { return };
    let database = TestDatabase::make(&server).await.unwrap();
    let fixture = Fixture::new(database.url.clone()).await;
    let store = fixture.store.clone();
    let finished = tokio::spawn(test(fixture)).await;
    store.close().await;
    database.drop().await.unwrap();
    finished.unwrap_or_else(|error| resume_unwind(error.into_panic()));
}

impl Fixture {
    async fn new(url: String) -> Self {
        let options = StoreOptions { max_connections: 8, ..StoreOptions::default() };
        let store = Store::connect(&url, options).await.unwrap();
        store.migrate().await.unwrap();
        // What is read is what was written: no nanoseconds.
        let now = DateTime::from_timestamp_micros(Utc::now().timestamp_micros()).unwrap();
        let owner = new_user(OrganisationId::at(now), "owner@example.com", Role::Owner, now);
        store.sign_up("Acme", &owner, None, now).await.unwrap();
        let channel = make_channel(&store, owner.organisation_id, now).await;
        Self { store, url, channel, user: owner.id, now }
    }

    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    pub fn organisation(&self) -> OrganisationId {
        self.channel.organisation_id
    }

    /// Another tenant on the same database.
    pub async fn other_tenant(&self, name: &str) -> Self {
        let owner = new_user(OrganisationId::at(self.now), &format!("{name}@example.org"), Role::Owner, self.now);
        self.store.sign_up(name, &owner, None, self.now).await.unwrap();
        let channel = make_channel(&self.store, owner.organisation_id, self.now).await;
        Self { store: self.store.clone(), url: self.url.clone(), channel, user: owner.id, now: self.now }
    }

    pub async fn open(&self, thread: &str) -> Conversation {
        let id = self.opened(&[opening(thread)]).await.remove(0);
        self.load(id).await
    }

    pub async fn opened(&self, openings: &[Opening]) -> Vec<ConversationId> {
        self.store.open_conversations(&self.channel, openings, self.now).await.unwrap()
    }

    pub async fn load(&self, id: ConversationId) -> Conversation {
        self.store.load_conversations(&[id]).await.unwrap().remove(0)
    }

    pub async fn commit(&self, draft: Draft) -> CommitOutcome {
        self.commit_all(vec![draft]).await.remove(0)
    }

    pub async fn commit_all(&self, drafts: Vec<Draft>) -> Vec<CommitOutcome> {
        let commits: Vec<_> = drafts.into_iter().map(|draft| Commit { draft, audit: None }).collect();
        self.store.commit(&commits, PARTITIONS, self.now).await.unwrap()
    }

    /// Commits what `change` does to the conversation as it is now.
    pub async fn change(&self, id: ConversationId, change: impl FnOnce(&mut Draft)) {
        let mut draft = Draft::new(self.load(id).await);
        change(&mut draft);
        let outcome = self.commit(draft).await;
        assert!(matches!(outcome, CommitOutcome::Committed { .. }), "{outcome:?}");
    }

    /// A contact wrote, so that one may answer.
    pub async fn receive(&self, id: ConversationId, external_id: &str) -> MessageId {
        let message_id = MessageId::at(self.now);
        let message = inbound(external_id, self.now);
        self.change(id, |draft| draft.receive(message_id, message, policy(), self.now)).await;
        message_id
    }

    pub async fn queue(&self, id: ConversationId, text: &str) -> MessageId {
        self.queue_with(id, text, |_| {}).await
    }

    pub async fn queue_with(&self, id: ConversationId, text: &str, with: impl FnOnce(&mut SendMessage)) -> MessageId {
        let message_id = MessageId::at(self.now);
        let mut send = SendMessage {
            id: message_id,
            content: Content::text(text),
            sender_user_id: Some(self.user),
            sender_name: "Ann".into(),
            campaign_id: None,
            ticket_id: None,
            reply_to: None,
            metadata: json!({}),
            scheduled_at: None,
        };
        with(&mut send);
        self.change(id, |draft| draft.send(send, ChannelStatus::Active, &manifest(), self.now).unwrap()).await;
        message_id
    }

    pub async fn begin(&self, message_id: MessageId, node: NodeId) -> Option<Begun> {
        let begin = Begin { message_id, attempt_id: AttemptId::at(self.now) };
        self.store.begin_attempts(&[begin], node, self.now).await.unwrap().pop()
    }

    pub async fn settle(&self, begun: Begun, settlement: Settlement) {
        self.settle_with(begun, settlement, Consequence::None).await;
    }

    pub async fn settle_with(&self, begun: Begun, settlement: Settlement, consequence: Consequence) {
        let settled = Settled {
            message_id: begun.message_id,
            channel_id: self.channel.channel_id,
            attempt_id: Some(begun.attempt_id),
            settlement,
            consequence,
        };
        self.store.settle(&[settled], self.now).await.unwrap();
    }

    /// Queues a message and sends it under this identifier.
    pub async fn send(&self, id: ConversationId, external_id: &str) -> MessageId {
        let message_id = self.queue(id, "hello").await;
        let begun = self.begin(message_id, NodeId::at(self.now)).await.unwrap();
        self.settle(begun, sent(&[external_id])).await;
        message_id
    }

    pub async fn message(&self, id: MessageId) -> Message {
        self.store.message(self.organisation(), id).await.unwrap().unwrap().message
    }

    pub async fn state(&self, id: MessageId) -> MessageState {
        self.message(id).await.state
    }

    pub fn report(&self, id: &str, state: ReportedState) -> StatusReport {
        StatusReport { channel_id: self.channel.channel_id, status: status(Some(id), state, self.now) }
    }

    pub async fn events(&self) -> Vec<SequencedChange> {
        self.store.events_after(self.organisation(), 0, 100_000).await.unwrap()
    }

    /// Every sequence number once, in order, up to the organisation's own.
    pub async fn assert_no_gaps(&self) {
        let events = self.events().await;
        let sequences: Vec<i64> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, (1..=i64::try_from(events.len()).unwrap()).collect::<Vec<_>>());
        assert_eq!(self.store.newest_event(self.organisation()).await.unwrap(), i64::try_from(events.len()).unwrap());
    }

    /// A change that no method makes.
    pub async fn run(&self, sql: &'static str) {
        if self.is_postgres() {
            let options = PgConnectOptions::from_str(&self.url).unwrap();
            let mut connection = PgConnection::connect_with(&options).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }

    /// A single value, by plain SQL.
    pub async fn count(&self, sql: &'static str) -> i64 {
        if self.is_postgres() {
            let options = PgConnectOptions::from_str(&self.url).unwrap();
            let mut connection = PgConnection::connect_with(&options).await.unwrap();
            let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            count
        } else {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            let (count,): (i64,) = sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            count
        }
    }
}

pub fn new_user(organisation_id: OrganisationId, email: &str, role: Role, now: DateTime<Utc>) -> NewUser {
    NewUser {
        id: UserId::at(now),
        organisation_id,
        email: Some(email.into()),
        username: None,
        name: "Ann".into(),
        password_hash: "hash".into(),
        role,
        created_by: None,
    }
}

pub async fn make_channel(store: &Store, organisation_id: OrganisationId, now: DateTime<Utc>) -> ChannelKey {
    let channel = NewChannel {
        id: ChannelId::at(now),
        organisation_id,
        channel_type: "MOCK".into(),
        name: "Mock".into(),
        config: json!({"callbackUrl": "http://localhost"}),
        secrets: vec![0, 1, 255],
        address: Some("shared".into()),
        webhook_token: None,
        created_by: None,
    };
    store.create_channel(&channel, None, now).await.unwrap();
    ChannelKey { organisation_id, channel_id: channel.id, channel_type: channel.channel_type }
}

pub fn person(id: &str) -> Participant {
    Participant { id: id.into(), name: Some(format!("Name of {id}")), ..Participant::default() }
}

pub fn opening(thread: &str) -> Opening {
    Opening { thread: thread.into(), group: false, participant: person(thread) }
}

pub fn inbound(id: &str, now: DateTime<Utc>) -> InboundMessage {
    InboundMessage {
        id: id.into(),
        thread: "thread".into(),
        group: false,
        sender: Participant::default(),
        echo: false,
        correlation: None,
        sent_at: now,
        content: Content::text("hi"),
        reply_to: None,
        metadata: json!({}),
    }
}

pub fn policy() -> Policy {
    Policy { reopen_window: Duration::hours(24) }
}

pub fn manifest() -> Manifest {
    Manifest {
        id: "mock".into(),
        name: "Mock".into(),
        version: "0.1.0".into(),
        channel_types: vec!["MOCK".into()],
        config_schema: json!({}),
        hosts: vec![],
        capabilities: vec!["text".into()],
        limits: vec![],
        reply_window_ms: None,
        address_field: None,
        poll_every_ms: None,
        oauth2: None,
    }
}

pub fn sent(external_ids: &[&str]) -> Settlement {
    Settlement::Sent { external_ids: external_ids.iter().map(|id| (*id).to_owned()).collect() }
}

pub fn failure(kind: FailureKind) -> Failure {
    Failure { kind, code: Some("131".into()), message: "no".into(), retry_after_ms: None, scope: None }
}

pub fn status(id: Option<&str>, state: ReportedState, at: DateTime<Utc>) -> DeliveryStatus {
    let failure = (state == ReportedState::Failed).then(|| failure(FailureKind::Rejected));
    DeliveryStatus { id: id.map(Into::into), correlation: None, thread: None, up_to: None, state, at, failure }
}
