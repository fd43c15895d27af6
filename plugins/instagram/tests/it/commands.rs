//! Profiles, subscriptions and reactions, which are Instagram's own.

use crate::support::{CONTACT, channel_with, done, execute, json_body};
use patchbay_plugin_instagram::Instagram;
use patchbay_plugin_sdk::testing::{answer, run};
use patchbay_plugin_sdk::{Command, MessageRef, Outcome, OutgoingReaction, Participant};
use serde_json::json;

#[test]
fn a_profile() {
    let profile =
        json!({"name": "Peter Chang", "profile_pic": "https://cdn/p.jpg", "id": CONTACT, "username": "peter"});
    let run = execute(&Command::FetchProfile(CONTACT.to_owned()), [answer(200, &profile)]);
    assert!(
        run.requests[0].url.ends_with("/v24.0/6525124850842116?fields=name%2Cusername%2Cprofile_pic"),
        "{}",
        run.requests[0].url
    );
    let person = Participant {
        name: Some("Peter Chang".to_owned()),
        username: Some("peter".to_owned()),
        avatar_url: Some("https://cdn/p.jpg".to_owned()),
        ..Participant::new(CONTACT)
    };
    assert_eq!(run.result, Ok(Outcome::Profile(person)));
}

#[test]
fn a_page_is_subscribed_to_what_pages_know() {
    let fields = |page: &str| {
        let channel = channel_with(json!({"facebookPageId": page}));
        let run = run::<Instagram>(&channel, &Command::RegisterWebhook, [answer(200, &json!({"success": true}))]);
        run.requests[0].url.split_once("subscribed_fields=").unwrap().1.replace("%2C", ",")
    };
    let (page, login) = (fields("682498302938465"), fields(""));
    assert!(page.contains("message_reads,") && !page.contains("messaging_seen"), "{page}");
    assert!(login.contains("messaging_seen,") && !login.contains("message_reads"), "{login}");
}

#[test]
fn a_reaction_is_given_and_taken_back() {
    let react = |emoji: Option<&str>| {
        let emoji = emoji.map(str::to_owned);
        let reaction =
            OutgoingReaction { message: MessageRef::new(CONTACT, "m"), to: Participant::new(CONTACT), emoji };
        json_body(&execute(&Command::React(reaction), [done()]).requests[0])
    };
    let recipient = json!({"id": CONTACT});
    let payload = json!({"message_id": "m", "reaction": "❤️"});
    assert_eq!(react(Some("❤️")), json!({"recipient": recipient, "sender_action": "react", "payload": payload}));
    let payload = json!({"message_id": "m"});
    assert_eq!(react(None), json!({"recipient": recipient, "sender_action": "unreact", "payload": payload}));
}
