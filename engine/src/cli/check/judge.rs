//! Whether what a connector did is right: values in, a verdict out. An error says what it did and why that is wrong.

use patchbay_domain::platform::{Acceptance, Event, Failure, FailureKind, Outcome, Rejection, Request, Step};
use patchbay_plugin_host::CallError;

pub type Verdict = Result<(), String>;

/// What a call that must not fail answered.
pub fn answered<T>(answer: Result<T, CallError>) -> Result<T, String> {
    answer.map_err(|error| error.to_string())
}

pub fn is_read<T>(events: &Result<T, String>) -> Verdict {
    events.as_ref().map(|_| ()).map_err(|reason| format!("it is an error: {reason}"))
}

pub fn is_authentic(answer: &Result<Acceptance, Rejection>) -> Verdict {
    match answer {
        Ok(Acceptance::Keep(reply) | Acceptance::Answer(reply)) if !(200..300).contains(&reply.status) => {
            Err(format!("it answers {}, and the platform will call again", reply.status))
        }
        Err(Rejection::Unauthentic(reason)) => Err(format!("it is refused: {reason}")),
        // A vector of a signature need not be a webhook in full.
        Ok(_) | Err(Rejection::Malformed(_)) => Ok(()),
    }
}

pub fn is_forged(answer: &Result<Acceptance, Rejection>) -> Verdict {
    match answer {
        Err(Rejection::Unauthentic(_)) => Ok(()),
        Err(Rejection::Malformed(_)) => {
            Err("it is refused as malformed, so it was read before it was checked".to_owned())
        }
        Ok(_) => Err("it is accepted".to_owned()),
    }
}

/// Neither a message nor a status, which nobody sent.
pub fn is_quiet(events: &Result<Vec<Event>, String>) -> Verdict {
    let claims = |event: &&Event| matches!(event, Event::Message(_) | Event::Status(_));
    match events.as_ref().ok().and_then(|events| events.iter().find(claims)) {
        Some(event) => Err(format!("it becomes {}", name(event))),
        None => Ok(()),
    }
}

pub fn is_same(first: &Result<Vec<Event>, String>, second: &Result<Vec<Event>, String>) -> Verdict {
    match (first, second) {
        (Ok(first), Ok(second)) if first == second => Ok(()),
        (Ok(first), Ok(second)) => Err(format!("{} become {}", names(first), names(second))),
        (Err(_), Err(_)) => Ok(()),
        _ => Err("it can be read only sometimes".to_owned()),
    }
}

/// The same things happened, whatever else is said of them.
pub fn is_alike(first: &[Event], second: &Result<Vec<Event>, String>) -> Verdict {
    match second {
        Ok(second) if names(first) == names(second) => Ok(()),
        Ok(second) => Err(format!("{} become {}", names(first), names(second))),
        Err(reason) => Err(format!("it is an error: {reason}")),
    }
}

fn names(events: &[Event]) -> String {
    if events.is_empty() { "no events".to_owned() } else { events.iter().map(name).collect::<Vec<_>>().join(", ") }
}

/// What happened, to what.
pub fn name(event: &Event) -> String {
    match event {
        Event::Message(message) => format!("message {:?}", message.id),
        Event::Status(status) => {
            format!("status {:?} of {:?}", status.state, status.id.as_deref().unwrap_or("all before"))
        }
        Event::Reaction(reaction) => format!("reaction to {:?}", reaction.message.id),
        Event::MessageEdited(edit) => format!("edit of {:?}", edit.message.id),
        Event::MessageDeleted(message) => format!("deletion of {:?}", message.id),
        Event::Typing(typing) => format!("typing in {:?}", typing.thread),
        Event::Session(change) => format!("session {:?}", change.state),
        Event::Template(template) => format!("template {:?}", template.name),
        Event::Contact(person) => format!("contact {:?}", person.id),
        Event::OptOut(person) => format!("opt-out of {:?}", person.id),
        Event::OptIn(person) => format!("opt-in of {:?}", person.id),
        Event::Ignored(_) => "ignored".to_owned(),
    }
}

