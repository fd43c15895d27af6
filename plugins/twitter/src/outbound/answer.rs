//! What X answers. Errors come in three forms: a problem with a type and a detail, a list of codes, and one code alone.
//! The code decides, then the type or the detail, and the HTTP status only where nothing else is known.

use super::pace;
use crate::wire::{at, items, text};
use patchbay_plugin_sdk::{Failure, FailureKind, Response, Timestamp, TransportError, host};
use serde_json::Value;

/// What a call does, which decides what an unclear answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A message may have gone out.
    Sends,
    /// Doing it again does no harm.
    Repeatable,
}

/// A message of an error that people should read is shorter.
const LONGEST: usize = 300;
/// An account that X has restricted, or takes for a machine, is tried again this slowly.
const RESTRICTED_MS: u64 = 15 * 60 * 1000;

/// X's word for the kind of a failure.
enum Meaning {
    Is(FailureKind),
    TooFast,
    /// The account may not write for now: a person should know.
    Restricted,
    /// X itself is in trouble.
    Unclear,
}

impl Effect {
    pub fn unclear(self, message: impl Into<String>) -> Failure {
        match self {
            Self::Sends => Failure::unknown(message),
            Self::Repeatable => Failure::temporary(message),
        }
    }

    pub fn unreadable(self, what: &str) -> Failure {
        self.unclear(format!("X's answer is not the expected JSON: {what}"))
    }

    /// What an answer means that says why it did not go well.
    pub fn refusal(self, response: &Response, now: Timestamp) -> Failure {
        let body: Value = response.json().unwrap_or_default();
        let error = Error::of(&body);
        let sentence = error.sentence().unwrap_or_else(|| format!("X answered {} without saying why", response.status));
        // An answer of success may tell of an error, and of the status that it would have had alone.
        let status = if response.is_success() { error.status() } else { response.status };
        let failure = match error.meaning(status) {
            Meaning::Is(kind) => Failure::of(kind, sentence),
            Meaning::TooFast => Failure::rate_limited(sentence).retry_after(Some(pace::wait_ms(response, now))),
            // Nobody is written to meanwhile: that is what is restricted.
            Meaning::Restricted => {
                host::log(host::Level::Warn, "X restricts the account: messages wait, look at the account on X");
                Failure::rate_limited(sentence).retry_after(Some(RESTRICTED_MS))
            }
            Meaning::Unclear => self.unclear(sentence).retry_after(response.retry_after_ms()),
        };
        failure.code(error.code().unwrap_or_else(|| status.to_string()))
    }

    /// The answer, if it says that the request went well.
    pub fn success(self, response: Result<Response, TransportError>, now: Timestamp) -> Result<Response, Failure> {
        let response = response.map_err(|error| match error {
            TransportError::Unknown(reason) => self.unclear(reason),
            other => other.into(),
        })?;
        if response.is_success() { Ok(response) } else { Err(self.refusal(&response, now)) }
    }

    /// The JSON of an answer that says that the request went well.
    pub fn json(self, response: Result<Response, TransportError>, now: Timestamp) -> Result<Value, Failure> {
        self.success(response, now)?.json().map_err(|error| self.unreadable(&error))
    }

    /// A value that an answer has to hold. X may answer success, and say in the same answer why there is none.
    pub fn id(
        self,
        response: Result<Response, TransportError>,
        path: &[&str],
        now: Timestamp,
    ) -> Result<String, Failure> {
        let response = self.success(response, now)?;
        let answer: Value = response.json().map_err(|error| self.unreadable(&error))?;
        match crate::wire::id(&answer, path) {
            Some(id) => Ok(id),
            None if Error::of(&answer).is_told() => Err(self.refusal(&response, now)),
            None => Err(self.unreadable(&format!("it has no {}", path.join(".")))),
        }
    }
}

/// One error in any of the three forms.
struct Error<'a>(&'a Value);

impl<'a> Error<'a> {
    fn of(body: &'a Value) -> Self {
        Self(items(body, &["errors"]).first().filter(|_| text(body, &["detail"]).is_none()).unwrap_or(body))
    }

    fn is_told(&self) -> bool {
        self.number().is_some() || self.sentence().is_some()
    }

    fn number(&self) -> Option<u64> {
        let code = at(self.0, &["code"]);
        code.as_u64().or_else(|| code.as_str()?.parse().ok())
    }

    /// Where it does not say, what was asked for is taken to be wrong.
    fn status(&self) -> u16 {
        at(self.0, &["status"]).as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(400)
    }

    /// The last part of the problem's type, which is `about:blank` where X says nothing.
    fn problem(&self) -> Option<&'a str> {
        text(self.0, &["type"])?.rsplit_once("/problems/").map(|(_, name)| name.trim_end_matches('/'))
    }

    fn code(&self) -> Option<String> {
        self.number().map(|code| code.to_string()).or_else(|| self.problem().map(str::to_owned))
    }

    fn sentence(&self) -> Option<String> {
        let said = ["detail", "message", "title"].into_iter().find_map(|name| text(self.0, &[name]))?;
        Some(said.chars().take(LONGEST).collect())
    }

    fn meaning(&self, status: u16) -> Meaning {
        use FailureKind::{Rejected, Unauthorized, Unreachable};
        match (self.number(), self.problem()) {
            (Some(88), _) => Meaning::TooFast,
            // Blocked, or messages of strangers are not taken.
            (Some(50 | 63 | 108 | 150 | 349 | 389), _) => Meaning::Is(Unreachable),
            // Credentials, permissions, the app or the account itself; 34 and 251: the call is no longer there.
            (Some(32 | 34 | 64 | 89 | 93 | 99 | 135 | 215 | 220 | 251 | 261 | 326), _)
            | (_, Some("oauth1-permissions" | "client-forbidden" | "unsupported-authentication")) => {
                Meaning::Is(Unauthorized)
            }
            (Some(151 | 324 | 325 | 354), _) | (_, Some("invalid-request")) => Meaning::Is(Rejected),
            (Some(226), _) => Meaning::Restricted,
            (Some(130 | 131), _) => Meaning::Unclear,
            (_, problem) => self.by_detail(status, problem),
        }
    }

    /// An answer of success that tells of an error need not name the status that it stands for, so that 400 is as good
    /// as what the detail belongs to.
    fn by_detail(&self, status: u16, problem: Option<&str>) -> Meaning {
        use FailureKind::{Rejected, Unauthorized, Unreachable};
        let detail = self.sentence().unwrap_or_default().to_ascii_lowercase();
        match status {
            401 | 402 | 410 => Meaning::Is(Unauthorized),
            400 | 403 if detail.contains("permission to dm") => Meaning::Is(Unreachable),
            400 | 403 if detail.contains("operation is not permitted") => Meaning::Restricted,
            403 if detail.contains("app permissions") || detail.contains("client app") => Meaning::Is(Unauthorized),
            400 | 404 if problem == Some("resource-not-found") => Meaning::Is(Unreachable),
            429 => Meaning::TooFast,
            408 => Meaning::Unclear,
            200..=499 => Meaning::Is(Rejected),
            _ => Meaning::Unclear,
        }
    }
}
