//! The group commit: all of it or nothing, once, in order.

use chrono::Duration;
use patchbay_domain::{
    MessageId, TicketId,
    conversation::Draft,
    delivery::MessageState,
    event::Change,
    message::Direction,
    platform::{Content, InboundMessage, MessageEdit, MessageRef, Participant, Reaction},
    sending::ChannelStatus,
    ticket::{Priority, TicketStatus},
};
use patchbay_store::{
    StoreError,
    audit::NewAudit,
    commit::{Commit, CommitOutcome},
    jobs,
    messages::{Part, Thread},
};
use serde_json::json;

use crate::support::{Fixture, PARTITIONS, inbound, on_both, person, policy};

on_both!(
    a_message_is_stored_with_its_events,
    sequences_have_no_gaps_under_concurrent_commits,
    commits_of_many_organisations_do_not_lock_each_other_out,
    a_platform_message_is_stored_once,
    twice_in_one_batch_is_told_to_the_second,
    an_outdated_draft_is_left_out,
    a_sent_message_has_its_job,
    at_most_one_ticket_is_open,
    reactions_edits_and_deletions_find_their_message,
    a_reaction_to_a_message_of_the_same_batch_is_kept,
    what_is_learned_is_kept,
    a_changed_identifier_moves_the_conversation,
    group_members_are_not_the_group,
    consent_is_seen_in_every_conversation,
    a_conversation_of_another_tenant_is_not_written,
    text_with_nul_is_stored,
    an_audit_is_written_with_the_change,
);

async fn a_message_is_stored_with_its_events(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let message = InboundMessage {
        content: Content::text("hällo"),
        reply_to: Some("earlier".into()),
        metadata: json!({"ad": null}),
        ..inbound("m1", fixture.now - Duration::seconds(3))
    };
    let id = MessageId::at(fixture.now);
    let mut draft = Draft::new(conversation.clone());
    draft.receive(id, message, policy(), fixture.now);
    let expected = draft.effects.messages[0].clone();
    assert_eq!(fixture.commit(draft.clone()).await, CommitOutcome::Committed { version: 2 });

    let view = fixture.store.message(fixture.organisation(), id).await.unwrap().unwrap();
    assert_eq!(view.message, expected);
    let events = fixture.events().await;
    let announced = events.iter().find(|event| matches!(event.change, Change::MessageCreated { .. })).unwrap();
    assert_eq!((announced.sequence, announced.at), (view.sequence, fixture.now));
    fixture.assert_no_gaps().await;

    let stored = fixture.load(conversation.id).await;
    assert_eq!(stored, patchbay_domain::conversation::Conversation { version: 2, ..draft.conversation });
    assert_eq!((stored.unread_count, stored.last_message_id), (1, Some(id)));
    let customer = fixture.store.customer(fixture.organisation(), stored.identity_id).await.unwrap().unwrap();
    assert_eq!(customer.last_message.as_deref(), Some("hällo"));
    assert_eq!((customer.last_message_at, customer.ticket_count), (Some(fixture.now - Duration::seconds(3)), 1));
}

async fn sequences_have_no_gaps_under_concurrent_commits(fixture: Fixture) {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6 {
        let conversation = fixture.open(&format!("thread {writer}")).await;
        let (store, now) = (fixture.store.clone(), fixture.now);
        writers.spawn(async move {
            let mut conversation = conversation;
            for number in 0..15 {
                let mut draft = Draft::new(conversation);
                let message = inbound(&format!("{writer}-{number}"), now);
                draft.receive(MessageId::at(now), message, policy(), now);
                conversation = draft.conversation.clone();
                let outcome = store.commit(&[Commit { draft, audit: None }], PARTITIONS, now).await.unwrap();
                let [CommitOutcome::Committed { version }] = outcome[..] else { panic!("{outcome:?}") };
                conversation.version = version;
            }
        });
    }
    writers.join_all().await;
    fixture.assert_no_gaps().await;
    assert_eq!(fixture.count("select count(*) from messages").await, 90);
    assert_eq!(fixture.count("select count(distinct sequence) from messages").await, 90);
}

