//! What the codes mean that every Graph product uses. A product's own codes are a table like this one in its
//! connector, and come first.

use patchbay_plugin_sdk::{Failure, FailureKind, LimitScope};
use std::ops::RangeInclusive;

/// What one code, or a range of them, means for a request.
#[derive(Clone, Debug)]
pub struct Rule {
    codes: RangeInclusive<i64>,
    subcode: Option<i64>,
    kind: FailureKind,
    scope: Option<LimitScope>,
    retry_after_ms: Option<u64>,
}

impl Rule {
    pub const fn code(code: i64, kind: FailureKind) -> Self {
        Self::codes(code..=code, kind)
    }

    pub const fn codes(codes: RangeInclusive<i64>, kind: FailureKind) -> Self {
        Self { codes, subcode: None, kind, scope: None, retry_after_ms: None }
    }

    /// This subcode, whichever code it comes with.
    pub const fn any_code(subcode: i64, kind: FailureKind) -> Self {
        Self::codes(i64::MIN..=i64::MAX, kind).subcode(subcode)
    }

    /// Only with this subcode. Put it before the rule for the code alone.
    #[must_use]
    pub const fn subcode(self, subcode: i64) -> Self {
        Self { subcode: Some(subcode), ..self }
    }

    /// Only this recipient has to wait, or the whole channel.
    #[must_use]
    pub const fn scope(self, scope: LimitScope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    #[must_use]
    pub const fn retry_after(self, milliseconds: u64) -> Self {
        Self { retry_after_ms: Some(milliseconds), ..self }
    }

    pub(crate) fn fits(&self, code: i64, subcode: Option<i64>) -> bool {
        self.codes.contains(&code) && self.subcode.is_none_or(|wanted| subcode == Some(wanted))
    }

    pub(crate) fn has_subcode(&self) -> bool {
        self.subcode.is_some()
    }

    pub(crate) fn failure(&self, message: String) -> Failure {
        let failure = Failure::of(self.kind, message).retry_after(self.retry_after_ms);
        Failure { scope: self.scope, ..failure }
    }
}

use FailureKind::{RateLimited, Rejected, Temporary, Unauthorized};

/// The Graph API's own codes.
pub const COMMON: &[Rule] = &[
    Rule::code(0, Unauthorized),
    Rule::codes(1..=2, Temporary),
    Rule::code(3, Unauthorized),
    Rule::code(4, RateLimited).scope(LimitScope::Channel),
    Rule::code(10, Unauthorized),
    Rule::code(17, RateLimited).scope(LimitScope::Channel),
    Rule::code(32, RateLimited).scope(LimitScope::Channel),
    Rule::code(100, Rejected),
    Rule::code(102, Unauthorized),
    Rule::code(190, Unauthorized),
    Rule::codes(200..=299, Unauthorized),
    Rule::code(368, Unauthorized),
    Rule::code(613, RateLimited).scope(LimitScope::Channel),
    Rule::codes(80_000..=80_014, RateLimited).scope(LimitScope::Channel),
];
