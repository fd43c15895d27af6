//! Message templates of the organisation's default WhatsApp channel: what the
//! platform knows of them is kept here, and what people change is asked of it first.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    ChannelId, TemplateId,
    platform::{Command, FailureKind, Outcome},
};
use patchbay_store::{
    template_changes::{ListedTemplate, TemplateUpdate},
    templates::{KnownTemplate, TemplateFilter},
    tickets::Page,
};
use serde_json::{Value, json};

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    default_channel,
    page::{Listed, Part},
};
use crate::{
    app::App,
    auth::{Admin, Principal},
    session::SessionError,
};

/// So many of one name are looked at, in whatever languages.
const OF_ONE_NAME: u32 = 100;
/// What a template is until the platform has looked at it.
const PENDING: &str = "PENDING";

#[derive(Debug)]
pub struct NewTemplate {
    /// What people call it.
    pub title: String,
    pub category: String,
    pub language: String,
    pub components: Value,
}

/// `None` leaves it.
#[derive(Debug, Default)]
pub struct ChangeTemplate {
    pub title: Option<String>,
    pub category: Option<String>,
    pub language: Option<String>,
    pub components: Option<Value>,
}

/// What changed last first.
pub async fn list(
    app: &App,
    principal: &Principal,
    filter: &TemplateFilter,
    part: Part<(DateTime<Utc>, TemplateId)>,
) -> Result<Listed<KnownTemplate>, ServiceError> {
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let items = app.store.templates(principal.organisation_id, filter, page).await?;
    let total = app.store.count_templates(principal.organisation_id, filter).await?;
    Ok(Listed::of(items, total, part.limit(), |last| (last.updated_at, last.id)))
}

pub async fn get(app: &App, principal: &Principal, id: TemplateId) -> Result<KnownTemplate, ServiceError> {
    app.store.template(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("template"))
}

/// Takes over what the platform lists. Answers how many that are.
pub async fn sync(app: &App, principal: &Principal) -> Result<usize, ServiceError> {
    let channel = default_channel::need(app, principal).await?;
    let now = (app.clock)();
    let listed = match app.sessions.command(channel.id, Command::ListTemplates).await {
        Ok(Outcome::Templates(Value::Array(listed))) => listed,
        // Taken for an empty list, it would disable every template.
        Ok(_) => return Err(odd()),
        Err(error) => return Err(refusal(error)),
    };
    let listed: Vec<_> = listed.iter().filter_map(|template| read(template, TemplateId::at(now))).collect();
    app.store.sync_templates(principal.organisation_id, channel.id, &listed, now).await?;
    Ok(listed.len())
}

pub async fn create(app: &App, admin: &Admin, write: WriteId, new: NewTemplate) -> Result<KnownTemplate, ServiceError> {
    let NewTemplate { title, category, language, components } = new;
    let id = TemplateId::from(write.id);
    if write.repeated
        && let Some(known) = app.store.template(admin.organisation_id, id).await?
    {
        return Ok(known);
    }
    let channel = default_channel::need(app, admin).await?;
    let name = platform_name(&title);
    let wanted = json!({"name": name, "language": language, "category": category, "components": components});
    let answer = submit(app, channel.id, wanted).await?;
    let template = read(&answer, id).ok_or_else(|| {
        ServiceError::Internal("the connector answered a template without its name or its language".to_owned())
    })?;
    let audit = admin.did(Action::Create, Entity::Template, id);
    let audit = audit.with_change(Value::Null, json!({"name": name, "language": language, "category": category}));
    let (organisation, now) = (admin.organisation_id, (app.clock)());
    let id = app.store.create_template(organisation, channel.id, &template, &title, Some(&audit), now).await?;
    get(app, admin, id).await
}

/// The name that people gave it changes here, the rest at the platform, which then looks at it again.
pub async fn change(
    app: &App,
    admin: &Admin,
    id: TemplateId,
    change: ChangeTemplate,
) -> Result<KnownTemplate, ServiceError> {
    let ChangeTemplate { title, category, language, components } = change;
    let known = get(app, admin, id).await?;
    if language.is_some_and(|language| language != known.language) {
        let problem = "cannot be changed at the platform; create another template";
        return Err(ServiceError::invalid("language", problem));
    }
    let category = category.filter(|category| *category != known.category);
    let components = components.filter(|components| *components != known.components);
    let is_asked = category.is_some() || components.is_some();
    if is_asked {
        let wanted = json!({
            "id": external_id(&known)?,
            "name": known.name,
            "language": known.language,
            "category": category.as_ref().unwrap_or(&known.category),
            "components": components.as_ref().unwrap_or(&known.components),
        });
        submit(app, known.channel_id, wanted).await?;
    }
    let status = is_asked.then(|| PENDING.to_owned());
    let update = TemplateUpdate { title, category, components, status };
    let audit = admin.did(Action::Update, Entity::Template, id);
    let before = json!({"title": known.title, "category": known.category, "components": known.components});
    let after = json!({
        "title": update.title.as_ref().or(known.title.as_ref()),
        "category": update.category.as_ref().unwrap_or(&known.category),
        "components": update.components.as_ref().unwrap_or(&known.components),
    });
    let audit = audit.with_change(before, after);
    let now = (app.clock)();
    if !app.store.update_template(admin.organisation_id, id, &update, Some(&audit), now).await? {
        return Err(ServiceError::NotFound("template"));
    }
    get(app, admin, id).await
}

