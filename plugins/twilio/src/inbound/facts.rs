//! What Twilio tells beside the message and the contract has no field for.

use crate::wire::Fields;
use serde_json::{Map, Value, json};

/// Each with the name under which it is kept.
const FACTS: [(&str, &str); 8] = [
    ("messaging_service_sid", "MessagingServiceSid"),
    ("forwarded", "Forwarded"),
    ("frequently_forwarded", "FrequentlyForwarded"),
    ("replied_message_sender", "OriginalRepliedMessageSender"),
    ("from_city", "FromCity"),
    ("from_state", "FromState"),
    ("from_zip", "FromZip"),
    ("from_country", "FromCountry"),
];

/// The advertisement from which a contact came.
const REFERRAL: [(&str, &str); 9] = [
    ("body", "ReferralBody"),
    ("headline", "ReferralHeadline"),
    ("source_id", "ReferralSourceId"),
    ("source_type", "ReferralSourceType"),
    ("source_url", "ReferralSourceUrl"),
    ("media_id", "ReferralMediaId"),
    ("media_url", "ReferralMediaUrl"),
    ("media_content_type", "ReferralMediaContentType"),
    ("ctwa_clid", "ReferralCtwaClid"),
];

pub fn metadata(fields: &Fields) -> String {
    let mut facts = object(fields, &FACTS);
    let referral = object(fields, &REFERRAL);
    if !referral.is_empty() {
        facts.insert("referral".to_owned(), Value::Object(referral));
    }
    if let Some(text) = fields.get("ChannelMetadata") {
        facts.insert("channel_metadata".to_owned(), serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
    }
    Value::Object(facts).to_string()
}

fn object(fields: &Fields, names: &[(&str, &str)]) -> Map<String, Value> {
    let fact = |(name, field): &(&str, &str)| Some(((*name).to_owned(), json!(fields.get(field)?)));
    names.iter().filter_map(fact).collect()
}
