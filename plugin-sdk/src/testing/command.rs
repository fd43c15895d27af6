//! A command from its first step to its outcome, against scripted answers.

use super::coverage;
use super::values::NOW;
use crate::Connector;
use crate::types::{Channel, Command, Failure, Outcome, Request, Response, Step, TransportError};

/// What a command came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The requests in the order in which the connector made them.
    pub requests: Vec<Request>,
    pub result: Result<Outcome, Failure>,
}

/// Performs a command at [`NOW`]; the n-th request gets the n-th answer.
///
/// # Panics
/// When the connector asks for more requests than there are answers, or leaves answers over.
pub fn run<C: Connector>(
    channel: &Channel,
    command: &Command,
    answers: impl IntoIterator<Item = Result<Response, TransportError>>,
) -> Run {
    let mut answers = answers.into_iter();
    let mut requests = Vec::new();
    let mut step = C::perform(channel, command, NOW);
    loop {
        let result = match step {
            Ok(Step::Request(request)) => {
                let Some(answer) = answers.next() else {
                    panic!("no answer is scripted for {} {}", request.method, request.url)
                };
                step = C::resume(channel, command, &request.state, answer, NOW);
                requests.push(request);
                continue;
            }
            Ok(Step::Done(outcome)) => Ok(outcome),
            Ok(Step::Failed(failure)) | Err(failure) => Err(failure),
        };
        let unused = answers.count();
        assert_eq!(unused, 0, "{unused} scripted answers were not asked for; the command ended with {result:?}");
        let run = Run { requests, result };
        coverage::ran(command, &run);
        return run;
    }
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::testing::{answer, channel, outgoing};
    use crate::{
        Channel, Command, Connector, Content, Event, Failure, FailureKind, Manifest, Outcome, Request, Response, Step,
        Timestamp, TransportError, Webhook,
    };
    use serde_json::json;

    /// Uploads, then sends.
    struct TwoSteps;

    impl Connector for TwoSteps {
        fn describe() -> Manifest {
            Manifest::new("two-steps", "Two steps", "0.0.0")
        }

        fn parse(_channel: &Channel, _webhook: &Webhook) -> Result<Vec<Event>, String> {
            Ok(Vec::new())
        }

        fn perform(_channel: &Channel, command: &Command, _now: Timestamp) -> Result<Step, Failure> {
            match command {
                Command::Send(_) => Ok(Request::post("https://api.example/upload").state("upload").into()),
                other => Err(Failure::unsupported_command(other)),
            }
        }

        fn resume(
            _channel: &Channel,
            _command: &Command,
            state: &[u8],
            response: Result<Response, TransportError>,
            _now: Timestamp,
        ) -> Result<Step, Failure> {
            let response = response?;
            match state {
                b"upload" => Ok(Request::post("https://api.example/send").state("send").into()),
                _ => Ok(Outcome::Sent(vec![response.status.to_string()]).into()),
            }
        }
    }

    fn send() -> Command {
        Command::Send(outgoing("contact", Content::text("hi")))
    }

    #[test]
    fn each_request_gets_its_answer_and_its_state() {
        let run =
            run::<TwoSteps>(&channel("TEST", &json!({})), &send(), [200, 201].map(|status| answer(status, &json!({}))));
        let urls: Vec<&str> = run.requests.iter().map(|request| request.url.as_str()).collect();
        assert_eq!(urls, ["https://api.example/upload", "https://api.example/send"]);
        assert_eq!(run.result, Ok(Outcome::Sent(vec!["201".to_owned()])));
    }

    #[test]
    fn a_failure_ends_the_run() {
        let lost = Err(TransportError::Unknown("the answer was lost".to_owned()));
        let run = run::<TwoSteps>(&channel("TEST", &json!({})), &send(), [lost]);
        assert_eq!(run.result, Err(Failure::unknown("the answer was lost")));
    }

    #[test]
    fn what_a_connector_leaves_out_is_unsupported() {
        let run = run::<TwoSteps>(&channel("TEST", &json!({})), &Command::Qr, []);
        assert_eq!(run.result.unwrap_err().kind, FailureKind::Unsupported);
        assert_eq!(TwoSteps::addresses(&crate::testing::webhook("")), Vec::<String>::new());
    }

    #[test]
    #[should_panic(expected = "no answer is scripted for POST https://api.example/upload")]
    fn a_missing_answer_fails_the_test() {
        run::<TwoSteps>(&channel("TEST", &json!({})), &send(), []);
    }

    #[test]
    #[should_panic(expected = "1 scripted answers were not asked for")]
    fn an_answer_too_many_fails_the_test() {
        run::<TwoSteps>(&channel("TEST", &json!({})), &Command::Qr, [answer(200, &json!({}))]);
    }
}
