//! What a campaign says and when, checked before anybody is written to: what
//! every recipient would be refused is told once, to whoever plans it.

use chrono::{DateTime, Duration, Utc};
use patchbay_domain::{ChannelId, campaign::Wording, platform::TemplateUse, sending::Refusal};

use super::ServiceError;
use crate::app::App;

/// Nobody plans further ahead.
const FURTHEST: Duration = Duration::days(5 * 366);
const APPROVED: &str = "APPROVED";

pub(super) fn wording(text: Option<String>, template: Option<TemplateUse>) -> Result<Wording, ServiceError> {
    let text = match (text, &template) {
        (Some(text), _) => text,
        (None, Some(template)) => format!("[{}]", template.name),
        (None, None) => return Err(ServiceError::invalid("messageTemplate", "is required")),
    };
    let wording = Wording { text, template };
    let field = if wording.template.is_some() { "template" } else { "messageTemplate" };
    wording.check().map_err(|problem| ServiceError::invalid(field, problem.to_string()))?;
    Ok(wording)
}

/// Whether the channel can carry it.
pub(super) async fn may_say(app: &App, channel_id: ChannelId, wording: &Wording) -> Result<(), ServiceError> {
    let channel = app.channels.get(channel_id).await?;
    let Some(template) = &wording.template else { return Ok(()) };
    if !channel.manifest().can("templates") {
        return Err(Refusal::UnsupportedContent.into());
    }
    // One that is not known here, the platform may know.
    match app.store.template_status(channel_id, &template.name, &template.language).await? {
        Some(status) if !status.eq_ignore_ascii_case(APPROVED) => Err(ServiceError::Refused {
            code: "TEMPLATE_NOT_APPROVED",
            message: format!("the platform has not approved this template; it is {status}"),
        }),
        _ => Ok(()),
    }
}

pub(super) fn ahead(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, ServiceError> {
    if at <= now || at > now + FURTHEST {
        return Err(ServiceError::invalid("scheduledAt", "must be in the future, and at most five years ahead"));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_campaign_says_something_and_nothing_unknown() {
        let said = |text: Option<&str>| wording(text.map(str::to_owned), None).map_err(|error| error.to_string());
        assert_eq!(said(None).unwrap_err(), "messageTemplate: is required");
        let unknown = "messageTemplate: {{nickname}} stands for nothing that is known here";
        assert_eq!(said(Some("{{nickname}}")).unwrap_err(), unknown);
        assert!(said(Some("Hi {{name}}")).is_ok());
        let template = TemplateUse { name: "offer".into(), language: "en".into(), parameters: json!(["{{name}}"]) };
        assert_eq!(wording(None, Some(template)).unwrap().text, "[offer]");
    }

    #[test]
    fn a_moment_lies_ahead() {
        let now = DateTime::UNIX_EPOCH;
        assert!(ahead(now, now).is_err());
        assert!(ahead(now + FURTHEST + Duration::seconds(1), now).is_err());
        assert_eq!(ahead(now + Duration::seconds(1), now).unwrap(), now + Duration::seconds(1));
    }
}
