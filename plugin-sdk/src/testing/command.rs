//! A command from its first step to its outcome, against scripted answers.

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
        return Run { requests, result };
    }
}
