//! What Twilio's codes mean for the message, the recipient or the channel. The same code comes in the answer to a send
//! and, later, in a status. A code that Twilio adds goes here.

use patchbay_plugin_sdk::FailureKind::{
    self, Blocked, OutsideWindow, RateLimited, Rejected, Temporary, Unauthorized, Unreachable,
};
use patchbay_plugin_sdk::{Failure, LimitScope};
use std::ops::RangeInclusive;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

struct Rule {
    codes: RangeInclusive<u32>,
    kind: FailureKind,
    retry_after_ms: Option<u64>,
}

impl Rule {
    const fn code(code: u32, kind: FailureKind) -> Self {
        Self::codes(code..=code, kind)
    }

    const fn codes(codes: RangeInclusive<u32>, kind: FailureKind) -> Self {
        Self { codes, kind, retry_after_ms: None }
    }

    const fn retry_after(self, milliseconds: u64) -> Self {
        Self { retry_after_ms: Some(milliseconds), ..self }
    }
}

const RULES: &[Rule] = &[
    // The account, its credentials or its sender cannot send at all.
    Rule::code(20_003, Unauthorized),
    Rule::code(21_606, Unauthorized),
    Rule::codes(21_703..=21_704, Unauthorized),
    Rule::code(30_002, Unauthorized),
    Rule::code(30_034, Unauthorized),
    Rule::code(63_007, Unauthorized),
    Rule::code(63_051, Unauthorized),
    // Too fast. A full queue holds ten hours of messages; a daily limit is over the next day.
    Rule::code(20_429, RateLimited),
    Rule::code(21_611, RateLimited).retry_after(15 * MINUTE_MS),
    Rule::code(30_001, RateLimited),
    Rule::code(30_022, RateLimited),
    Rule::code(63_018, RateLimited),
    Rule::code(63_038, RateLimited).retry_after(DAY_MS),
    // A carrier or WhatsApp is out of order. The manifest says which of these are worth only one more try.
    Rule::code(30_008, Temporary),
    Rule::code(30_410, Temporary),
    Rule::code(63_012, Temporary),
    // This recipient on this channel.
    Rule::code(21_211, Unreachable),
    Rule::code(21_408, Unreachable),
    Rule::code(21_608, Unreachable),
    Rule::code(21_614, Unreachable),
    // Of a message that Twilio had taken, so that there is no more trying: whoever is unreachable now may write again.
    Rule::code(30_003, Unreachable),
    Rule::codes(30_005..=30_006, Unreachable),
    Rule::code(63_003, Unreachable),
    Rule::code(63_015, Unreachable),
    Rule::code(63_024, Unreachable),
    Rule::code(63_033, Unreachable),
    // The recipient replied STOP.
    Rule::code(21_610, Blocked),
    // Twenty-four hours after the contact's last message only templates go.
    Rule::code(63_016, OutsideWindow),
    // This message.
    Rule::code(21_602, Rejected),
    Rule::code(21_604, Rejected),
    Rule::code(21_617, Rejected),
    Rule::code(21_620, Rejected),
    Rule::codes(21_654..=21_656, Rejected),
    Rule::code(30_004, Rejected),
    Rule::code(30_007, Rejected),
    Rule::code(63_005, Rejected),
    Rule::code(63_013, Rejected),
    Rule::code(63_021, Rejected),
    Rule::codes(63_027..=63_028, Rejected),
    Rule::code(63_032, Rejected),
];

/// What went wrong at Twilio, where it may or may not have sent the message.
const SERVER: [u32; 2] = [20_500, 20_503];

/// Whether a code leaves open what happened, whatever HTTP status it comes with.
pub fn is_servers(code: u32) -> bool {
    SERVER.contains(&code)
}

/// What a code in an answer means, where this table knows it and it leaves nothing open.
pub fn known(code: u32, message: &str) -> Option<Failure> {
    let rule = RULES.iter().find(|rule| rule.codes.contains(&code))?;
    let failure = Failure::of(rule.kind, message).code(code).retry_after(rule.retry_after_ms);
    Some(if rule.kind == RateLimited { failure.scope(LimitScope::Channel) } else { failure })
}

/// What a code means for a message that Twilio had accepted before.
pub fn of_accepted(code: Option<&str>, message: &str) -> Failure {
    let number = code.and_then(|code| code.trim().parse().ok());
    let failure = match number {
        Some(number) if is_servers(number) => Failure::temporary(message),
        Some(number) => known(number, message).unwrap_or_else(|| Failure::rejected(message)),
        None => Failure::rejected(message),
    };
    match code {
        Some(code) => failure.code(code.trim()),
        None => failure,
    }
}
