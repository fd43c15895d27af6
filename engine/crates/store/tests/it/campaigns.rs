//! Campaigns: their lists, whose turn it is, and what becomes of each recipient.

use chrono::Duration;
use patchbay_domain::{
    CampaignId, ConversationId, MessageId, NodeId, RecipientId,
    attempt::Settlement,
    campaign::{CampaignStatus, Transition, Wording},
    conversation::{Draft, SendMessage},
    delivery::MessageState,
    platform::{Content, Failure, FailureKind, ReportedState, TemplateUse},
    sending::ChannelStatus,
};
use patchbay_store::{
    audit::NewAudit,
    campaigns::{
        Added, CampaignUpdate, Changed, NewCampaign, PassedOver, RecipientCounts, RecipientFilter, RecipientStatus,
    },
    commit::CommitOutcome,
    tickets::Page,
};
use serde_json::json;

use crate::support::{Fixture, failure, manifest, on_both, opening, sent};

on_both!(
    a_campaign_reads_back,
    a_list_is_kept_once_and_in_order,
    a_recipient_has_one_turn,
    two_names_of_one_person_are_one_turn,
    a_pause_keeps_messages_back_and_holds_up_nobody,
    cancelling_takes_back_what_waits,
    what_returns_to_a_cancelled_campaign_is_not_sent,
    what_failed_is_tried_again_and_what_may_have_arrived_is_not,
    who_wishes_so_meanwhile_is_skipped,
    a_campaign_is_over_when_nobody_is_left,
    a_scheduled_campaign_starts_at_its_moment,
    campaigns_of_others_are_unknown,
    recipients_are_known_by_their_names,
);

const ALL: Page<RecipientId> = Page { limit: 100, offset: 0, after: None };

fn audit(fixture: &Fixture) -> NewAudit {
    NewAudit {
        organisation_id: fixture.organisation(),
        user_id: Some(fixture.user),
        action: "UPDATE".into(),
        entity: "CAMPAIGN".into(),
        entity_id: "1".into(),
        metadata: json!({}),
    }
}

async fn drafted(fixture: &Fixture, contacts: &[&str]) -> CampaignId {
    let id = CampaignId::at(fixture.now);
    let new = NewCampaign {
        id,
        organisation_id: fixture.organisation(),
        channel_id: fixture.channel.channel_id,
        name: "Spring".into(),
        wording: Wording { text: "Hi {{name}}".into(), template: None },
        scheduled_at: None,
        created_by: fixture.user,
    };
    fixture.store.create_campaign(&new, &audit(fixture), fixture.now).await.unwrap();
    if !contacts.is_empty() {
        let added = fixture.store.add_recipients(fixture.organisation(), id, contacts, fixture.now).await.unwrap();
        assert_eq!(added, Added::New(contacts.iter().map(|contact| (*contact).to_owned()).collect()));
    }
    id
}

async fn started(fixture: &Fixture, contacts: &[&str]) -> CampaignId {
    let id = drafted(fixture, contacts).await;
    assert_eq!(go(fixture, id, Transition::Start).await, Changed::Done(CampaignStatus::Sending));
    id
}

async fn go(fixture: &Fixture, id: CampaignId, transition: Transition) -> Changed {
    fixture
        .store
        .move_campaign(fixture.organisation(), id, transition, Some(&audit(fixture)), fixture.now)
        .await
        .unwrap()
}

async fn counts(fixture: &Fixture, id: CampaignId) -> RecipientCounts {
    let wrong = "select count(*) from (select campaign_id, status, reason, count(*) as recipients \
         from campaign_recipients group by campaign_id, status, reason \
         except select campaign_id, status, reason, recipients from campaign_counts) wrong";
    assert_eq!(fixture.count(wrong).await, 0, "the numbers that are kept are not those of the rows");
    let counts = fixture.store.recipient_counts(fixture.organisation(), Some(id)).await.unwrap();
    counts.first().map(|(_, counts)| *counts).unwrap_or_default()
}

fn send(fixture: &Fixture, id: CampaignId) -> SendMessage {
    SendMessage {
        id: MessageId::at(fixture.now),
        content: Content::text("hi"),
        sender_user_id: None,
        sender_name: "Spring".into(),
        campaign_id: Some(id),
        ticket_id: None,
        reply_to: None,
        metadata: json!({}),
        scheduled_at: None,
    }
}

/// The draft of a recipient's turn.
async fn turn(fixture: &Fixture, id: CampaignId, recipient: RecipientId, at: ConversationId) -> (MessageId, Draft) {
    let mut draft = Draft::new(fixture.load(at).await);
    let send = send(fixture, id);
    let message = send.id;
    draft.send_to_recipient(recipient, send, ChannelStatus::Active, &manifest(), fixture.now).unwrap();
    (message, draft)
}

