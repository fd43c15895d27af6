//! What SendGrid answers. It has no codes of its own: the HTTP status says what an error means.

use patchbay_plugin_sdk::{Failure, LimitScope, Response, Timestamp, TransportError};
use serde_json::Value;

const LONGEST_MESSAGE: usize = 1000;

/// The identifier of the mail that was accepted, if it was named.
pub fn sent(response: Result<Response, TransportError>, now: Timestamp) -> Result<Option<String>, Failure> {
    let response = response?;
    match response.status {
        202 => Ok(response.header("x-message-id").map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned)),
        200..=299 => Err(Failure::unknown(format!(
            "SendGrid answered {}, which does not say that it was accepted",
            response.status
        ))),
        // Neither says whether the mail was accepted before it.
        408 | 500.. => Err(Failure::unknown(sentence(&response)).code(response.status)),
        _ => Err(refusal(&response, now)),
    }
}

/// Whether a mail would have been sent. Asking again does no harm.
pub fn checked(response: Result<Response, TransportError>, now: Timestamp) -> Result<(), Failure> {
    let response = match response {
        Err(TransportError::Unknown(reason)) => return Err(Failure::temporary(reason)),
        other => other?,
    };
    match response.status {
        200..=299 => Ok(()),
        408 | 500.. => Err(Failure::temporary(sentence(&response)).code(response.status)),
        _ => Err(refusal(&response, now)),
    }
}

fn refusal(response: &Response, now: Timestamp) -> Failure {
    let message = sentence(response);
    let failure = match response.status {
        401 | 403 => Failure::unauthorized(message),
        429 => Failure::rate_limited(message).scope(LimitScope::Channel).retry_after(wait(response, now)),
        _ => Failure::rejected(message),
    };
    failure.code(response.status)
}

/// Until the moment that the answer names, in seconds since the epoch.
fn wait(response: &Response, now: Timestamp) -> Option<u64> {
    let reset = response.header("x-ratelimit-reset").and_then(|value| value.trim().parse::<u64>().ok());
    let until_reset = || Some(reset?.checked_mul(1000)?.saturating_sub(now).max(1000));
    response.retry_after_ms().or_else(until_reset)
}

/// For people: what SendGrid says about each field.
fn sentence(response: &Response) -> String {
    let body: Value = response.json().unwrap_or_default();
    let errors = body.get("errors").and_then(Value::as_array).into_iter().flatten();
    let sentences: Vec<String> = errors
        .filter_map(|error| {
            let message = error.get("message")?.as_str()?.trim();
            let field = error.get("field").and_then(Value::as_str).filter(|field| !matches!(*field, "" | "null"));
            Some(field.map_or_else(|| message.to_owned(), |field| format!("{field}: {message}")))
        })
        .collect();
    if sentences.is_empty() {
        return format!("SendGrid answered {}", response.status);
    }
    let all = sentences.join("; ");
    all.get(..all.floor_char_boundary(LONGEST_MESSAGE)).unwrap_or(&all).to_owned()
}
