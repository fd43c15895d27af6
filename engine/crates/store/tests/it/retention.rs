//! Content that was kept as long as it may be is deleted, and nothing else.

use chrono::Duration;
use patchbay_domain::{
    ConversationId, MediaId, MessageId, NodeId,
    delivery::MessageState,
    platform::{
        Attachment, Content, InboundMessage, MediaKind, MediaSource, MessageEdit, MessageRef, Participant,
        ReportedState,
    },
};
use patchbay_store::{
    dead_letters::NewDeadLetter,
    jobs::Direction,
    manual_actions::ActionStatus,
    media::Media,
    messages::MessageView,
    notifications::NewNotification,
    retention::Kept,
    tickets::{Page, TicketFilter, TicketView},
};
use serde_json::json;

use crate::support::{Fixture, inbound, on_both, policy};

on_both!(
    old_content_goes_and_the_ticket_stays,
    what_is_still_to_be_sent_keeps_its_content,
    little_by_little,
    files_go_after_their_messages,
    people_are_known_by_their_identifiers_only,
    whoever_is_known_elsewhere_stays_known,
    what_quotes_people_goes_as_well,
    channels_are_found_by_their_type_or_their_setting,
    what_tells_of_the_past_is_kept_for_a_time,
);

async fn kept(fixture: &Fixture) -> Kept {
    let channel = fixture.store.channel(fixture.channel.channel_id).await.unwrap().unwrap();
    let (id, organisation_id) = (channel.id, channel.organisation_id);
    Kept { id, organisation_id, channel_type: channel.channel_type, config: channel.config }
}

/// What is older than now and a minute: everything.
async fn delete_content(fixture: &Fixture, limit: u32) -> usize {
    let before = fixture.now + Duration::minutes(1);
    fixture.store.delete_content(&kept(fixture).await, before, limit, fixture.now).await.unwrap()
}

async fn delete_profiles(fixture: &Fixture) -> usize {
    let before = fixture.now + Duration::minutes(1);
    fixture.store.delete_profiles(&kept(fixture).await, before, 10, fixture.now).await.unwrap()
}

async fn write(fixture: &Fixture, conversation: ConversationId, message: InboundMessage) -> MessageId {
    let id = MessageId::at(fixture.now);
    fixture.change(conversation, |draft| draft.receive(id, message, policy(), fixture.now)).await;
    id
}

async fn view(fixture: &Fixture, id: MessageId) -> MessageView {
    fixture.store.message(fixture.organisation(), id).await.unwrap().unwrap()
}

async fn tickets(fixture: &Fixture) -> Vec<TicketView> {
    let page = Page { limit: 10, offset: 0, after: None };
    fixture.store.tickets(fixture.organisation(), &TicketFilter::default(), page).await.unwrap()
}

async fn old_content_goes_and_the_ticket_stays(fixture: Fixture) {
    let conversation = fixture.open("ada").await.id;
    let message = InboundMessage { metadata: json!({"postText": "ours"}), ..inbound("e1", fixture.now) };
    let id = write(&fixture, conversation, message).await;
    let answered = fixture.send(conversation, "e2").await;
    let before = tickets(&fixture).await;

    let channel = kept(&fixture).await;
    let early = fixture.store.delete_content(&channel, fixture.now, 10, fixture.now).await.unwrap();
    assert_eq!(early, 0, "nothing is older yet");
    let events = fixture.events().await.len();
    assert_eq!(delete_content(&fixture, 10).await, 2);
    assert_eq!(delete_content(&fixture, 10).await, 0);

    for id in [id, answered] {
        let MessageView { message, content_deleted_at, .. } = view(&fixture, id).await;
        assert_eq!(content_deleted_at, Some(fixture.now));
        assert_eq!((message.content, message.metadata), (Content::default(), json!({})));
    }
    let names = [view(&fixture, id).await.message.sender_name, view(&fixture, answered).await.message.sender_name];
    assert_eq!(names, ["", "Ann"], "colleagues keep theirs");
    assert_eq!(
        view(&fixture, id).await.message.external_id.as_deref(),
        Some("e1"),
        "it is recognised when it comes again"
    );
    assert_eq!(view(&fixture, answered).await.message.state, MessageState::Sent);
    assert_eq!(tickets(&fixture).await, before);
    assert_eq!(fixture.count("select count(*) from messages where text is not null").await, 0);
    assert_eq!(fixture.events().await.len(), events + 2, "clients are told");
    fixture.assert_no_gaps().await;

    // What is edited later is not kept anew.
    let reference = MessageRef { thread: "ada".into(), id: "e1".into() };
    let edit = MessageEdit { message: reference, content: Content::text("again"), at: fixture.now };
    fixture.change(conversation, |draft| draft.edit(edit)).await;
    assert_eq!(view(&fixture, id).await.message.content, Content::default());
}

