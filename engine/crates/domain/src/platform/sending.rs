//! What a connector says of sending beyond the fields of its manifest, which cannot grow: it stands in its schema.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Failure, FailureKind, Manifest, RateLimit};
use crate::attempt::Tries;

/// Under [`SendingDetails::SCHEMA_KEYWORD`] of a connector's schema.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SendingDetails {
    /// The platform's codes of failures that are temporary once: after a second try they are final.
    pub retry_once: Vec<String>,
    /// The platform's codes of failures that say that a contact wants no advertising: whatever else is written reaches
    /// them.
    pub no_advertising: Vec<String>,
    pub variants: Vec<Variant>,
}

/// What holds instead of the manifest's for some of a connector's channels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Variant {
    /// Channels of this type; of any, where none is named.
    pub channel_type: Option<String>,
    /// Channels with these values of their settings.
    pub settings: Map<String, Value>,
    pub limits: Option<Vec<RateLimit>>,
    pub reply_window_ms: Option<u64>,
}

impl SendingDetails {
    pub const SCHEMA_KEYWORD: &str = "sending";

    /// # Errors
    ///
    /// What cannot be understood.
    pub fn of(schema: &Value) -> Result<Self, serde_json::Error> {
        schema.get(Self::SCHEMA_KEYWORD).map_or_else(|| Ok(Self::default()), Self::deserialize)
    }
}

impl Variant {
    fn concerns(&self, channel_type: &str, config: &Value) -> bool {
        let is_type = self.channel_type.as_deref().is_none_or(|named| named == channel_type);
        is_type && self.settings.iter().all(|(name, value)| config.get(name) == Some(value))
    }
}

impl Manifest {
    /// What holds for such a channel, where that is something else than what the manifest says.
    #[must_use]
    pub fn for_channel(&self, channel_type: &str, config: &Value) -> Option<Self> {
        let variants = SendingDetails::of(&self.config_schema).ok()?.variants;
        let fitting: Vec<_> = variants.into_iter().filter(|variant| variant.concerns(channel_type, config)).collect();
        if fitting.is_empty() {
            return None;
        }
        let mut manifest = self.clone();
        for Variant { limits, reply_window_ms, .. } in fitting {
            manifest.reply_window_ms = reply_window_ms.or(manifest.reply_window_ms);
            manifest.limits = limits.unwrap_or(manifest.limits);
        }
        Some(manifest)
    }

    /// A failure as it stands after so many tries: one that the platform wants to be tried once more has had that.
    #[must_use]
    pub fn after(&self, tries: Tries, failure: Failure) -> Failure {
        let is_over = failure.kind == FailureKind::Temporary && tries.counted() > 1;
        if is_over && self.names(&failure, |details| &details.retry_once) {
            return Failure { kind: FailureKind::Rejected, ..failure };
        }
        self.judged(failure)
    }

    /// A failure as it counts: a contact who only wants no advertising has not asked for no more messages.
    #[must_use]
    pub fn judged(&self, failure: Failure) -> Failure {
        if failure.kind == FailureKind::Blocked && self.names(&failure, |details| &details.no_advertising) {
            return Failure { kind: FailureKind::Rejected, ..failure };
        }
        failure
    }

    fn names(&self, failure: &Failure, codes: impl Fn(&SendingDetails) -> &Vec<String>) -> bool {
        let Some(code) = &failure.code else { return false };
        SendingDetails::of(&self.config_schema).is_ok_and(|details| codes(&details).contains(code))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(sending: &Value) -> Manifest {
        Manifest {
            id: "test".into(),
            name: "Test".into(),
            version: "0.1.0".into(),
            channel_types: vec!["SMS".into(), "CHAT".into()],
            config_schema: json!({"sending": sending}),
            hosts: vec![],
            capabilities: vec![],
            limits: vec![],
            reply_window_ms: Some(7),
            address_field: None,
            poll_every_ms: None,
            oauth2: None,
        }
    }

    #[test]
    fn some_channels_have_other_limits_and_another_window() {
        let limit = json!({"scope": "channel", "permits": 1, "perMs": 1000});
        let manifest = manifest(&json!({"variants": [
            {"channelType": "SMS", "limits": [limit]},
            {"settings": {"slow": true}, "replyWindowMs": 1},
        ]}));
        let of = |channel_type, config| {
            let other = manifest.for_channel(channel_type, &config)?;
            Some((other.limits.len(), other.reply_window_ms))
        };
        assert_eq!(of("CHAT", json!({})), None);
        assert_eq!(of("CHAT", json!({"slow": false})), None);
        assert_eq!(of("CHAT", json!({"slow": true})), Some((0, Some(1))));
        assert_eq!(of("SMS", json!({})), Some((1, Some(7))));
        assert_eq!(of("SMS", json!({"slow": true})), Some((1, Some(1))));
        assert!(SendingDetails::of(&json!({"sending": {"variant": []}})).is_err());
    }

    #[test]
    fn what_is_worth_one_more_try_gets_one() {
        let manifest = manifest(&json!({"retryOnce": ["30003"]}));
        let after = |made, kind, code: &str| {
            let failure =
                Failure { kind, code: Some(code.into()), message: "m".into(), retry_after_ms: None, scope: None };
            manifest.after(Tries { made, paced: 1 }, failure).kind
        };
        assert_eq!(after(2, FailureKind::Temporary, "30003"), FailureKind::Temporary);
        assert_eq!(after(3, FailureKind::Temporary, "30003"), FailureKind::Rejected);
        assert_eq!(after(3, FailureKind::Temporary, "30008"), FailureKind::Temporary);
        assert_eq!(after(3, FailureKind::Unknown, "30003"), FailureKind::Unknown);
    }

    #[test]
    fn who_wants_no_advertising_has_not_asked_for_no_more_messages() {
        let manifest = manifest(&json!({"noAdvertising": ["131050"]}));
        let judged = |kind, code: Option<&str>| {
            let code = code.map(Into::into);
            manifest.judged(Failure { kind, code, message: "m".into(), retry_after_ms: None, scope: None }).kind
        };
        assert_eq!(judged(FailureKind::Blocked, Some("131050")), FailureKind::Rejected);
        assert_eq!(judged(FailureKind::Blocked, Some("1")), FailureKind::Blocked);
        assert_eq!(judged(FailureKind::Blocked, None), FailureKind::Blocked);
        assert_eq!(judged(FailureKind::Temporary, Some("131050")), FailureKind::Temporary);
    }
}
