//! What the rules cost, without storing anything.

use chrono::{DateTime, Duration, Utc};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use patchbay_domain::{
    ChannelId, ContactId, ConversationId, IdentityId, MessageId, OrganisationId,
    attempt::{Tries, UnknownPolicy, settle},
    conversation::{Conversation, Draft, Policy},
    platform::{Content, Failure, FailureKind, InboundMessage, Participant},
};
use serde_json::Value;

const POLICY: Policy = Policy { reopen_window: Duration::hours(24) };

fn conversation(now: DateTime<Utc>) -> Conversation {
    Conversation {
        id: ConversationId::at(now),
        organisation_id: OrganisationId::at(now),
        channel_id: ChannelId::at(now),
        identity_id: IdentityId::at(now),
        contact_id: ContactId::at(now),
        thread: "491".into(),
        group: false,
        version: 1,
        contact_name: "Ana".into(),
        opted_out: false,
        unreachable: false,
        unread_count: 0,
        last_inbound_at: None,
        last_message_at: None,
        last_message_id: None,
        ticket: None,
    }
}

fn message(now: DateTime<Utc>) -> InboundMessage {
    InboundMessage {
        id: "wamid.1".into(),
        thread: "491".into(),
        group: false,
        sender: Participant { id: "491".into(), name: Some("Ana".into()), ..Participant::default() },
        echo: false,
        correlation: None,
        sent_at: now,
        content: Content::text("Does it come in another color?"),
        reply_to: None,
        metadata: Value::Null,
    }
}

fn rules(criterion: &mut Criterion) {
    let now = Utc::now();
    criterion.bench_function("receive a message", |bencher| {
        bencher.iter_batched(
            || (Draft::new(conversation(now)), message(now)),
            |(mut draft, message)| {
                draft.receive(MessageId::at(now), message, POLICY, now);
                draft
            },
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function("settle a failure", |bencher| {
        let failure = Failure {
            kind: FailureKind::Temporary,
            code: Some("131016".into()),
            message: "temporary".into(),
            retry_after_ms: None,
            scope: None,
        };
        bencher.iter_batched(
            || failure.clone(),
            |failure| {
                settle(Err(failure), Tries { made: 3, paced: 0 }, Duration::zero(), UnknownPolicy::Hold, 0.5, now)
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, rules);
criterion_main!(benches);