async fn commits_of_many_organisations_do_not_lock_each_other_out(fixture: Fixture) {
    let mut tenants = Vec::new();
    for number in 0..4 {
        tenants.push(fixture.other_tenant(&format!("tenant{number}")).await);
    }
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6_usize {
        let mut conversations = Vec::new();
        for tenant in &tenants {
            conversations.push(tenant.open(&format!("thread {writer}")).await);
        }
        // Each in another order.
        conversations.rotate_left(writer % 4);
        let (store, now) = (fixture.store.clone(), fixture.now);
        writers.spawn(async move {
            for round in 0..10 {
                let mut commits = Vec::new();
                for conversation in &conversations {
                    let mut draft = Draft::new(conversation.clone());
                    let message = inbound(&format!("{writer}-{round}"), now);
                    draft.receive(MessageId::at(now), message, policy(), now);
                    commits.push(Commit { draft, audit: None });
                }
                let drafts: Vec<_> = commits.iter().map(|commit| commit.draft.conversation.clone()).collect();
                let outcomes = store.commit(&commits, PARTITIONS, now).await.unwrap();
                conversations = (outcomes.into_iter().zip(drafts))
                    .map(|(outcome, mut conversation)| {
                        let CommitOutcome::Committed { version } = outcome else { panic!("{outcome:?}") };
                        conversation.version = version;
                        conversation
                    })
                    .collect();
            }
        });
    }
    writers.join_all().await;
    for tenant in &tenants {
        tenant.assert_no_gaps().await;
    }
    assert_eq!(fixture.count("select count(*) from messages").await, 240);
}

async fn a_platform_message_is_stored_once(fixture: Fixture) {
    let (a, b) = (fixture.open("a").await, fixture.open("b").await);
    fixture.receive(a.id, "m1").await;
    let mut draft = Draft::new(fixture.load(a.id).await);
    for id in ["m2", "m1", "m3"] {
        draft.receive(MessageId::at(fixture.now), inbound(id, fixture.now), policy(), fixture.now);
    }
    let mut other = Draft::new(b.clone());
    other.receive(MessageId::at(fixture.now), inbound("m4", fixture.now), policy(), fixture.now);
    let outcomes = fixture.commit_all(vec![draft, other]).await;
    assert_eq!(
        outcomes,
        [CommitOutcome::Duplicates(vec!["m1".into()]), CommitOutcome::Committed { version: 2 }],
        "the rest commits"
    );
    assert_eq!(fixture.load(a.id).await.version, 2);
    assert_eq!(fixture.count("select count(*) from messages").await, 2);

    // The same identifier elsewhere is another message.
    let tenant = fixture.other_tenant("other").await;
    let elsewhere = tenant.open("a").await;
    tenant.receive(elsewhere.id, "m1").await;
    fixture.assert_no_gaps().await;
}

async fn twice_in_one_batch_is_told_to_the_second(fixture: Fixture) {
    let (a, b) = (fixture.open("a").await, fixture.open("b").await);
    let received = |conversation, ids: &[&str]| {
        let mut draft = Draft::new(conversation);
        for id in ids {
            draft.receive(MessageId::at(fixture.now), inbound(id, fixture.now), policy(), fixture.now);
        }
        draft
    };
    let drafts = vec![received(a.clone(), &["x", "x"]), received(b, &["x"]), received(a, &["y"])];
    let outcomes = fixture.commit_all(drafts).await;
    assert_eq!(outcomes[0], CommitOutcome::Duplicates(vec!["x".into()]));
    assert_eq!(outcomes[1], CommitOutcome::Committed { version: 2 });
    assert_eq!(outcomes[2], CommitOutcome::Committed { version: 2 });
}

async fn an_outdated_draft_is_left_out(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let mut outdated = Draft::new(conversation.clone());
    fixture.receive(conversation.id, "m1").await;
    outdated.receive(MessageId::at(fixture.now), inbound("m2", fixture.now), policy(), fixture.now);
    let before = fixture.events().await;
    assert_eq!(fixture.commit(outdated).await, CommitOutcome::Stale);
    assert_eq!(fixture.events().await, before);
    // Of two drafts of one conversation in a batch, the second is.
    let conversation = fixture.load(conversation.id).await;
    let drafts = ["m3", "m4"].map(|id| {
        let mut draft = Draft::new(conversation.clone());
        draft.receive(MessageId::at(fixture.now), inbound(id, fixture.now), policy(), fixture.now);
        draft
    });
    assert_eq!(
        fixture.commit_all(drafts.into()).await,
        [CommitOutcome::Committed { version: 3 }, CommitOutcome::Stale]
    );
}