/// The next recipients have their turn; their messages and conversations.
async fn turns(fixture: &Fixture, id: CampaignId) -> Vec<(MessageId, ConversationId)> {
    let mut taken = Vec::new();
    for (recipient, contact) in fixture.store.next_recipients(id, 100).await.unwrap() {
        let conversation = fixture.opened(&[opening(&contact)]).await.remove(0);
        let (message, draft) = turn(fixture, id, recipient, conversation).await;
        assert!(matches!(fixture.commit(draft).await, CommitOutcome::Committed { .. }));
        taken.push((message, conversation));
    }
    taken
}

async fn due(fixture: &Fixture) -> Vec<MessageId> {
    let due = fixture.store.due(fixture.channel.channel_id, fixture.now, 100, &[]).await.unwrap();
    due.into_iter().map(|due| due.message.id).collect()
}

async fn shown(fixture: &Fixture, id: CampaignId) -> Vec<(String, RecipientStatus, String)> {
    let organisation = fixture.organisation();
    let listed = fixture.store.recipients(organisation, id, RecipientFilter::default(), ALL).await.unwrap();
    listed.into_iter().map(|known| (known.contact, known.status, known.reason)).collect()
}

async fn a_campaign_reads_back(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let id = drafted(&fixture, &["a"]).await;
    let known = store.campaign(organisation, id).await.unwrap().unwrap();
    assert_eq!((known.name.as_str(), known.status, known.recipient_count), ("Spring", CampaignStatus::Draft, 1));
    assert_eq!((known.channel_name.as_str(), known.created_by_name.as_str()), ("Mock", "Ann"));
    let template = TemplateUse { name: "offer".into(), language: "en".into(), parameters: json!(["{{name}}"]) };
    let at = fixture.now + Duration::hours(1);
    let wording = Wording { text: "[offer]".into(), template: Some(template) };
    let update = CampaignUpdate { name: None, wording: Some(wording.clone()), scheduled_at: Some(Some(at)) };
    let changed = store.update_campaign(organisation, id, &update, &audit(&fixture), fixture.now).await.unwrap();
    assert_eq!(changed, Changed::Done(CampaignStatus::Scheduled));
    let known = store.campaign(organisation, id).await.unwrap().unwrap();
    assert_eq!((known.wording, known.scheduled_at, known.name.as_str()), (wording, Some(at), "Spring"));
    let update = CampaignUpdate { name: Some("Summer".into()), scheduled_at: Some(None), ..CampaignUpdate::default() };
    let changed = store.update_campaign(organisation, id, &update, &audit(&fixture), fixture.now).await.unwrap();
    assert_eq!(changed, Changed::Done(CampaignStatus::Draft));
    go(&fixture, id, Transition::Start).await;
    let late = store.update_campaign(organisation, id, &update, &audit(&fixture), fixture.now).await.unwrap();
    assert!(matches!(late, Changed::NotNow(_)));
    let page = Page { limit: 10, offset: 0, after: None };
    let listed = store.campaigns(organisation, page).await.unwrap();
    assert_eq!((listed[0].name.as_str(), listed[0].started_at), ("Summer", Some(fixture.now)));
    assert_eq!(store.count_campaigns(organisation).await.unwrap(), 1);
}

