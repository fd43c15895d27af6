//! Opening conversations, and who is the same person.

use patchbay_domain::{event::Change, platform::Participant};
use patchbay_store::conversations::Opening;

use crate::support::{Fixture, make_channel, on_both, opening, person};

on_both!(
    a_thread_is_one_conversation_for_ever,
    an_alias_finds_the_conversation,
    the_same_thread_on_another_channel_is_another,
    opening_at_once_makes_one,
    a_group_is_nobody_but_itself,
    the_same_number_is_the_same_contact,
    two_contacts_of_one_person_become_one,
    a_name_says_what_is_known,
);

async fn a_thread_is_one_conversation_for_ever(fixture: Fixture) {
    let opened = fixture.opened(&[opening("b"), opening("a"), opening("b")]).await;
    assert_eq!(opened[0], opened[2]);
    assert_ne!(opened[0], opened[1]);
    assert_eq!(fixture.opened(&[opening("a"), opening("b")]).await, [opened[1], opened[0]]);
    let threads: Vec<String> = ["a", "nobody", "b"].map(Into::into).into();
    let found = fixture.store.find_conversations(fixture.channel.channel_id, &threads).await.unwrap();
    assert_eq!(found, [Some(opened[1]), None, Some(opened[0])]);
    let created: Vec<_> = (fixture.events().await.into_iter())
        .filter_map(|event| match event.change {
            Change::ConversationCreated { conversation_id } => Some(conversation_id),
            _ => None,
        })
        .collect();
    assert_eq!(created, [opened[0], opened[1]], "announced once");

    let conversation = fixture.load(opened[0]).await;
    assert_eq!((conversation.thread.as_str(), conversation.version, conversation.group), ("b", 1, false));
    assert_eq!(conversation.contact_name, "Name of b");
    assert_eq!(conversation.ticket, None);
}

async fn an_alias_finds_the_conversation(fixture: Fixture) {
    let aliased = |id: &str, aliases: &[&str]| Opening {
        participant: Participant { aliases: aliases.iter().map(|alias| (*alias).into()).collect(), ..person(id) },
        ..opening(id)
    };
    let first = fixture.opened(&[aliased("phone", &["user-1"])]).await[0];
    assert_eq!(fixture.opened(&[opening("user-1")]).await, [first]);
    // A new name is kept.
    assert_eq!(fixture.opened(&[aliased("user-1", &["user-2"])]).await, [first]);
    assert_eq!(fixture.opened(&[opening("user-2")]).await, [first]);
    // Within one call as well.
    let opened = fixture.opened(&[aliased("x", &["y"]), opening("y")]).await;
    assert_eq!(opened[0], opened[1]);
    assert_eq!(fixture.count("select count(*) from conversations").await, 2);
    assert_eq!(fixture.count("select count(*) from identities").await, 2);
}

async fn the_same_thread_on_another_channel_is_another(fixture: Fixture) {
    let one = fixture.open("same").await;
    let second = make_channel(&fixture.store, fixture.organisation(), fixture.now).await;
    let other = fixture.store.open_conversations(&second, &[opening("same")], fixture.now).await.unwrap()[0];
    assert_ne!(one.id, other);
    assert_ne!(one.contact_id, fixture.load(other).await.contact_id, "nothing says that they are one person");
}

async fn opening_at_once_makes_one(fixture: Fixture) {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, channel, now) = (fixture.store.clone(), fixture.channel.clone(), fixture.now);
        let openings: Vec<_> = (0..10).map(|number| opening(&number.to_string())).collect();
        calls.spawn(async move { store.open_conversations(&channel, &openings, now).await.unwrap() });
    }
    let opened = calls.join_all().await;
    assert!(opened.iter().all(|ids| *ids == opened[0]));
    assert_eq!(fixture.count("select count(*) from conversations").await, 10);
    fixture.assert_no_gaps().await;
}

async fn a_group_is_nobody_but_itself(fixture: Fixture) {
    let member = Participant { phone: Some("+491701234567".into()), aliases: vec!["m".into()], ..person("member") };
    let group = Opening { thread: "group".into(), group: true, participant: member.clone() };
    let alone = Opening { thread: "member".into(), group: false, participant: member };
    let opened = fixture.opened(&[group, alone]).await;
    let (group, alone) = (fixture.load(opened[0]).await, fixture.load(opened[1]).await);
    assert!(group.group && !alone.group);
    assert_eq!((group.contact_name.as_str(), alone.contact_name.as_str()), ("group", "Name of member"));
    assert_ne!(group.identity_id, alone.identity_id);
    assert_ne!(group.contact_id, alone.contact_id);
    assert_eq!(fixture.opened(&[opening("m")]).await, [alone.id], "a member's alias is not the group's");
}

