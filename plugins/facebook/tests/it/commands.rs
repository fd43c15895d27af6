//! Profiles and reactions, which are Messenger's own.

use crate::support::{CONTACT, execute};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{Command, FailureKind, MessageRef, Outcome, OutgoingReaction, Participant};
use serde_json::json;

#[test]
fn a_profile() {
    let profile = json!({"name": "Peter Chang", "profile_pic": "https://cdn/p.jpg", "id": CONTACT});
    let run = execute(&Command::FetchProfile(CONTACT.to_owned()), [answer(200, &profile)]);
    assert!(
        run.requests[0].url.ends_with("/v24.0/1254459154682919?fields=name%2Cfirst_name%2Clast_name%2Cprofile_pic"),
        "{}",
        run.requests[0].url
    );
    let person = Participant {
        name: Some("Peter Chang".to_owned()),
        username: None,
        avatar_url: Some("https://cdn/p.jpg".to_owned()),
        ..Participant::new(CONTACT)
    };
    assert_eq!(run.result, Ok(Outcome::Profile(person)));
}

#[test]
fn it_does_not_react() {
    let reaction = OutgoingReaction {
        message: MessageRef::new(CONTACT, "m"),
        to: Participant::new(CONTACT),
        emoji: Some("👍".to_owned()),
    };
    assert_eq!(execute(&Command::React(reaction), []).result.unwrap_err().kind, FailureKind::Unsupported);
}
