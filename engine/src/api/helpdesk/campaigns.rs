//! `/orgs/{orgId}/campaigns`. Their recipients are in `campaign_recipients.rs`, what is answered in `campaign_answers.rs`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{CampaignId, ChannelId, platform::TemplateUse};
use patchbay_store::campaigns::RecipientFilter;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Error, Id,
    campaign_answers::{Campaign, Reported, Retried, Stats, WithRecipients},
    campaign_recipients::Recipient,
    page::{self, PageQuery},
};
use crate::{
    api::{
        description::Described,
        endpoint::{get, post, put},
        fields::{Check, Field, Noted},
    },
    app::App,
    auth::{Admin, Principal},
    service::{
        ServiceError, WriteId,
        campaigns::{self, ChangeCampaign, CreateCampaign},
        fields::{Name, is_storable},
        page::Part,
    },
};

pub fn endpoints() -> Vec<Described> {
    let all = "/{organisation}/campaigns";
    let one = "/{organisation}/campaigns/{id}";
    vec![
        get("/analytics/campaigns", report).does("List the numbers of every campaign").pages::<Reported>(),
        get(all, list).does("List campaigns").pages::<Campaign>(),
        post(all, create)
            .does("Make a campaign")
            .admins()
            .takes::<Body>()
            .creates::<Campaign>()
            .refuses(&[404, 409, 422]),
        get(one, show).does("Show a campaign").answers::<WithRecipients>(),
        put(one, update).does("Change a campaign").admins().takes::<Body>().answers::<Campaign>().refuses(&[409]),
        post("/{organisation}/campaigns/{id}/start", start)
            .does("Start a campaign, or have it start at its time")
            .admins()
            .answers::<Campaign>()
            .refuses(&[409, 422]),
        post("/{organisation}/campaigns/{id}/pause", pause)
            .does("Pause a campaign")
            .admins()
            .answers::<Campaign>()
            .refuses(&[409]),
        post("/{organisation}/campaigns/{id}/resume", resume)
            .does("Go on with a campaign")
            .admins()
            .answers::<Campaign>()
            .refuses(&[409, 422]),
        post("/{organisation}/campaigns/{id}/cancel", cancel)
            .does("End a campaign")
            .admins()
            .answers::<Campaign>()
            .refuses(&[409]),
        post("/{organisation}/campaigns/{id}/retry", retry)
            .does("Write again to recipients who could not be reached")
            .admins()
            .answers::<Retried>()
            .refuses(&[409, 422]),
        get("/{organisation}/campaigns/{id}/stats", stats).does("Count a campaign's recipients").answers::<Stats>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WriteCampaign")]
struct Body {
    #[serde(default)]
    channel_id: Field<ChannelId>,
    #[serde(default)]
    name: Field<String>,
    #[serde(default)]
    message_template: Field<Said>,
    /// A template of the platform; then the text is only what people see of it.
    #[serde(default)]
    template: Field<TemplateUse>,
    #[serde(default)]
    scheduled_at: Field<String>,
}

/// A text with places such as `{{name}}`, or a template of the platform whose parameters have such places.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "must be a text, or a template with its name, its language and its parameters")]
#[schemars(rename = "CampaignText")]
enum Said {
    Text(String),
    Template(TemplateUse),
}

/// The text and the template, however the template was named.
fn said(message: Field<Said>, template: Field<TemplateUse>) -> (Field<String>, Field<TemplateUse>) {
    match (message, template) {
        (Field::Given(Said::Text(text)), template) => (Field::Given(text), template),
        (Field::Given(Said::Template(named)), Field::Absent | Field::Null) => (Field::Absent, Field::Given(named)),
        (Field::Given(Said::Template(_)), template) => {
            (Field::Wrong("must be a text where template says what is sent".to_owned()), template)
        }
        (Field::Absent, template) => (Field::Absent, template),
        (Field::Null, template) => (Field::Null, template),
        (Field::Wrong(problem), template) => (Field::Wrong(problem), template),
    }
}

impl Body {
    fn read_new(self) -> Result<CreateCampaign, ServiceError> {
        let Self { channel_id, name, message_template, template, scheduled_at } = self;
        let (message_template, template) = said(message_template, template);
        let mut check = Check::default();
        let channel_id = check.required_value("channelId", channel_id);
        let name = check.required::<Name>("name", name);
        let template = template_of(&mut check, template).map(Option::flatten);
        let text = match &template {
            Ok(Some(_)) => check.optional("messageTemplate", message_template),
            Ok(None) | Err(_) => check.required("messageTemplate", message_template).map(Some),
        };
        let scheduled_at = moment(&mut check, scheduled_at).map(Option::flatten);
        check.finish(|| {
            Ok(CreateCampaign {
                channel_id: channel_id?,
                name: name?,
                text: text?,
                template: template?,
                scheduled_at: scheduled_at?,
            })
        })
    }

    fn read_change(self) -> Result<ChangeCampaign, ServiceError> {
        // The channel stays: its contacts are not those of another.
        let Self { channel_id: _, name, message_template, template, scheduled_at } = self;
        let (message_template, template) = said(message_template, template);
        let mut check = Check::default();
        let (name, text) = (check.optional("name", name), check.optional("messageTemplate", message_template));
        let template = template_of(&mut check, template);
        let scheduled_at = moment(&mut check, scheduled_at);
        check.finish(|| {
            Ok(ChangeCampaign { name: name?, text: text?, template: template?, scheduled_at: scheduled_at? })
        })
    }
}

#[expect(clippy::option_option, reason = "absent, null and given are three things")]
fn template_of(check: &mut Check, field: Field<TemplateUse>) -> Result<Option<Option<TemplateUse>>, Noted> {
    match check.nullable("template", field)? {
        Some(Some(template)) if template.name.trim().is_empty() || template.language.trim().is_empty() => {
            Err(check.note("template", "must have a name and a language"))
        }
        Some(Some(template)) if !serde_json::to_value(&template).is_ok_and(|value| is_storable(&value)) => {
            Err(check.note("template", "must not contain the character U+0000"))
        }
        template => Ok(template),
    }
}

/// An empty text stands for none, as forms send it.
#[expect(clippy::option_option, reason = "absent, null and given are three things")]
fn moment(check: &mut Check, field: Field<String>) -> Result<Option<Option<DateTime<Utc>>>, Noted> {
    let text = check.nullable("scheduledAt", field)?;
    let parsed = text.map(|text| text.filter(|text| !text.is_empty()).map(|text| text.parse()).transpose());
    let wrong = "must be a date and a time with its zone, such as 2026-05-31T10:00:00Z";
    parsed.transpose().map_err(|_| check.note("scheduledAt", wrong))
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let part = query.into_inner().part()?;
    let listed = campaigns::list(&app, &principal, part).await?;
    Ok(page::answer(&request, &part, listed, Campaign::from))
}

async fn create(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    body: web::Json<Body>,
) -> Result<HttpResponse, Error> {
    let created = campaigns::create(&app, &admin, write, body.into_inner().read_new()?).await?;
    Ok(HttpResponse::Created().json(Campaign::from(created)))
}

async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<CampaignId>>,
) -> Result<HttpResponse, Error> {
    let campaign = campaigns::get(&app, &principal, path.id).await?.into();
    let listed = campaigns::recipients(&app, &principal, path.id, RecipientFilter::default(), Part::All).await?;
    let recipients = listed.items.into_iter().map(Recipient::from).collect();
    Ok(HttpResponse::Ok().json(WithRecipients { campaign, recipients }))
}

async fn update(
    app: web::Data<App>,
    admin: Admin,
    path: web::Path<Id<CampaignId>>,
    body: web::Json<Body>,
) -> Result<HttpResponse, Error> {
    let updated = campaigns::update(&app, &admin, path.id, body.into_inner().read_change()?).await?;
    Ok(HttpResponse::Ok().json(Campaign::from(updated)))
}

async fn start(app: web::Data<App>, admin: Admin, path: web::Path<Id<CampaignId>>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Campaign::from(campaigns::start(&app, &admin, path.id).await?)))
}