async fn what_is_still_to_be_sent_keeps_its_content(fixture: Fixture) {
    let conversation = fixture.open("ada").await.id;
    let queued = fixture.queue(conversation, "to be sent").await;
    assert_eq!(delete_content(&fixture, 10).await, 0);
    assert_eq!(view(&fixture, queued).await.message.content, Content::text("to be sent"));
}

async fn little_by_little(fixture: Fixture) {
    let conversation = fixture.open("ada").await.id;
    for number in 0..5 {
        fixture.receive(conversation, &format!("e{number}")).await;
    }
    let mut deleted = Vec::new();
    for _ in 0..4 {
        deleted.push(delete_content(&fixture, 2).await);
    }
    assert_eq!(deleted, [2, 2, 1, 0]);
}

async fn file(fixture: &Fixture) -> MediaId {
    let id = MediaId::at(fixture.now);
    let media = Media {
        id,
        organisation_id: fixture.organisation(),
        mime_type: "image/png".into(),
        file_name: None,
        size: 3,
        sha256: "00".into(),
        created_at: fixture.now,
    };
    fixture.store.insert_media(&media).await.unwrap();
    id
}

fn attached(id: MediaId) -> Content {
    let attachment = Attachment {
        kind: MediaKind::Image,
        source: MediaSource::Stored(id),
        mime_type: None,
        file_name: None,
        size: None,
        caption: None,
        public_url: None,
    };
    Content { attachments: vec![attachment], ..Content::default() }
}

async fn files_go_after_their_messages(fixture: Fixture) {
    let (store, conversation) = (&fixture.store, fixture.open("ada").await.id);
    let (theirs, other) = (file(&fixture).await, file(&fixture).await);
    write(&fixture, conversation, InboundMessage { content: attached(theirs), ..inbound("e1", fixture.now) }).await;
    assert!(store.deleted_media(10).await.unwrap().is_empty());
    assert_eq!(delete_content(&fixture, 10).await, 1);
    assert_eq!(store.deleted_media(10).await.unwrap(), [theirs]);
    assert!(store.media(theirs).await.unwrap().is_none(), "nobody opens it any more");
    assert_eq!(store.forget_media(&[theirs]).await.unwrap(), 1);
    assert!(store.deleted_media(10).await.unwrap().is_empty());
    assert!(store.media(other).await.unwrap().is_some());
}

async fn people_are_known_by_their_identifiers_only(fixture: Fixture) {
    let conversation = fixture.open("ada").await;
    let sender = Participant {
        id: "ada".into(),
        name: Some("Ada Lovelace".into()),
        phone: Some("+491511".into()),
        avatar_url: Some("https://example.com/a.png".into()),
        ..Participant::default()
    };
    write(&fixture, conversation.id, InboundMessage { sender, ..inbound("e1", fixture.now) }).await;
    assert_eq!(delete_profiles(&fixture).await, 1);
    assert_eq!(delete_profiles(&fixture).await, 0);
    let loaded = fixture.load(conversation.id).await;
    assert_eq!(loaded.contact_name, "ada");
    assert!(loaded.version > conversation.version + 1, "who has it in memory reads it anew");
    let left = "select count(*) from identities where name = 'ada' and phone is null and avatar is null \
        and last_message is null";
    assert_eq!(fixture.count(left).await, 1);
    assert_eq!(fixture.count("select count(*) from contacts where name = 'ada'").await, 1);
    assert_eq!(fixture.count("select count(*) from contact_points").await, 0);
    assert_eq!(tickets(&fixture).await[0].ticket.subject, "Message from ada");
}

async fn whoever_is_known_elsewhere_stays_known(fixture: Fixture) {
    let conversation = fixture.open("ada").await;
    fixture.run("update contacts set name = 'Ada, a customer'").await;
    fixture.queue(conversation.id, "soon").await;
    assert_eq!(delete_profiles(&fixture).await, 0, "something is still to be sent to her");
    fixture.run("update messages set state = 'SENT'").await;
    assert_eq!(delete_profiles(&fixture).await, 1);
    let named = "select count(*) from contacts where name = 'Ada, a customer'";
    assert_eq!(fixture.count(named).await, 1, "what the organisation calls her is its own");
}

