//! Templates as this dialect shows them.

use chrono::{DateTime, Utc};
use patchbay_domain::TemplateId;
use patchbay_store::templates::{KnownTemplate, TemplateFilter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a template may be used for. The platform has more words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum StateWord {
    Pending,
    Approved,
    Rejected,
    Disabled,
}

/// One that is flagged may lose its approval and has it yet.
const APPROVED: &[&str] = &["APPROVED", "FLAGGED", "REINSTATED"];
const REJECTED: &[&str] = &["REJECTED"];
const DISABLED: &[&str] =
    &["DISABLED", "PAUSED", "DELETED", "PENDING_DELETION", "LIMIT_EXCEEDED", "ARCHIVED", "LOCKED"];
/// Everything else waits for somebody's decision.
const DECIDED: &[&str] = &[
    "APPROVED",
    "FLAGGED",
    "REINSTATED",
    "REJECTED",
    "DISABLED",
    "PAUSED",
    "DELETED",
    "PENDING_DELETION",
    "LIMIT_EXCEEDED",
    "ARCHIVED",
    "LOCKED",
];

impl StateWord {
    pub const ALLOWED: &str = "PENDING APPROVED REJECTED DISABLED";

    fn of(status: &str) -> Self {
        match status {
            status if APPROVED.contains(&status) => Self::Approved,
            status if REJECTED.contains(&status) => Self::Rejected,
            status if DISABLED.contains(&status) => Self::Disabled,
            _ => Self::Pending,
        }
    }

    pub fn filter(self) -> TemplateFilter {
        let of = |statuses| TemplateFilter { statuses, ..TemplateFilter::default() };
        match self {
            Self::Approved => of(APPROVED),
            Self::Rejected => of(REJECTED),
            Self::Disabled => of(DISABLED),
            Self::Pending => TemplateFilter { other_than: DECIDED, ..TemplateFilter::default() },
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "KnownTemplate")]
pub struct Template {
    id: TemplateId,
    /// As people call it.
    name: String,
    /// As the platform calls it.
    meta_name: String,
    category: String,
    language: String,
    status: StateWord,
    rejection_reason: Option<String>,
    components: Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<KnownTemplate> for Template {
    fn from(known: KnownTemplate) -> Self {
        let KnownTemplate {
            id,
            title,
            name,
            language,
            category,
            status,
            reason,
            components,
            created_at,
            updated_at,
            ..
        } = known;
        Self {
            id,
            name: title.unwrap_or_else(|| name.clone()),
            meta_name: name,
            category,
            language,
            status: StateWord::of(&status),
            rejection_reason: reason,
            components,
            created_at,
            updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_platforms_words_is_one_of_four() {
        use StateWord::{Approved, Disabled, Pending, Rejected};
        let told = ["APPROVED", "FLAGGED", "IN_APPEAL", "PAUSED", "REJECTED", "SOMETHING"].map(StateWord::of);
        assert_eq!(told, [Approved, Approved, Pending, Disabled, Rejected, Pending]);
    }

    #[test]
    fn what_waits_is_everything_that_is_not_decided() {
        let words: Vec<_> = [APPROVED, REJECTED, DISABLED].concat();
        assert_eq!(words, DECIDED);
    }
}
