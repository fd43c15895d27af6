//! Everything but sending and polling.

use crate::support::{
    COMMENT, PAGE, REPLY, SHARE, asked, channel_with, execute, execute_on, failure, json_body, lost, recorded,
};
use patchbay_plugin_sdk::testing::answer;
use patchbay_plugin_sdk::{Command, Content, FailureKind, Header, MessageRef, Outcome, OutgoingEdit, Participant};
use serde_json::json;

const PATH: &str = "socialActions/urn%3Ali%3Aactivity%3A6631349431612559360/comments/6643206422739898368";

fn edit(id: &str, content: Content) -> Command {
    Command::Edit(OutgoingEdit { message: MessageRef::new(COMMENT, id), to: Participant::new(COMMENT), content })
}

#[test]
fn editing() {
    let run = execute(&edit(REPLY, Content::text("Better")), [answer(204, &json!(null))]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let request = &run.requests[0];
    assert_eq!(asked(request), ("POST", PATH));
    assert!(request.headers.contains(&Header::new("x-restli-method", "PARTIAL_UPDATE")));
    assert_eq!(json_body(request), json!({"patch": {"message": {"$set": {"text": "Better"}}}}));
    assert_eq!(failure(&edit(REPLY, Content::empty()), []).kind, FailureKind::Rejected);
    assert_eq!(failure(&edit(SHARE, Content::text("x")), []).kind, FailureKind::Rejected);
    assert_eq!(failure(&edit(REPLY, Content::text("x")), [lost()]).kind, FailureKind::Temporary);
}

#[test]
fn deleting() {
    let delete = Command::Delete(MessageRef::new(COMMENT, REPLY));
    for gone in [answer(204, &json!(null)), answer(404, &json!({}))] {
        let run = execute(&delete, [gone]);
        assert_eq!(run.result, Ok(Outcome::Ok));
        let path = format!("{PATH}?actor=urn%3Ali%3Aorganization%3A5637409");
        assert_eq!(asked(&run.requests[0]), ("DELETE", path.as_str()));
    }
    assert_eq!(failure(&delete, [answer(500, &json!({}))]).kind, FailureKind::Temporary);
    assert_eq!(failure(&Command::Delete(MessageRef::new(COMMENT, "7")), []).kind, FailureKind::Rejected);
}

#[test]
fn testing_a_channel() {
    let run = execute(&Command::TestConnection, [answer(200, &json!({"elements": []}))]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let path = "posts?author=urn%3Ali%3Aorganization%3A5637409&q=author&count=1";
    assert_eq!(asked(&run.requests[0]), ("GET", path));
    let denied = failure(&Command::TestConnection, [Ok(recorded("resp_err_403_access_denied"))]);
    assert_eq!(denied.kind, FailureKind::Unauthorized);
}

#[test]
fn subscribing_the_webhook() {
    let settings = json!({"applicationId": "42", "member": "urn:li:person:AdmIn00001", "accessTier": "standard"});
    let run = execute_on(&channel_with(settings), &Command::RegisterWebhook, [answer(204, &json!(null))]);
    assert_eq!(run.result, Ok(Outcome::Ok));
    let page = PAGE.replace(':', "%3A");
    let path = format!(
        "eventSubscriptions/(developerApplication:urn%3Ali%3AdeveloperApplication%3A42,\
         user:urn%3Ali%3Aperson%3AAdmIn00001,entity:{page},eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)"
    );
    assert_eq!(asked(&run.requests[0]), ("PUT", path.as_str()));
    assert_eq!(json_body(&run.requests[0]), json!({"webhook": "https://patchbay.example/webhook/1"}));
    for lacking in
        [json!({}), json!({"accessTier": "standard"}), json!({"applicationId": "42", "member": "urn:li:person:A"})]
    {
        let run = execute_on(&channel_with(lacking), &Command::RegisterWebhook, []);
        assert_eq!(run.result.unwrap_err().kind, FailureKind::Unsupported);
    }
}

#[test]
fn what_linkedin_does_not_have() {
    for command in [Command::Qr, Command::SessionStart, Command::ListTemplates, Command::MarkRead(vec![])] {
        assert_eq!(failure(&command, []).kind, FailureKind::Unsupported);
    }
}
