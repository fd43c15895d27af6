//! The codes of the Send API. A code that Meta adds goes here, with what it means for the message, the recipient or the
//! channel; one that only Instagram uses has a subcode that Messenger never sends.

use crate::Rule;
use patchbay_plugin_sdk::FailureKind::{
    OutsideWindow, RateLimited, Rejected, Temporary, Unauthorized, Unknown, Unreachable,
};
use patchbay_plugin_sdk::LimitScope;

const MINUTE_MS: u64 = 60_000;

pub const RULES: &[Rule] = &[
    // It may have been sent all the same.
    Rule::code(1, Unknown).subcode(99),
    Rule::code(1, Unknown).subcode(1_357_046),
    Rule::code(1, Unknown),
    // Twenty-four hours after the contact's last message.
    Rule::code(10, OutsideWindow).subcode(2_018_278),
    Rule::code(10, OutsideWindow).subcode(2_018_065),
    Rule::code(10, OutsideWindow).subcode(2_534_022),
    // This person on this channel.
    Rule::code(10, Unreachable).subcode(2_018_108),
    Rule::code(100, Unreachable).subcode(2_018_001),
    Rule::code(100, Unreachable).subcode(2_534_014),
    Rule::code(200, Unreachable).subcode(1_545_041),
    Rule::code(551, Unreachable),
    // The platform could not fetch the file in time.
    Rule::code(100, Temporary).subcode(2_018_008),
    Rule::code(100, Temporary).subcode(2_018_294),
    // The account, the app or the link between them.
    Rule::code(10, Unauthorized).subcode(1_893_063),
    Rule::code(10, Unauthorized).subcode(2_534_077),
    Rule::code(100, Unauthorized).subcode(2_534_013),
    Rule::code(100, Unauthorized).subcode(2_534_029),
    Rule::code(200, Unauthorized).subcode(2_018_028),
    Rule::code(200, Unauthorized).subcode(2_534_041),
    // Too fast, and a tag used against its rules.
    Rule::code(613, Rejected).subcode(2_018_338),
    Rule::code(613, RateLimited).subcode(2_534_040).scope(LimitScope::Channel),
    // This message.
    Rule::code(100, Rejected).subcode(2_018_014),
    Rule::code(100, Rejected).subcode(2_018_047),
    Rule::code(100, Rejected).subcode(2_018_109),
    Rule::code(100, Rejected).subcode(2_534_015),
    Rule::code(100, Rejected).subcode(2_534_037),
    Rule::code(9_000_001, Rejected),
    // Another app holds the conversation; it may give it back. Documented as codes, seen as subcodes of 10, which alone
    // would stop the channel.
    Rule::code(2_018_300, Temporary).retry_after(MINUTE_MS),
    Rule::code(2_018_321, Temporary).retry_after(MINUTE_MS),
    Rule::any_code(2_018_300, Temporary).retry_after(MINUTE_MS),
    Rule::any_code(2_018_321, Temporary).retry_after(MINUTE_MS),
];