async fn a_sent_message_has_its_job(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let id = fixture.queue(conversation.id, "hello").await;
    let later = fixture.now + Duration::hours(1);
    let scheduled = fixture.queue_with(conversation.id, "later", |send| send.scheduled_at = Some(later)).await;
    let channel_id = fixture.channel.channel_id;
    let partition = PARTITIONS.of(channel_id);
    let read = |now| fixture.store.jobs(jobs::Direction::Outbound, partition, now, 10);
    let due = read(fixture.now).await.unwrap();
    assert_eq!(due.iter().map(|job| (job.key, job.channel_id)).collect::<Vec<_>>(), [(id.uuid(), channel_id)]);
    let payload: serde_json::Value = serde_json::from_str(&due[0].payload).unwrap();
    assert_eq!(payload, json!({"version": "1", "channel_id": channel_id, "message_id": id}));
    assert_eq!(read(later).await.unwrap()[1].key, scheduled.uuid());
    let message = fixture.message(id).await;
    assert_eq!((message.direction, message.state), (Direction::Outbound, MessageState::Queued));
    assert_eq!(fixture.state(scheduled).await, MessageState::Scheduled);
}

async fn at_most_one_ticket_is_open(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    fixture.receive(conversation.id, "m1").await;
    let ticket = fixture.load(conversation.id).await.ticket.unwrap();
    assert_eq!((ticket.status, ticket.subject.as_str()), (TicketStatus::Open, "Message from Name of a"));
    let later = fixture.now + Duration::days(2);
    fixture
        .change(conversation.id, |draft| {
            let close = patchbay_domain::conversation::TicketUpdate {
                status: Some(TicketStatus::Closed),
                assignee_id: Some(Some(fixture.user)),
                ..Default::default()
            };
            draft.update_ticket(ticket.id, close, fixture.now).unwrap();
            // A day later it is another case.
            draft.receive(MessageId::at(later), inbound("m2", later), policy(), later);
        })
        .await;
    let latest = fixture.load(conversation.id).await.ticket.unwrap();
    assert_ne!(latest.id, ticket.id);
    let closed = fixture.store.ticket(fixture.organisation(), ticket.id).await.unwrap().unwrap();
    assert_eq!((closed.ticket.status, closed.message_count), (TicketStatus::Closed, 1));
    assert_eq!(closed.assignee.unwrap().name, "Ann");

    // Not even a wrong draft makes two.
    let mut wrong = Draft::new(fixture.load(conversation.id).await);
    wrong.conversation.ticket = None;
    wrong.open_ticket(TicketId::at(later), "second".into(), Priority::Low, None, later).unwrap();
    let commits = vec![Commit { draft: wrong, audit: None }];
    let refused = fixture.store.commit(&commits, PARTITIONS, later).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
    assert!(!refused.is_retryable());
}

fn reference(id: &str) -> MessageRef {
    MessageRef { thread: "a".into(), id: id.into() }
}

fn reaction(id: &str, emoji: Option<&str>, at: chrono::DateTime<chrono::Utc>) -> Reaction {
    Reaction { message: reference(id), sender: person("a"), emoji: emoji.map(Into::into), at }
}