fn did(step: &Step) -> String {
    match step {
        Step::Request(request) => format!("it calls {} again", request.method),
        Step::Done(outcome) => format!("it is done: {outcome:?}"),
        Step::Failed(Failure { kind, .. }) => format!("it fails as {}", kind.word()),
    }
}

/// The answer of a send was lost: it may have been sent.
pub fn after_lost_answer(request: &Request, step: &Step) -> Verdict {
    let repeatable = request.idempotent;
    match step {
        Step::Failed(Failure { kind: FailureKind::Unknown, .. }) => Ok(()),
        Step::Failed(Failure { kind: FailureKind::Temporary | FailureKind::RateLimited, .. }) if repeatable => Ok(()),
        Step::Request(next) if repeatable || next.method == "GET" => Ok(()),
        _ => Err(format!("{}; say unknown, because it may have been sent", did(step))),
    }
}

/// The request never left.
pub fn after_not_sent(step: &Step) -> Verdict {
    match step {
        Step::Failed(Failure { kind: FailureKind::Temporary | FailureKind::RateLimited, .. }) | Step::Request(_) => {
            Ok(())
        }
        _ => Err(format!("{}; say temporary, because nothing was sent", did(step))),
    }
}

/// The platform answered 429.
pub fn after_too_many(step: &Step) -> Verdict {
    match step {
        Step::Failed(Failure { kind: FailureKind::Temporary | FailureKind::RateLimited, .. }) => Ok(()),
        _ => Err(format!("{}; say rate-limited", did(step))),
    }
}

/// The platform answered 429 and said how long to wait.
pub fn waits(step: &Step, at_least_ms: u64) -> Verdict {
    match step {
        Step::Failed(Failure { retry_after_ms: Some(wait), .. }) if *wait >= at_least_ms => Ok(()),
        Step::Failed(Failure { retry_after_ms, .. }) => {
            let wait = retry_after_ms.map_or("nothing".to_owned(), |wait| format!("{wait} ms"));
            Err(format!("the platform asks for {at_least_ms} ms and it says {wait}"))
        }
        _ => Err(did(step)),
    }
}

/// The platform answered 5xx.
pub fn after_server_error(step: &Step) -> Verdict {
    match step {
        Step::Failed(Failure { kind: FailureKind::Temporary | FailureKind::Unknown, .. }) => Ok(()),
        // It looks whether it was sent.
        Step::Request(next) if next.method == "GET" => Ok(()),
        _ => Err(format!("{}; say unknown, or temporary where nothing can have been sent", did(step))),
    }
}

/// The platform answered with a redirect.
pub fn after_redirect(step: &Step, elsewhere: &str) -> Verdict {
    match step {
        Step::Done(_) => Err(format!("{}, though nothing was accepted", did(step))),
        Step::Request(next) if next.url.contains(elsewhere) => {
            Err(format!("it follows to {elsewhere} with the message"))
        }
        Step::Request(_) | Step::Failed(_) => Ok(()),
    }
}

/// The platform accepted the message, and said so in a way that cannot be read.
pub fn after_unreadable_answer(step: &Step) -> Verdict {
    match step {
        Step::Done(Outcome::Sent(ids)) if !ids.is_empty() => Ok(()),
        Step::Failed(Failure { kind: FailureKind::Unknown, .. }) => Ok(()),
        _ => Err(format!("{}; say unknown, because it was sent", did(step))),
    }
}

/// The platform answered 401.
pub fn after_refused_credentials(step: &Step) -> Verdict {
    match step {
        Step::Failed(Failure { kind: FailureKind::Unauthorized, .. }) => Ok(()),
        _ => Err(format!("{}; say unauthorized", did(step))),
    }
}

/// The platform answered with an error that somebody recorded.
pub fn after_recorded_error(step: &Step) -> Verdict {
    match step {
        Step::Done(_) => Err(format!("{}, though the platform refused", did(step))),
        Step::Request(_) | Step::Failed(_) => Ok(()),
    }
}

/// A capability that is claimed.
pub fn is_supported(step: &Step) -> Verdict {
    match step {
        Step::Failed(Failure { kind: FailureKind::Unsupported, message, .. }) => {
            Err(format!("it is unsupported: {message}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