async fn what_quotes_people_goes_as_well(fixture: Fixture) {
    let conversation = fixture.open("ada").await.id;
    fixture.receive(conversation, "e1").await;
    let letter = NewDeadLetter {
        channel_id: fixture.channel.channel_id,
        webhook_id: None,
        direction: Direction::Inbound,
        reason: "it says: hello".into(),
        payload: "hello".into(),
    };
    fixture.store.insert_dead_letter(&letter, fixture.now).await.unwrap();
    let channel = kept(&fixture).await;
    let quoted = "select count(*) from notifications where message <> ''";
    fixture.store.delete_quotes(&channel, fixture.now, fixture.now).await.unwrap();
    assert_eq!((fixture.count(quoted).await, fixture.count("select count(*) from dead_letters").await), (1, 1));
    let later = fixture.now + Duration::minutes(1);
    fixture.store.delete_quotes(&channel, later, later).await.unwrap();
    assert_eq!((fixture.count(quoted).await, fixture.count("select count(*) from dead_letters").await), (0, 0));
    let pending =
        fixture.store.manual_actions(fixture.organisation(), Some(ActionStatus::Pending), None, 10).await.unwrap();
    assert!(pending.is_empty());
    assert_eq!(fixture.count("select count(*) from manual_actions where detail like '%hello%'").await, 0);
}

async fn channels_are_found_by_their_type_or_their_setting(fixture: Fixture) {
    let (store, id) = (&fixture.store, fixture.channel.channel_id);
    let found = async |types: &[String], after| {
        let found = store.channels_with_retention(types, "retentionDays", after, 10).await.unwrap();
        found.into_iter().map(|channel| channel.id).collect::<Vec<_>>()
    };
    let types = ["MOCK".to_owned()];
    assert_eq!(found(&types, None).await, [id]);
    assert_eq!(found(&types, Some(id)).await, []);
    assert_eq!(found(&["WAHA".to_owned()], None).await, []);
    assert_eq!(found(&[], None).await, []);
    if fixture.is_postgres() {
        fixture.run("update channels set config = '{\"retentionDays\": 3}'::jsonb").await;
    } else {
        fixture.run("update channels set config = '{\"retentionDays\": 3}'").await;
    }
    assert_eq!(found(&[], None).await, [id]);
    assert!(store.delete_channel(fixture.organisation(), id, None, fixture.now).await.unwrap());
    assert_eq!(found(&[], None).await, [id], "its history stays, and grows old");
}

async fn what_tells_of_the_past_is_kept_for_a_time(mut fixture: Fixture) {
    let (store, organisation, user) = (fixture.store.clone(), fixture.organisation(), fixture.user);
    let conversation = fixture.open("a").await.id;
    let message = fixture.send(conversation, "m1").await;
    fixture.send(conversation, "m2").await;
    let open = fixture.queue(conversation, "on its way").await;
    fixture.begin(open, NodeId::at(fixture.now)).await.unwrap();
    let told = NewNotification {
        organisation_id: organisation,
        user_id: Some(user),
        kind: "NEW_MESSAGE".into(),
        title: "t".into(),
        message: "m".into(),
        data: json!({}),
    };
    store.notify(&[told.clone(), told.clone()], fixture.now).await.unwrap();
    let all = Page { limit: 10, offset: 0, after: None };
    let read = store.notifications(organisation, user, false, all).await.unwrap()[0].id;
    store.mark_notification_read(organisation, user, read, fixture.now).await.unwrap();
    let before = fixture.now + Duration::seconds(1);
    fixture.now += Duration::seconds(2);
    let later = fixture.send(conversation, "m3").await;
    store.notify(&[told], fixture.now).await.unwrap();

    for expected in [1, 1, 0] {
        assert_eq!(store.trim_attempts(before, 1).await.unwrap(), expected);
    }
    let attempts = async |id| store.traces(organisation, id).await.unwrap().attempts.len();
    assert_eq!((attempts(message).await, attempts(open).await, attempts(later).await), (0, 1, 1));
    assert_eq!(store.trim_notifications(before, 10).await.unwrap(), 2);
    assert_eq!(store.trim_notifications(before, 10).await.unwrap(), 0);
    assert_eq!(store.count_notifications(organisation, user, false).await.unwrap(), 1);

    // What it says of its attempts is gone; it is read all the same.
    let mut report = fixture.report("m1", ReportedState::Read);
    (report.status.id, report.status.thread, report.status.up_to) = (None, Some("a".into()), Some(before));
    store.apply_statuses(&[report], fixture.now).await.unwrap();
    assert_eq!(fixture.state(message).await, MessageState::Read);
    assert_eq!(fixture.state(later).await, MessageState::Sent);
}