async fn reactions_edits_and_deletions_find_their_message(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let message_id = fixture.receive(conversation.id, "m1").await;
    let own = fixture.send(conversation.id, "ours").await;
    let at = |seconds| fixture.now + Duration::seconds(seconds);
    fixture
        .change(conversation.id, |draft| {
            draft.react(reaction("m1", Some("👍"), at(1)));
            draft.react(reaction("m1", Some("❤️"), at(3)));
            // Overtaken.
            draft.react(reaction("m1", Some("😡"), at(2)));
            draft.react(reaction("ours", Some("👏"), at(1)));
            draft.react(reaction("unknown", Some("👏"), at(1)));
            draft.edit(MessageEdit { message: reference("m1"), content: Content::text("edited"), at: at(5) });
            draft.edit(MessageEdit { message: reference("m1"), content: Content::text("older"), at: at(4) });
            draft.delete(reference("ours"));
        })
        .await;
    assert_eq!(fixture.count("select count(*) from reactions where emoji = '❤️'").await, 1);
    assert_eq!(fixture.count("select count(*) from reactions").await, 2);
    let message = fixture.message(message_id).await;
    assert_eq!((message.content, message.edited_at), (Content::text("edited"), Some(at(5))));
    assert_eq!(fixture.message(own).await.deleted_at, Some(fixture.now));
    let updated =
        fixture.events().await.into_iter().filter(|event| matches!(event.change, Change::MessageUpdated { .. }));
    assert_eq!(updated.count(), 5, "what changed nothing is not announced");

    fixture
        .change(conversation.id, |draft| {
            draft.react(reaction("ours", None, at(0)));
            draft.react(reaction("m1", None, at(9)));
        })
        .await;
    assert_eq!(fixture.count("select count(*) from reactions").await, 1);
    fixture.assert_no_gaps().await;
}

async fn a_reaction_to_a_message_of_the_same_batch_is_kept(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    fixture
        .change(conversation.id, |draft| {
            draft.receive(MessageId::at(fixture.now), inbound("m1", fixture.now), policy(), fixture.now);
            draft.react(reaction("m1", Some("👍"), fixture.now));
        })
        .await;
    assert_eq!(fixture.count("select count(*) from reactions").await, 1);
}

async fn what_is_learned_is_kept(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let told = Participant {
        aliases: vec!["alias".into()],
        phone: Some("+491701234567".into()),
        username: Some("ann".into()),
        name: Some("Ann".into()),
        ..person("a")
    };
    fixture.change(conversation.id, |draft| draft.learn(told)).await;
    fixture
        .change(conversation.id, |draft| draft.learn(Participant { id: "a".into(), ..Participant::default() }))
        .await;
    let customer = fixture.store.customer(fixture.organisation(), conversation.identity_id).await.unwrap().unwrap();
    assert_eq!((customer.name.as_str(), customer.username.as_deref()), ("Ann", Some("ann")));
    assert_eq!(customer.phone.as_deref(), Some("+491701234567"), "nothing does not replace something");
    assert_eq!(fixture.count("select count(*) from contact_points where value = '+491701234567'").await, 1);
    assert_eq!(fixture.count("select count(*) from contacts where name = 'Ann'").await, 1);
    assert_eq!(fixture.opened(&[crate::support::opening("alias")]).await, [conversation.id]);
}

async fn a_changed_identifier_moves_the_conversation(fixture: Fixture) {
    let conversation = fixture.open("old").await;
    let moved = Participant { aliases: vec!["old".into()], ..person("new") };
    fixture.change(conversation.id, |draft| draft.learn(moved)).await;
    assert_eq!(fixture.load(conversation.id).await.thread, "new");
    for name in ["new", "old"] {
        assert_eq!(fixture.opened(&[crate::support::opening(name)]).await, [conversation.id], "{name}");
    }
    let message = fixture.queue(conversation.id, "hello").await;
    let due = fixture.store.due(fixture.channel.channel_id, fixture.now, 10, &[]).await.unwrap();
    assert_eq!((due[0].message.id, due[0].recipient.id.as_str(), due[0].thread.as_str()), (message, "new", "new"));

    // An identifier that somebody else has stays with them.
    let other = fixture.open("other").await;
    let taken = Participant { aliases: vec!["new".into()], ..person("other") };
    fixture.change(conversation.id, |draft| draft.learn(taken)).await;
    assert_eq!(
        (fixture.load(conversation.id).await.thread, fixture.load(other.id).await.thread),
        ("new".into(), "other".into())
    );
}