async fn pause(app: web::Data<App>, admin: Admin, path: web::Path<Id<CampaignId>>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Campaign::from(campaigns::pause(&app, &admin, path.id).await?)))
}

async fn resume(app: web::Data<App>, admin: Admin, path: web::Path<Id<CampaignId>>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Campaign::from(campaigns::resume(&app, &admin, path.id).await?)))
}

async fn cancel(app: web::Data<App>, admin: Admin, path: web::Path<Id<CampaignId>>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Campaign::from(campaigns::cancel(&app, &admin, path.id).await?)))
}

async fn retry(app: web::Data<App>, admin: Admin, path: web::Path<Id<CampaignId>>) -> Result<HttpResponse, Error> {
    let (campaign, retried_count) = campaigns::retry(&app, &admin, path.id).await?;
    Ok(HttpResponse::Ok().json(Retried { campaign: campaign.into(), retried_count }))
}

async fn stats(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<CampaignId>>,
) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Stats::from(campaigns::stats(&app, &principal, path.id).await?)))
}

async fn report(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let all = campaigns::report(&app, &principal).await?.into_iter().map(Reported::from).collect();
    page::of_all(&request, query.into_inner(), all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: serde_json::Value) -> Body {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_a_campaign_needs_is_told_together() {
        let error = body(json!({"name": " ", "scheduledAt": "tomorrow"})).read_new().unwrap_err().to_string();
        for problem in ["channelId: is required", "name: must not be empty", "messageTemplate: is required", "zone"] {
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn a_platform_template_needs_no_text() {
        let template = json!({"name": "offer", "language": "en", "parameters": ["{{name}}"]});
        let channel = "00000000-0000-7000-8000-000000000000";
        let new = body(json!({"channelId": channel, "name": "n", "template": template})).read_new().unwrap();
        assert_eq!((new.text, new.template.unwrap().parameters), (None, json!(["{{name}}"])));
        let named = body(json!({"channelId": channel, "name": "n", "messageTemplate": template})).read_new().unwrap();
        assert_eq!((named.text, named.template.unwrap().name.as_str()), (None, "offer"));
        let twice = json!({"channelId": channel, "name": "n", "messageTemplate": template, "template": template});
        assert!(body(twice).read_new().unwrap_err().to_string().contains("messageTemplate: must be a text where"));
        let number = body(json!({"channelId": channel, "name": "n", "messageTemplate": 5})).read_new().unwrap_err();
        assert!(number.to_string().starts_with("messageTemplate: must be a text, or a template with"), "{number}");
        let nameless = json!({"channelId": channel, "name": "n", "template": {"name": "", "language": "en"}});
        assert!(body(nameless).read_new().unwrap_err().to_string().contains("template: must have a name"));
    }

    #[test]
    fn a_campaign_that_is_no_longer_scheduled_says_null() {
        let change = |value| body(value).read_change().unwrap().scheduled_at;
        assert_eq!(change(json!({"scheduledAt": null})), Some(None));
        assert_eq!(change(json!({"name": "n"})), None);
        assert!(change(json!({"scheduledAt": "2026-05-31T10:00:00+02:00"})).flatten().is_some());
    }
}
