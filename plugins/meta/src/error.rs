//! What a refusal means. The code decides, not the HTTP status: a slower pace is asked for with 400, a missing
//! template with 404.

use crate::json::{Raw, Text, read};
use crate::rules::{COMMON, Rule};
use crate::usage;
use patchbay_plugin_sdk::{Failure, FailureKind, Response, TransportError};
use serde::Deserialize;

/// An error as an answer or a webhook carries it.
#[derive(Debug, Default, Deserialize)]
pub struct GraphError<'a> {
    #[serde(default, borrow)]
    code: Text<'a>,
    #[serde(default, borrow, rename = "error_subcode")]
    subcode: Text<'a>,
    #[serde(default, borrow)]
    title: Text<'a>,
    #[serde(default, borrow)]
    message: Text<'a>,
    #[serde(default, borrow)]
    error_data: Raw<'a>,
    #[serde(default, borrow)]
    is_transient: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct ErrorData<'a> {
    #[serde(default, borrow)]
    details: Text<'a>,
}

#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(borrow)]
    error: GraphError<'a>,
}

/// Whether an answer that was lost or cannot be read leaves open what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A message may have gone out.
    Sends,
    /// Asking again does no harm.
    Repeatable,
}

impl Effect {
    fn unclear(self, message: impl Into<String>) -> Failure {
        match self {
            Self::Sends => Failure::unknown(message),
            Self::Repeatable => Failure::temporary(message),
        }
    }

    /// What a lost or refused request means.
    pub fn transport(self, error: TransportError) -> Failure {
        match error {
            TransportError::Unknown(reason) => self.unclear(reason),
            other => other.into(),
        }
    }

    /// What an answer means that says the request went well, but not what came of it.
    pub fn unreadable(self, what: &str) -> Failure {
        self.unclear(format!("the platform's answer is not the expected JSON: {what}"))
    }

    /// What an answer without success means; `own` are the product's codes.
    pub fn refusal(self, response: &Response, own: &[Rule]) -> Failure {
        let status = response.status;
        let Ok(Refusal { error }) = response.json::<Refusal<'_>>() else {
            return self.status(response, format!("the platform answered {status} without an error it documents"));
        };
        let Some(failure) = error.known(own) else {
            // A server that fails may have sent it all the same.
            let failure = if error.is_transient.is("true") && response.status < 500 {
                Failure::temporary(error.sentence())
            } else {
                self.status(response, error.sentence())
            };
            return error.coded(failure);
        };
        match failure.kind {
            FailureKind::RateLimited if failure.retry_after_ms.is_none() => {
                failure.retry_after(usage::regain_access_ms(response))
            }
            FailureKind::Unknown if self == Self::Repeatable => Failure { kind: FailureKind::Temporary, ..failure },
            _ => failure,
        }
    }

    /// The HTTP status, where no code says better.
    fn status(self, response: &Response, message: String) -> Failure {
        let failure = match response.status {
            401 => Failure::unauthorized(message),
            429 => Failure::rate_limited(message)
                .retry_after(response.retry_after_ms().or_else(|| usage::regain_access_ms(response))),
            300..=499 => Failure::rejected(message),
            _ => self.unclear(message),
        };
        failure.code(response.status)
    }
}

impl GraphError<'_> {
    pub fn code(&self) -> Option<i64> {
        self.code.number()
    }

    /// What the error means for a message that the platform had accepted before.
    pub fn failure(&self, own: &[Rule]) -> Failure {
        self.known(own).unwrap_or_else(|| self.coded(Failure::rejected(self.sentence())))
    }

    /// For people: the message and what it adds in detail.
    pub fn sentence(&self) -> String {
        let message = self.message.get().or(self.title.get()).unwrap_or("the platform gave no reason");
        let data: ErrorData<'_> = read(self.error_data).unwrap_or_default();
        let details = data.details.get().filter(|details| *details != message);
        let sentence = details
            .map_or_else(|| message.to_owned(), |details| format!("{}: {details}", message.trim_end_matches('.')));
        without_tokens(&sentence)
    }

    fn known(&self, own: &[Rule]) -> Option<Failure> {
        let (code, subcode) = (self.code()?, self.subcode.number::<i64>());
        let rule = own.iter().chain(COMMON).find(|rule| rule.fits(code, subcode))?;
        let failure = rule.failure(self.sentence());
        Some(match subcode.filter(|_| rule.has_subcode()) {
            Some(subcode) => failure.code(format!("{code}-{subcode}")),
            None => failure.code(code),
        })
    }

    fn coded(&self, failure: Failure) -> Failure {
        match self.code.get() {
            Some(code) => failure.code(code),
            None => failure,
        }
    }
}

/// Longer than any word of a sentence, shorter than any access token: Meta quotes a malformed token in its answer.
const LONGEST_WORD: usize = 60;

fn without_tokens(sentence: &str) -> String {
    let hide = |word| if str::len(word) > LONGEST_WORD { "[hidden]" } else { word };
    sentence.split(' ').map(hide).collect::<Vec<_>>().join(" ")
}
