//! What was written is found by its words, and who wrote by what they are called.

use chrono::Duration;
use patchbay_domain::{
    ChannelId, ConversationId, MessageId,
    platform::{Content, InboundMessage, MessageEdit, MessageRef, Participant},
    search::Query,
};
use patchbay_store::{
    conversations::Opening,
    listing::{ConversationFilter, ConversationUpdate, Order},
    people::ContactChange,
    retention::Kept,
    search::SearchFilter,
    tickets::Page,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use crate::support::{Fixture, inbound, make_channel, on_both, opening, policy};

on_both!(
    messages_are_found_by_words_phrases_and_beginnings,
    the_newest_come_first_however_long_ago,
    a_message_for_later_is_found_in_the_place_of_its_release,
    what_a_message_says_now_is_what_it_is_found_by,
    nothing_is_found_that_is_another_organisations_or_out_of_sight,
    what_is_forgotten_is_not_found,
    contacts_are_found_by_what_they_are_called_and_by_their_numbers,
    no_text_is_an_error,
    what_was_stored_before_is_taken_up,
);

async fn write(fixture: &Fixture, conversation: ConversationId, id: &str, text: &str) -> MessageId {
    let message_id = MessageId::at(fixture.now);
    let message = InboundMessage { content: Content::text(text), ..inbound(id, fixture.now) };
    fixture.change(conversation, |draft| draft.receive(message_id, message, policy(), fixture.now)).await;
    message_id
}

async fn found_in(fixture: &Fixture, text: &str, channels: &[ChannelId]) -> Vec<String> {
    let Some(query) = Query::parse(text) else { return Vec::new() };
    let filter = SearchFilter { channels };
    let found = fixture.store.search_messages(fixture.organisation(), &query, filter, None, 50).await.unwrap();
    found.into_iter().map(|view| view.message.external_id.unwrap_or_default()).collect()
}

async fn found(fixture: &Fixture, text: &str) -> Vec<String> {
    found_in(fixture, text, &[]).await
}

/// The names of the contacts that are found.
async fn called(fixture: &Fixture, text: &str) -> Vec<String> {
    let Some(query) = Query::of_person(text) else { return Vec::new() };
    let filter = SearchFilter::default();
    let found = fixture.store.search_contacts(fixture.organisation(), &query, filter, None, 50).await.unwrap();
    let mut names: Vec<_> = found.into_iter().map(|contact| contact.name).collect();
    // Those of one moment are in no particular order.
    names.sort();
    names
}

async fn messages_are_found_by_words_phrases_and_beginnings(fixture: Fixture) {
    let id = fixture.open("a").await.id;
    for (number, text) in [
        ("1", "Où est ma commande, s'il vous plaît?"),
        ("2", "The red shoes, not the blue ones"),
        ("3", "blue shoes and a red hat; write to ann@example.com"),
        ("4", "東京タワーに行きたい"),
        ("5", "हिन्दी में"),
        ("6", "👍"),
    ] {
        write(&fixture, id, number, text).await;
    }
    for (text, wanted) in [
        ("ou plait", &["1"][..]),
        ("OÙ", &["1"]),
        ("comm", &["1"]),
        ("comm est", &[]),
        ("comm* est", &["1"]),
        ("shoes red", &["3", "2"]),
        ("\"red shoes\"", &["2"]),
        ("\"shoes red\"", &[]),
        ("\"blue sho\"", &[]),
        ("\"blue sho\"*", &["3"]),
        ("s'il", &["1"]),
        ("ann@example", &["3"]),
        ("東京", &["4"]),
        ("京東", &[]),
        ("हिन्दी", &["5"]),
        ("👍", &[]),
        ("nothing", &[]),
    ] {
        assert_eq!(found(&fixture, text).await, wanted, "{text}");
    }
    let channel = fixture.channel.channel_id;
    assert_eq!(found_in(&fixture, "hat", &[channel]).await, ["3"]);
    let other = make_channel(&fixture.store, fixture.organisation(), fixture.now).await;
    assert_eq!(found_in(&fixture, "hat", &[other.channel_id]).await, [""; 0]);
    assert_eq!(found_in(&fixture, "hat", &[other.channel_id, channel]).await, ["3"]);
}

async fn the_newest_come_first_however_long_ago(fixture: Fixture) {
    let id = fixture.open("a").await.id;
    for number in 1..=6 {
        write(&fixture, id, &number.to_string(), if number % 3 == 0 { "rare thing" } else { "common thing" }).await;
        // Much else happened meanwhile.
        fixture.run("update organisations set event_sequence = event_sequence + 40000").await;
    }
    assert_eq!(found(&fixture, "thing").await, ["6", "5", "4", "3", "2", "1"]);
    assert_eq!(found(&fixture, "rare").await, ["6", "3"]);
    // A part at a time.
    let (query, mut before, mut read) = (Query::parse("thing").unwrap(), None, Vec::new());
    loop {
        let (organisation, filter) = (fixture.organisation(), SearchFilter::default());
        let part = fixture.store.search_messages(organisation, &query, filter, before, 2).await.unwrap();
        let Some(last) = part.last() else { break };
        before = Some(last.sequence);
        read.extend(part.into_iter().filter_map(|view| view.message.external_id));
    }
    assert_eq!(read, ["6", "5", "4", "3", "2", "1"]);
}

async fn a_message_for_later_is_found_in_the_place_of_its_release(mut fixture: Fixture) {
    let id = fixture.open("a").await.id;
    let at = fixture.now + Duration::hours(1);
    fixture.queue_with(id, "thing of later", |send| send.scheduled_at = Some(at)).await;
    write(&fixture, id, "1", "thing 1").await;
    write(&fixture, id, "2", "thing 2").await;
    // Much else happened meanwhile.
    fixture.run("update organisations set event_sequence = event_sequence + 40000").await;
    fixture.now = at;
    assert_eq!(fixture.store.release_scheduled(at, 10).await.unwrap().len(), 1);
    let (query, mut before, mut read) = (Query::parse("thing").unwrap(), None, Vec::new());
    // One at a time, and once more than there are.
    for _ in 0..4 {
        let (organisation, filter) = (fixture.organisation(), SearchFilter::default());
        let part = fixture.store.search_messages(organisation, &query, filter, before, 1).await.unwrap();
        before = part.last().map(|view| view.sequence).or(before);
        read.extend(part.into_iter().filter_map(|view| view.message.content.text));
    }
    assert_eq!(read, ["thing of later", "thing 2", "thing 1"]);
}

async fn what_a_message_says_now_is_what_it_is_found_by(fixture: Fixture) {
    let id = fixture.open("a").await.id;
    write(&fixture, id, "1", "before").await;
    write(&fixture, id, "2", "after").await;
    let reference = |id: &str| MessageRef { thread: "a".into(), id: id.into() };
    let edit = MessageEdit { message: reference("1"), content: Content::text("after all"), at: fixture.now };
    fixture.change(id, |draft| draft.edit(edit)).await;
    assert_eq!(found(&fixture, "before").await, [""; 0]);
    assert_eq!(found(&fixture, "after").await, ["2", "1"], "it stays in its place");
    let silent = MessageEdit { message: reference("2"), content: Content::text("!"), at: fixture.now };
    fixture.change(id, |draft| draft.edit(silent)).await;
    assert_eq!(found(&fixture, "after").await, ["1"]);
    fixture.change(id, |draft| draft.delete(reference("1"))).await;
    assert_eq!(found(&fixture, "after").await, [""; 0]);
    assert_eq!(fixture.count("select count(*) from message_words").await, 0);
}

async fn nothing_is_found_that_is_another_organisations_or_out_of_sight(fixture: Fixture) {
    let other = fixture.other_tenant("other").await;
    let (ours, theirs) = (fixture.open("a").await.id, other.open("a").await.id);
    write(&fixture, ours, "ours", "hello there").await;
    write(&other, theirs, "theirs", "hello there").await;
    assert_eq!(found(&fixture, "hello").await, ["ours"]);
    assert_eq!(found(&other, "hello").await, ["theirs"]);
    assert_eq!(found_in(&other, "hello", &[fixture.channel.channel_id]).await, [""; 0]);
    let delete = ConversationUpdate { delete: true, ..ConversationUpdate::default() };
    assert!(fixture.store.update_conversation(fixture.organisation(), ours, delete, None, fixture.now).await.unwrap());
    assert_eq!(found(&fixture, "hello").await, [""; 0]);
    write(&fixture, ours, "more", "and more").await;
    assert_eq!(found(&fixture, "hello").await, ["ours"]);
}

async fn kept(fixture: &Fixture) -> Kept {
    let channel = fixture.store.channel(fixture.channel.channel_id).await.unwrap().unwrap();
    let (id, organisation_id) = (channel.id, channel.organisation_id);
    Kept { id, organisation_id, channel_type: channel.channel_type, config: channel.config }
}

async fn what_is_forgotten_is_not_found(fixture: Fixture) {
    let id = fixture.open("ada").await.id;
    let sender = Participant { id: "ada".into(), name: Some("Ada Lovelace".into()), ..Participant::default() };
    let message = InboundMessage { sender, content: Content::text("a secret"), ..inbound("1", fixture.now) };
    fixture.change(id, |draft| draft.receive(MessageId::at(fixture.now), message, policy(), fixture.now)).await;
    assert_eq!((found(&fixture, "secret").await, called(&fixture, "lovelace").await.len()), (vec!["1".into()], 1));
    let (channel, later) = (kept(&fixture).await, fixture.now + Duration::minutes(1));
    assert_eq!(fixture.store.delete_content(&channel, later, 10, fixture.now).await.unwrap(), 1);
    assert_eq!(fixture.store.delete_profiles(&channel, later, 10, fixture.now).await.unwrap(), 1);
    assert_eq!(found(&fixture, "secret").await, [""; 0]);
    assert_eq!(called(&fixture, "lovelace").await, [""; 0]);
    assert_eq!(called(&fixture, "ada").await, ["ada"]);
    let left = "select count(*) from message_words where cast(words as text) like '%secret%'";
    assert_eq!(fixture.count(left).await, 0);
}

async fn contacts_are_found_by_what_they_are_called_and_by_their_numbers(fixture: Fixture) {
    let known = |id: &str, name: &str, phone: Option<&str>| Opening {
        participant: Participant {
            id: id.into(),
            name: Some(name.into()),
            username: Some(format!("the-{name}")),
            phone: phone.map(Into::into),
            ..Participant::default()
        },
        ..opening(id)
    };
    let openings = [
        known("+4915112345678", "José Ñandú", Some("+4915112345678")),
        known("b", "Mary-José", None),
        known("c", "Zoë", None),
    ];
    let opened = fixture.opened(&openings).await;
    for (text, wanted) in [
        ("jose", &["José Ñandú", "Mary-José"][..]),
        ("nan jo", &["José Ñandú"]),
        ("0151 123-45678", &["José Ñandú"]),
        ("345678", &["José Ñandú"]),
        ("+49 151", &["José Ñandú"]),
        ("the-zoe", &["Zoë"]),
        ("ose", &[]),
        ("78", &[]),
    ] {
        assert_eq!(called(&fixture, text).await, wanted, "{text}");
        let filter = ConversationFilter { search: Some(text.into()), ..ConversationFilter::default() };
        let page = Page { limit: 10, offset: 0, after: None };
        let listed = fixture.store.conversations(fixture.organisation(), &filter, Order::Latest, page).await.unwrap();
        assert_eq!(listed.len(), wanted.len(), "{text}");
        let count = fixture.store.count_conversations(fixture.organisation(), &filter).await.unwrap();
        assert_eq!(count, u64::try_from(wanted.len()).unwrap(), "{text}");
    }
    let zoe = fixture.load(opened[2]).await.contact_id;
    let email = ContactChange::Email { address: "z.oe@example.com".into(), is_primary: true };
    fixture.store.change_contact(fixture.organisation(), zoe, &[email], None, fixture.now).await.unwrap();
    assert_eq!(called(&fixture, "z.oe@exa").await, ["Zoë"]);
    // Somebody new with the number of somebody known is the same person, by either name.
    fixture.opened(&[known("d", "Pepe", Some("+4915112345678"))]).await;
    assert_eq!(called(&fixture, "pepe").await, ["José Ñandú"]);
    // And so is who turns out to have it.
    let sender = Participant { id: "c".into(), phone: Some("+4915112345678".into()), ..Participant::default() };
    let message = InboundMessage { sender, ..inbound("1", fixture.now) };
    fixture.change(opened[2], |draft| draft.receive(MessageId::at(fixture.now), message, policy(), fixture.now)).await;
    assert_eq!(called(&fixture, "zoe").await.len(), 1);
    assert_eq!(called(&fixture, "zoe").await, called(&fixture, "pepe").await);
    assert_eq!(called(&fixture, "example").await, called(&fixture, "pepe").await);
    assert_eq!(called(&fixture.other_tenant("other").await, "pepe").await, [""; 0]);
}

async fn no_text_is_an_error(fixture: Fixture) {
    let id = fixture.open("a").await.id;
    write(&fixture, id, "1", "hello").await;
    let mut runner = TestRunner::deterministic();
    let typed =
        ["\\PC{0,60}", "[-\"*'&|!()<>:%_^{}+\\\\\u{0} aorndtñ東ी1]{0,60}", "(AND|OR|NOT|NEAR|\"|\\*| |hello){0,12}"];
    for pattern in typed {
        let strategy = proptest::string::string_regex(pattern).unwrap();
        for _ in 0..100 {
            let text = strategy.new_tree(&mut runner).unwrap().current();
            found(&fixture, &text).await;
            called(&fixture, &text).await;
            let filter = ConversationFilter { search: Some(text.clone()), ..ConversationFilter::default() };
            let count = fixture.store.count_conversations(fixture.organisation(), &filter).await;
            assert!(count.is_ok(), "{text}: {count:?}");
        }
    }
    assert_eq!(found(&fixture, "hello").await, ["1"]);
}

async fn what_was_stored_before_is_taken_up(fixture: Fixture) {
    let id = fixture.open("ada").await.id;
    for number in ["1", "2", "3"] {
        write(&fixture, id, number, "from before").await;
    }
    fixture.change(id, |draft| draft.delete(MessageRef { thread: "ada".into(), id: "2".into() })).await;
    fixture.run("delete from message_words").await;
    fixture.run("delete from contact_words").await;
    assert_eq!((found(&fixture, "before").await.len(), called(&fixture, "ada").await.len()), (0, 0));
    fixture
        .run(
            "insert into unindexed_messages (organisation_id, sequence, message_id) \
             select organisation_id, sequence, id from messages",
        )
        .await;
    fixture.run("insert into unindexed_contacts (contact_id) select id from contacts").await;
    fixture.store.migrate().await.unwrap();
    assert_eq!(found(&fixture, "before").await, ["3", "1"]);
    assert_eq!(called(&fixture, "ada").await, ["Name of ada"]);
    let left = "select (select count(*) from unindexed_messages) + (select count(*) from unindexed_contacts)";
    assert_eq!(fixture.count(left).await, 0);
}
