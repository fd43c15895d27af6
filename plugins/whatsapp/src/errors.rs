//! The codes that only WhatsApp uses. A code that Meta adds goes here, with what it means for the message, the
//! recipient or the channel.

use patchbay_plugin_meta::Rule;
use patchbay_plugin_sdk::FailureKind::{
    Blocked, OutsideWindow, RateLimited, Rejected, Temporary, Unauthorized, Unreachable,
};
use patchbay_plugin_sdk::LimitScope;

const MINUTE_MS: u64 = 60_000;

/// The contact stopped marketing, which the manifest says is no opt-out: everything else still reaches them.
pub const NO_MARKETING: &str = "131050";

pub const RULES: &[Rule] = &[
    // The number or the account cannot send at all.
    Rule::code(33, Unauthorized),
    Rule::code(131_005, Unauthorized),
    Rule::code(131_031, Unauthorized),
    Rule::code(131_037, Unauthorized),
    Rule::code(131_042, Unauthorized),
    Rule::code(131_045, Unauthorized),
    Rule::code(133_010, Unauthorized),
    Rule::code(133_016, Unauthorized),
    // Too fast.
    Rule::code(130_429, RateLimited).scope(LimitScope::Channel),
    Rule::code(131_056, RateLimited).scope(LimitScope::Recipient),
    // Too many recipients called it spam: going on soon makes it worse.
    Rule::code(131_048, RateLimited).scope(LimitScope::Channel).retry_after(15 * MINUTE_MS),
    // The platform is busy or being moved.
    Rule::code(131_000, Temporary),
    Rule::code(131_016, Temporary),
    Rule::code(131_057, Temporary).retry_after(MINUTE_MS),
    Rule::code(132_069, Temporary).retry_after(MINUTE_MS),
    Rule::code(133_004, Temporary),
    // This recipient on this channel.
    Rule::code(130_497, Unreachable),
    Rule::code(131_026, Unreachable),
    // Twenty-four hours after the contact's last message only templates go.
    Rule::code(131_047, OutsideWindow),
    Rule::code(131_050, Blocked),
    // This message.
    Rule::code(130_472, Rejected),
    Rule::codes(131_008..=131_009, Rejected),
    Rule::code(131_021, Rejected),
    Rule::code(131_049, Rejected),
    Rule::codes(131_051..=131_053, Rejected),
    Rule::code(131_062, Rejected),
    Rule::codes(132_000..=132_001, Rejected),
    Rule::code(132_005, Rejected),
    Rule::code(132_007, Rejected),
    Rule::code(132_012, Rejected),
    Rule::codes(132_015..=132_016, Rejected),
    Rule::code(132_068, Rejected),
    Rule::code(135_000, Rejected),
];