/// Here and at the platform, where it is known there.
pub async fn delete(app: &App, admin: &Admin, id: TemplateId) -> Result<(), ServiceError> {
    let known = get(app, admin, id).await?;
    if known.external_id.is_some() {
        let gone = json!({"id": external_id(&known)?, "name": known.name, "deleted": true});
        submit(app, known.channel_id, gone).await?;
    }
    let audit = admin.did(Action::Delete, Entity::Template, id);
    let audit = audit.with_change(json!({"name": known.name, "language": known.language}), Value::Null);
    if !app.store.delete_template(admin.organisation_id, id, Some(&audit), (app.clock)()).await? {
        return Err(ServiceError::NotFound("template"));
    }
    Ok(())
}

/// The one of a channel that is meant by an identifier of ours, the platform's name or what people call it.
pub(super) async fn meant(
    app: &App,
    principal: &Principal,
    channel: ChannelId,
    name: &str,
    language: Option<&str>,
) -> Result<Option<KnownTemplate>, ServiceError> {
    if let Ok(id) = name.parse::<TemplateId>() {
        let known = app.store.template(principal.organisation_id, id).await?;
        return Ok(known.filter(|known| known.channel_id == channel));
    }
    let known = app.store.templates_called(channel, name, OF_ONE_NAME).await?;
    Ok(known.into_iter().find(|known| language.is_none_or(|language| known.language == language)))
}

fn external_id(known: &KnownTemplate) -> Result<&str, ServiceError> {
    known.external_id.as_deref().ok_or_else(|| {
        let message = "the platform does not know this template any more; create it anew".to_owned();
        ServiceError::Refused { code: "TEMPLATE_UNKNOWN", message }
    })
}

/// What the platform made of it.
async fn submit(app: &App, channel: ChannelId, template: Value) -> Result<Value, ServiceError> {
    match app.sessions.command(channel, Command::SubmitTemplate(template)).await {
        Ok(Outcome::Templates(Value::Array(templates))) => Ok(templates.into_iter().next().unwrap_or_default()),
        Ok(_) => Ok(Value::Null),
        Err(error) => Err(refusal(error)),
    }
}

fn odd() -> ServiceError {
    ServiceError::Platform("the connector answered with something else than templates".to_owned())
}

fn refusal(error: SessionError) -> ServiceError {
    match error {
        SessionError::Failed(failure) => match failure.kind {
            FailureKind::Temporary | FailureKind::RateLimited | FailureKind::Unknown => ServiceError::unavailable(),
            // The channel's credentials, never the caller's.
            FailureKind::Unauthorized => {
                ServiceError::Refused { code: "CHANNEL_UNAUTHORIZED", message: failure.message }
            }
            FailureKind::Unsupported => ServiceError::Refused { code: "UNSUPPORTED", message: failure.message },
            _ => ServiceError::invalid("template", format!("is refused by the platform: {}", failure.message)),
        },
        SessionError::UnknownChannel => ServiceError::NotFound("channel"),
        SessionError::Connector(error) => ServiceError::Internal(error),
        SessionError::Transport(_) | SessionError::Unavailable(_) => ServiceError::unavailable(),
    }
}

/// How the platform writes that there is no reason.
const NO_REASON: &str = "NONE";

/// A template as the platform has it; nothing where that has no name.
fn read(template: &Value, id: TemplateId) -> Option<ListedTemplate> {
    let text = |name: &str| match template.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    Some(ListedTemplate {
        id,
        external_id: text("id"),
        name: text("name")?,
        language: text("language")?,
        category: text("category").unwrap_or_default(),
        status: text("status").unwrap_or_else(|| PENDING.to_owned()),
        reason: text("rejected_reason").filter(|reason| reason != NO_REASON),
        components: template.get("components").filter(|list| list.is_array()).cloned().unwrap_or_else(|| json!([])),
    })
}

/// Lower-case letters and digits; for anything else an underscore.
fn platform_name(title: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    title.trim().chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_names_have_few_letters() {
        assert_eq!(platform_name(" Welcome, Message 2 "), "welcome__message_2");
        assert_eq!(platform_name("Grüße"), "gr__e");
    }

    #[test]
    fn what_has_no_name_is_no_template() {
        let id = TemplateId::at(DateTime::UNIX_EPOCH);
        assert_eq!(read(&json!({"language": "en"}), id), None);
        let known = read(&json!({"name": "a", "language": "en", "id": 5, "rejected_reason": "NONE"}), id).unwrap();
        assert_eq!((known.external_id.as_deref(), known.reason, known.status.as_str()), (Some("5"), None, "PENDING"));
    }
}