async fn the_same_number_is_the_same_contact(fixture: Fixture) {
    let with = |id: &str, phone: Option<&str>, email: Option<&str>| Opening {
        participant: Participant { phone: phone.map(Into::into), email: email.map(Into::into), ..person(id) },
        ..opening(id)
    };
    let other_channel = make_channel(&fixture.store, fixture.organisation(), fixture.now).await;
    let one = fixture.opened(&[with("a", Some("+49 170 1234567"), None)]).await[0];
    let two = fixture
        .store
        .open_conversations(&other_channel, &[with("b", Some("491701234567"), Some("Ann@Example.com"))], fixture.now)
        .await
        .unwrap()[0];
    let three = fixture.opened(&[with("c", None, Some("ann@example.com"))]).await[0];
    let contact = fixture.load(one).await.contact_id;
    assert_eq!((fixture.load(two).await.contact_id, fixture.load(three).await.contact_id), (contact, contact));

    let stranger = fixture.other_tenant("stranger").await;
    let elsewhere = stranger.opened(&[with("a", Some("+491701234567"), None)]).await[0];
    assert_ne!(stranger.load(elsewhere).await.contact_id, contact, "another organisation knows nothing of it");
}

async fn two_contacts_of_one_person_become_one(fixture: Fixture) {
    let one = fixture.open("a").await;
    let two = fixture.open("b").await;
    assert_ne!(one.contact_id, two.contact_id);
    let phone = |id: &str| Participant { phone: Some("+491701234567".into()), ..person(id) };
    fixture.run("update contacts set notes = 'of a', title = 'Dr' where name = 'Name of a'").await;
    fixture
        .run("update contacts set do_not_disturb = (1 = 1), notes = 'of b', company = 'Acme' where name = 'Name of b'")
        .await;
    fixture.change(one.id, |draft| draft.learn(phone("a"))).await;
    fixture.run("update contact_points set is_primary = (1 = 1)").await;
    let second = Participant { email: Some("b@y.z".into()), ..person("b") };
    fixture.change(two.id, |draft| draft.learn(second)).await;
    fixture.run("update contact_points set is_primary = (1 = 1) where kind = 'EMAIL'").await;
    fixture.change(two.id, |draft| draft.learn(phone("b"))).await;
    let inherited = "select count(*) from contacts where deleted_at is null and do_not_disturb = (1 = 1) \
                     and company = 'Acme' and title = 'Dr' and notes like 'of a%of b'";
    assert_eq!(fixture.count(inherited).await, 1, "who asked to be left alone asked it as either of the two");
    assert_eq!(fixture.count("select count(*) from contact_points where is_primary = (1 = 1)").await, 2);
    let (first, second) = (fixture.load(one.id).await, fixture.load(two.id).await);
    assert_eq!((first.contact_id, second.contact_id), (one.contact_id, one.contact_id));
    assert_eq!(fixture.count("select count(*) from contacts where deleted_at is null").await, 1);
    // A number and an address that were two people's.
    let both = Participant { email: Some("x@y.z".into()), ..person("c") };
    let third = fixture.opened(&[Opening { participant: both, ..opening("c") }]).await[0];
    let linking = Participant { email: Some("x@y.z".into()), ..phone("d") };
    let fourth = fixture.opened(&[Opening { participant: linking, ..opening("d") }]).await[0];
    let (third, fourth) = (fixture.load(third).await, fixture.load(fourth).await);
    assert_eq!((third.contact_id, fourth.contact_id), (one.contact_id, one.contact_id));
    fixture.assert_no_gaps().await;
}

async fn a_name_says_what_is_known(fixture: Fixture) {
    let nameless = Participant { id: "n".into(), username: Some("ann".into()), ..Participant::default() };
    let unknown = Participant { id: "u".into(), name: Some(String::new()), ..Participant::default() };
    let openings =
        [Opening { participant: nameless, ..opening("n") }, Opening { participant: unknown, ..opening("u") }];
    let opened = fixture.opened(&openings).await;
    assert_eq!(fixture.load(opened[0]).await.contact_name, "ann");
    assert_eq!(fixture.load(opened[1]).await.contact_name, "u");
    fixture.change(opened[1], |draft| draft.learn(person("u"))).await;
    assert_eq!(fixture.load(opened[1]).await.contact_name, "Name of u");
    assert_eq!(fixture.count("select count(*) from contacts where name = 'Name of u'").await, 1);
}