async fn a_list_is_kept_once_and_in_order(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let id = drafted(&fixture, &["c", "a"]).await;
    let added = store.add_recipients(organisation, id, &["a", "b", "b", "c"], fixture.now).await.unwrap();
    assert_eq!(added, Added::New(vec!["b".into()]));
    let contacts: Vec<String> = shown(&fixture, id).await.into_iter().map(|(contact, ..)| contact).collect();
    assert_eq!(contacts, ["c", "a", "b"]);
    let first = store.recipients(organisation, id, RecipientFilter::default(), Page { limit: 1, ..ALL }).await.unwrap();
    let rest = Page { after: Some(first[0].id), ..ALL };
    let rest = store.recipients(organisation, id, RecipientFilter::default(), rest).await.unwrap();
    assert_eq!(rest.iter().map(|known| known.contact.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(counts(&fixture, id).await.total(), 3);
    go(&fixture, id, Transition::Start).await;
    let late = store.add_recipients(organisation, id, &["d"], fixture.now).await.unwrap();
    assert!(matches!(late, Added::NotNow(_)), "{late:?}");
}

async fn a_recipient_has_one_turn(fixture: Fixture) {
    let id = drafted(&fixture, &["a"]).await;
    let (recipient, _) = fixture.store.next_recipients(id, 10).await.unwrap().remove(0);
    let conversation = fixture.opened(&[opening("a")]).await.remove(0);
    let (_, early) = turn(&fixture, id, recipient, conversation).await;
    assert_eq!(fixture.commit(early).await, CommitOutcome::Withdrawn, "it has not started");
    go(&fixture, id, Transition::Start).await;
    let (message, draft) = turn(&fixture, id, recipient, conversation).await;
    let (_, stale) = turn(&fixture, id, recipient, conversation).await;
    assert!(matches!(fixture.commit(draft).await, CommitOutcome::Committed { .. }));
    assert_eq!(fixture.commit(stale).await, CommitOutcome::Stale);
    let (_, again) = turn(&fixture, id, recipient, conversation).await;
    assert_eq!(fixture.commit(again).await, CommitOutcome::Withdrawn);
    assert_eq!(fixture.count("select count(*) from messages").await, 1);
    assert_eq!(counts(&fixture, id).await, RecipientCounts { queued: 1, ..RecipientCounts::default() });
    let begun = fixture.begin(message, NodeId::at(fixture.now)).await.unwrap();
    fixture.settle(begun, sent(&["m1"])).await;
    assert_eq!(counts(&fixture, id).await, RecipientCounts { sent: 1, ..RecipientCounts::default() });
    // What the platform says later counts as well.
    let report = fixture.report("m1", ReportedState::Failed);
    fixture.store.apply_statuses(&[report], fixture.now).await.unwrap();
    assert_eq!(counts(&fixture, id).await, RecipientCounts { failed: 1, ..RecipientCounts::default() });
    fixture.assert_no_gaps().await;
}

async fn two_names_of_one_person_are_one_turn(fixture: Fixture) {
    let id = started(&fixture, &["a", "b"]).await;
    let next = fixture.store.next_recipients(id, 10).await.unwrap();
    let conversation = fixture.opened(&[opening("a")]).await.remove(0);
    let (_, first) = turn(&fixture, id, next[0].0, conversation).await;
    assert!(matches!(fixture.commit(first).await, CommitOutcome::Committed { .. }));
    let (_, second) = turn(&fixture, id, next[1].0, conversation).await;
    // A batch is committed without it.
    let other = fixture.open("other").await;
    let mut fine = Draft::new(other);
    fine.send(SendMessage { campaign_id: None, ..send(&fixture, id) }, ChannelStatus::Active, &manifest(), fixture.now)
        .unwrap();
    let outcomes = fixture.commit_all(vec![second, fine]).await;
    assert!(matches!(outcomes[..], [CommitOutcome::Withdrawn, CommitOutcome::Committed { .. }]), "{outcomes:?}");
    let known = fixture.store.addressed(id, &[(next[1].0, conversation)]).await.unwrap();
    assert!(known[0].standing.written_to);
    let own = fixture.store.addressed(id, &[(next[0].0, conversation)]).await.unwrap();
    assert!(!own[0].standing.written_to, "a recipient is not in their own way");
}

async fn a_pause_keeps_messages_back_and_holds_up_nobody(fixture: Fixture) {
    let id = started(&fixture, &["a", "b"]).await;
    let taken = turns(&fixture, id).await;
    let messages: Vec<MessageId> = taken.iter().map(|(message, _)| *message).collect();
    assert_eq!(due(&fixture).await, messages);
    assert_eq!(go(&fixture, id, Transition::Pause).await, Changed::Done(CampaignStatus::Paused));
    assert_eq!(due(&fixture).await, []);
    assert_eq!(fixture.begin(messages[0], NodeId::at(fixture.now)).await, None, "whoever looked before learns it now");
    // Neither a person nor another campaign waits for it.
    let answer = fixture.queue(taken[0].1, "a person's answer").await;
    let other = started(&fixture, &["b"]).await;
    let others = turns(&fixture, other).await;
    assert_eq!(due(&fixture).await, [answer, others[0].0]);
    assert_eq!(go(&fixture, id, Transition::Resume).await, Changed::Done(CampaignStatus::Sending));
    assert_eq!(due(&fixture).await, [answer, messages[1]]);
}

async fn cancelling_takes_back_what_waits(fixture: Fixture) {
    let id = started(&fixture, &["a", "b"]).await;
    let (message, _) = turns(&fixture, id).await[0];
    let begun = fixture.begin(message, NodeId::at(fixture.now)).await.unwrap();
    assert_eq!(go(&fixture, id, Transition::Cancel).await, Changed::Done(CampaignStatus::Cancelled));
    assert_eq!(due(&fixture).await, []);
    fixture.settle(begun, sent(&["m1"])).await;
    assert_eq!(counts(&fixture, id).await, RecipientCounts { sent: 1, cancelled: 1, ..RecipientCounts::default() });
    let shown = shown(&fixture, id).await;
    assert_eq!((shown[0].1, shown[1].1), (RecipientStatus::Sent, RecipientStatus::Cancelled));
    assert_eq!(fixture.count("select count(*) from messages where state = 'CANCELLED'").await, 1);
    // Those who never had a turn are counted in the same way.
    let id = drafted(&fixture, &["a"]).await;
    go(&fixture, id, Transition::Cancel).await;
    assert_eq!(counts(&fixture, id).await, RecipientCounts { cancelled: 1, ..RecipientCounts::default() });
    let filter = RecipientFilter { status: Some(RecipientStatus::Cancelled) };
    assert_eq!(fixture.store.count_recipients(fixture.organisation(), id, filter).await.unwrap(), 1);
    assert!(matches!(go(&fixture, id, Transition::Retry).await, Changed::NotNow(_)));
    fixture.assert_no_gaps().await;
}

async fn what_returns_to_a_cancelled_campaign_is_not_sent(fixture: Fixture) {
    let id = started(&fixture, &["a"]).await;
    let (message, _) = turns(&fixture, id).await[0];
    let begun = fixture.begin(message, NodeId::at(fixture.now)).await.unwrap();
    go(&fixture, id, Transition::Cancel).await;
    let retry = Settlement::Retry { at: fixture.now, failure: failure(FailureKind::Temporary) };
    fixture.settle(begun, retry).await;
    assert_eq!(fixture.state(message).await, MessageState::Cancelled);
    assert_eq!(counts(&fixture, id).await, RecipientCounts { cancelled: 1, ..RecipientCounts::default() });
}

async fn what_failed_is_tried_again_and_what_may_have_arrived_is_not(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let id = started(&fixture, &["a", "b", "c", "d"]).await;
    let refused = store.next_recipients(id, 10).await.unwrap()[3].0;
    let passed =
        PassedOver { recipient_id: refused, skipped: false, reason: "OUTSIDE_WINDOW", error: "too late".into() };
    store.pass_over(organisation, &[passed], fixture.now).await.unwrap();
    let taken = turns(&fixture, id).await;
    let ends = [
        sent(&["m1"]),
        Settlement::Failed(failure(FailureKind::Rejected)),
        Settlement::Unknown(failure(FailureKind::Unknown)),
    ];
    for ((message, _), end) in taken.iter().zip(ends) {
        let begun = fixture.begin(*message, NodeId::at(fixture.now)).await.unwrap();
        fixture.settle(begun, end).await;
    }
    assert!(store.complete_campaign(organisation, id, fixture.now).await.unwrap());
    let before = counts(&fixture, id).await;
    assert_eq!(before, RecipientCounts { sent: 1, failed: 2, unknown: 1, ..RecipientCounts::default() });
    let retried = store.retry_recipients(organisation, id, &audit(&fixture), fixture.now).await.unwrap();
    assert_eq!((retried.changed, retried.recipients), (Changed::Done(CampaignStatus::Sending), 2));
    let after = counts(&fixture, id).await;
    assert_eq!(after, RecipientCounts { sent: 1, pending: 2, unknown: 1, ..RecipientCounts::default() });
    let again = turns(&fixture, id).await;
    assert_eq!(again.len(), 2);
    assert_eq!((again[0].1, again[0].0 == taken[1].0), (taken[1].1, false), "another message in the same conversation");
    // A report for the first of the two messages changes nothing for the second.
    assert_eq!(fixture.state(taken[1].0).await, MessageState::Failed);
    let none = started(&fixture, &["a"]).await;
    let retried = store.retry_recipients(organisation, none, &audit(&fixture), fixture.now).await.unwrap();
    assert_eq!((retried.changed, retried.recipients), (Changed::Done(CampaignStatus::Sending), 0));
}

async fn who_wishes_so_meanwhile_is_skipped(fixture: Fixture) {
    let id = started(&fixture, &["a", "b", "c"]).await;
    let codes = ["OPTED_OUT", "DO_NOT_DISTURB", "131050"];
    for ((message, _), code) in turns(&fixture, id).await.into_iter().zip(codes) {
        let refused = Settlement::Failed(Failure { code: Some(code.into()), ..failure(FailureKind::Blocked) });
        let settled = patchbay_store::sending::Settled {
            message_id: message,
            channel_id: fixture.channel.channel_id,
            attempt_id: None,
            settlement: refused,
            consequence: patchbay_domain::attempt::Consequence::None,
        };
        fixture.store.settle(&[settled], fixture.now).await.unwrap();
    }
    let expected = RecipientCounts { opted_out: 1, do_not_disturb: 1, failed: 1, ..RecipientCounts::default() };
    assert_eq!(counts(&fixture, id).await, expected);
}

async fn a_campaign_is_over_when_nobody_is_left(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let id = started(&fixture, &["a"]).await;
    let running = store.running_campaign(id, 10).await.unwrap().unwrap();
    assert_eq!((running.organisation_name.as_str(), running.waiting), ("Acme", 0));
    assert!(!store.complete_campaign(organisation, id, fixture.now).await.unwrap());
    let (message, _) = turns(&fixture, id).await[0];
    assert_eq!(store.running_campaign(id, 10).await.unwrap().unwrap().waiting, 1);
    assert!(!store.complete_campaign(organisation, id, fixture.now).await.unwrap());
    let begun = fixture.begin(message, NodeId::at(fixture.now)).await.unwrap();
    fixture.settle(begun, sent(&["m1"])).await;
    assert_eq!(store.sending_campaigns().await.unwrap(), [(id, fixture.channel.channel_id)]);
    assert!(store.complete_campaign(organisation, id, fixture.now).await.unwrap());
    assert!(!store.complete_campaign(organisation, id, fixture.now).await.unwrap());
    assert_eq!(store.running_campaign(id, 10).await.unwrap(), None);
    assert_eq!(store.sending_campaigns().await.unwrap(), []);
    assert_eq!(store.campaign(organisation, id).await.unwrap().unwrap().completed_at, Some(fixture.now));
}

async fn a_scheduled_campaign_starts_at_its_moment(fixture: Fixture) {
    let (store, organisation) = (&fixture.store, fixture.organisation());
    let id = drafted(&fixture, &["a"]).await;
    let at = fixture.now + Duration::minutes(5);
    let update = CampaignUpdate { scheduled_at: Some(Some(at)), ..CampaignUpdate::default() };
    store.update_campaign(organisation, id, &update, &audit(&fixture), fixture.now).await.unwrap();
    for (moment, status) in [(at - Duration::seconds(1), CampaignStatus::Scheduled), (at, CampaignStatus::Sending)] {
        assert!(!store.start_scheduled_campaigns(moment).await.unwrap(), "there are no more");
        assert_eq!(store.campaign(organisation, id).await.unwrap().unwrap().status, status);
    }
    assert!(!store.start_scheduled_campaigns(at).await.unwrap());
}

async fn campaigns_of_others_are_unknown(fixture: Fixture) {
    let other = fixture.other_tenant("other").await;
    let id = drafted(&fixture, &["a"]).await;
    let (store, organisation) = (&fixture.store, other.organisation());
    assert_eq!(store.campaign(organisation, id).await.unwrap(), None);
    assert_eq!(go(&other, id, Transition::Start).await, Changed::Unknown);
    assert_eq!(store.add_recipients(organisation, id, &["b"], fixture.now).await.unwrap(), Added::Unknown);
    let update = CampaignUpdate::default();
    let changed = store.update_campaign(organisation, id, &update, &audit(&other), fixture.now).await.unwrap();
    assert_eq!(changed, Changed::Unknown);
    let retried = store.retry_recipients(organisation, id, &audit(&other), fixture.now).await.unwrap();
    assert_eq!(retried.changed, Changed::Unknown);
    assert_eq!(shown(&other, id).await, []);
    assert_eq!(counts(&other, id).await, RecipientCounts::default());
}

async fn recipients_are_known_by_their_names(fixture: Fixture) {
    let id = started(&fixture, &["a", "b"]).await;
    let next = fixture.store.next_recipients(id, 10).await.unwrap();
    let mut nameless = opening("+4915112345678");
    nameless.participant.name = None;
    nameless.participant.phone = Some("+4915112345678".into());
    let conversations = fixture.opened(&[opening("a"), nameless]).await;
    fixture.run("update contacts set do_not_disturb = (1 = 1) where name = 'Name of a'").await;
    let pairs: Vec<_> = next.iter().map(|(id, _)| *id).zip(conversations).collect();
    let mut known = fixture.store.addressed(id, &pairs).await.unwrap();
    known.sort_by_key(|known| known.recipient_id);
    assert_eq!((known[0].addressee.name.as_str(), known[0].standing.do_not_disturb), ("Name of a", true));
    assert_eq!((known[1].addressee.name.as_str(), known[1].addressee.phone.as_str()), ("", "+4915112345678"));
    assert!(!known[1].standing.do_not_disturb);
}
