use crate::{channel, fixture};
use patchbay_plugin_{{crate}}::{{Name}};
use patchbay_plugin_sdk::testing::{Run, outgoing, run, snapshot};
use patchbay_plugin_sdk::{Command, Content, FailureKind, Outcome, Response, TransportError};
use serde_json::json;

fn send(answer: Result<Response, TransportError>) -> Run {
    run::<{{Name}}>(&channel(), &Command::Send(outgoing("ada", Content::text("hello"))), [answer])
}

#[test]
fn a_text_is_posted_with_the_token() {
    let run = send(Ok(fixture("accepted").response()));
    let request = snapshot(&run.requests);
    assert_eq!(request.pointer("/0/auth"), Some(&json!({"bearer": "token"})));
    assert_eq!(request.pointer("/0/body/bytes"), Some(&json!({"to": "ada", "text": "hello"})));
    assert_eq!(run.result, Ok(Outcome::Sent(vec!["m2".to_owned()])));
}

#[test]
fn a_refusal_is_final_and_a_lost_answer_is_unknown() {
    assert_eq!(send(Ok(fixture("refused").response())).result.unwrap_err().kind, FailureKind::Rejected);
    let lost = Err(TransportError::Unknown("the answer was lost".to_owned()));
    assert_eq!(send(lost).result.unwrap_err().kind, FailureKind::Unknown);
}
