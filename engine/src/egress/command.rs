//! A command is a short conversation between connector and platform: the
//! connector asks for a request, the engine sends it, the connector reads the
//! answer, until there is an outcome. The instance is held only during a call,
//! never while the network is slow.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    attempt::OUT_OF_REACH,
    platform::{Command, Failure, FailureKind, Outcome, Request, Response, Step, TransportError},
};
use patchbay_plugin_host::{CallError, Egress, Instance, MediaStore};
use tokio::sync::Mutex;

use super::{Gate, departure::Departure};
use crate::channels::ActiveChannel;

/// Round trips a command may take; an upload and a send are two, and a large file goes up in twenty pieces.
const MAX_STEPS: u32 = 32;

/// The connector failed in the middle of a command.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Interrupted {
    /// Whether a request had left that must not simply be repeated.
    pub request_left: bool,
    pub error: CallError,
}

impl Interrupted {
    /// What it means for a message: nobody knows what became of it once something was sent.
    pub fn as_failure(&self) -> Failure {
        let kind = match self.error {
            _ if self.request_left => FailureKind::Unknown,
            // Every instance is in use: that passes.
            CallError::Busy { .. } => FailureKind::Temporary,
            _ => FailureKind::Rejected,
        };
        Failure {
            kind,
            code: None,
            message: format!("the connector failed: {}", self.error),
            retry_after_ms: None,
            scope: None,
        }
    }
}

/// Carries a command out, with a fresh token where tokens expire. Credentials that are refused stop the channel,
/// whatever the command was; but a send's are the sender's to settle, together with its message.
pub async fn run(
    instance: &Mutex<Option<Instance>>,
    gate: &Gate,
    channel: &ActiveChannel,
    command: &Command,
    clock: fn() -> DateTime<Utc>,
    media: &dyn MediaStore,
) -> Result<Result<Outcome, Failure>, Interrupted> {
    let Gate { egress, renewal } = gate;
    let done = match renewal.fresh(channel).await {
        Ok(Some(fresh)) => converse(instance, egress, &fresh, command, clock, media, None).await?,
        Ok(None) => match converse(instance, egress, channel, command, clock, media, None).await? {
            Err(failure) if failure.kind == FailureKind::Unauthorized => match renewal.anew(channel).await {
                Some(Ok(renewed)) => converse(instance, egress, &renewed, command, clock, media, None).await?,
                Some(Err(failure)) => Err(failure),
                None => Err(failure),
            },
            done => done,
        },
        Err(failure) => Err(failure),
    };
    // A webhook may be registered with other credentials than messages are sent with, and has its own way to a person.
    if let (Err(failure), false) = (&done, matches!(command, Command::RegisterWebhook))
        && failure.kind == FailureKind::Unauthorized
    {
        renewal.stop(channel.id(), &failure.message).await;
    }
    Ok(done)
}

/// With the token that the channel has. `instance` is made when it is first needed and made anew after an upgrade. With
/// a departure, no request leaves before it.
pub async fn converse(
    instance: &Mutex<Option<Instance>>,
    egress: &Egress,
    channel: &ActiveChannel,
    command: &Command,
    clock: fn() -> DateTime<Utc>,
    media: &dyn MediaStore,
    departure: Option<Departure<'_>>,
) -> Result<Result<Outcome, Failure>, Interrupted> {
    let mut request_left = false;
    let mut out_of_reach = false;
    let mut answer: Option<(Vec<u8>, Result<Response, TransportError>)> = None;
    // The answer to the last request is read, too.
    for sent in 0..=MAX_STEPS {
        let step = call(instance, channel, command, answer.take(), clock()).await;
        match step.map_err(|error| Interrupted { request_left, error })? {
            Step::Done(outcome) => return Ok(Ok(outcome)),
            Step::Failed(mut failure) => {
                if out_of_reach && !request_left && failure.kind == FailureKind::Temporary {
                    failure.code = Some(OUT_OF_REACH.to_owned());
                }
                return Ok(Err(failure));
            }
            Step::Request(_) if sent == MAX_STEPS => break,
            Step::Request(mut request) => {
                if let (0, Some(departure)) = (sent, departure) {
                    departure.reached().await;
                }
                let state = std::mem::take(&mut request.state);
                let response = egress.perform(&channel.view, channel.manifest(), &request, media).await;
                request_left |= left(&request, &response);
                out_of_reach = matches!(response, Err(TransportError::NotSent(_)));
                answer = Some((state, response));
            }
        }
    }
    let kind = if request_left { FailureKind::Unknown } else { FailureKind::Rejected };
    let message = format!("the connector wanted more than {MAX_STEPS} requests for one command");
    Ok(Err(Failure { kind, code: None, message, retry_after_ms: None, scope: None }))
}

/// Whether asking again later may go better.
pub fn worth_repeating(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Temporary | FailureKind::RateLimited | FailureKind::Unknown)
}

async fn call(
    instance: &Mutex<Option<Instance>>,
    channel: &ActiveChannel,
    command: &Command,
    answer: Option<(Vec<u8>, Result<Response, TransportError>)>,
    now: DateTime<Utc>,
) -> Result<Step, CallError> {
    let mut place = instance.lock().await;
    // Taken out during the call: a call that is given up half-way leaves no half-used instance behind.
    let mut instance = place
        .take()
        .filter(|kept| kept.plugin().digest() == channel.plugin.digest())
        .unwrap_or_else(|| channel.plugin.instantiate());
    let step = match answer {
        None => instance.perform(&channel.view, command, now).await,
        Some((state, response)) => instance.resume(&channel.view, command, state, response, now).await,
    };
    *place = Some(instance);
    step
}

fn left(request: &Request, response: &Result<Response, TransportError>) -> bool {
    let nothing_sent = matches!(response, Err(TransportError::NotSent(_) | TransportError::Refused(_)));
    !request.idempotent && !nothing_sent
}