async fn group_members_are_not_the_group(fixture: Fixture) {
    let group = patchbay_store::conversations::Opening { group: true, ..crate::support::opening("group") };
    let id = fixture.opened(&[group]).await[0];
    let member = Participant { phone: Some("+491701234567".into()), aliases: vec!["x".into()], ..person("member") };
    fixture
        .change(id, |draft| {
            let message = InboundMessage { sender: member, group: true, ..inbound("m1", fixture.now) };
            draft.receive(MessageId::at(fixture.now), message, policy(), fixture.now);
        })
        .await;
    let identity = fixture.load(id).await.identity_id;
    let customer = fixture.store.customer(fixture.organisation(), identity).await.unwrap().unwrap();
    assert_eq!((customer.external_id.as_str(), customer.phone), ("group", None));
    assert_eq!(fixture.count("select count(*) from contact_points").await, 0);
    let found = fixture.store.find_conversations(fixture.channel.channel_id, &["x".into(), "member".into()]).await;
    assert_eq!(found.unwrap(), [None, None]);
}

async fn consent_is_seen_in_every_conversation(fixture: Fixture) {
    let one = fixture.open("a").await;
    // Another thread with the same person.
    let second =
        patchbay_store::conversations::Opening { thread: "second".into(), group: false, participant: person("a") };
    let two = fixture.load(fixture.opened(&[second]).await[0]).await;
    assert_eq!(one.identity_id, two.identity_id);
    let draft = |conversation: &patchbay_domain::conversation::Conversation, opted_out| {
        let mut draft = Draft::new(conversation.clone());
        draft.set_opted_out(opted_out);
        draft.mark_read();
        draft
    };
    // The second does not know of the first one's decision, and must not take it back.
    let outcomes = fixture.commit_all(vec![draft(&one, true), draft(&two, false)]).await;
    assert_eq!(outcomes, [CommitOutcome::Committed { version: 2 }, CommitOutcome::Stale]);
    assert_eq!(fixture.commit(draft(&two, false)).await, CommitOutcome::Stale);
    let (one, two) = (fixture.load(one.id).await, fixture.load(two.id).await);
    assert!(one.opted_out && two.opted_out);
    assert_eq!((one.version, two.version), (2, 2));
    assert_eq!(fixture.commit(draft(&two, false)).await, CommitOutcome::Committed { version: 3 });
    assert!(!fixture.load(one.id).await.opted_out);
    fixture.assert_no_gaps().await;
}

async fn a_conversation_of_another_tenant_is_not_written(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let other = fixture.other_tenant("other").await;
    let mut draft = Draft::new(conversation.clone());
    draft.conversation.organisation_id = other.organisation();
    draft.mark_read();
    assert_eq!(fixture.commit(draft).await, CommitOutcome::Stale);
    assert_eq!(fixture.load(conversation.id).await, conversation);
}

async fn text_with_nul_is_stored(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let message =
        InboundMessage { content: Content::text("a\0b"), metadata: json!({"k": "x\0"}), ..inbound("m1", fixture.now) };
    let id = MessageId::at(fixture.now);
    fixture.change(conversation.id, |draft| draft.receive(id, message, policy(), fixture.now)).await;
    let stored = fixture.message(id).await;
    assert_eq!(stored.content.text.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(stored.metadata, json!({"k": "x\u{fffd}"}));
}

async fn an_audit_is_written_with_the_change(fixture: Fixture) {
    let conversation = fixture.open("a").await;
    let audit = NewAudit {
        organisation_id: fixture.organisation(),
        user_id: Some(fixture.user),
        action: "ticket.open".into(),
        entity: "Ticket".into(),
        entity_id: "1".into(),
        metadata: json!({"subject": "s"}),
    };
    let mut draft = Draft::new(conversation.clone());
    draft.open_ticket(TicketId::at(fixture.now), "s".into(), Priority::High, None, fixture.now).unwrap();
    let stale = Commit { draft: draft.clone(), audit: Some(audit.clone()) };
    fixture.store.commit(&[Commit { draft, audit: Some(audit) }, stale], PARTITIONS, fixture.now).await.unwrap();
    assert_eq!(fixture.count("select count(*) from audit_logs where action = 'ticket.open'").await, 1);
    let thread = Thread::Conversation(conversation.id);
    assert!(fixture.store.thread_messages(fixture.organisation(), thread, Part::Newest, 5).await.unwrap().is_empty());
    assert_eq!(ChannelStatus::Active, fixture.store.channel(fixture.channel.channel_id).await.unwrap().unwrap().status);
}
