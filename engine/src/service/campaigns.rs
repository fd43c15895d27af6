//! Campaigns: writing them, saying when they go which way, and how their
//! recipients stand. What a plan must be is in `campaign_plans.rs`, how recipients
//! are added in `campaign_lists.rs`; the sending itself is the engine's
//! ([`crate::campaign`]).

use chrono::{DateTime, Utc};
use patchbay_domain::{
    CampaignId, ChannelId, RecipientId,
    campaign::{NotNow, Transition},
    platform::TemplateUse,
};
use patchbay_store::{
    campaigns::{Campaign, CampaignCursor, CampaignUpdate, Changed, Counted, NewCampaign, Recipient, RecipientFilter},
    tickets::Page,
};
use serde_json::{Value, json};

use super::{
    ServiceError, WriteId,
    audit::{Action, Entity},
    campaign_plans::{ahead, may_say, wording},
    channels,
    fields::{MessageText, Name},
    page::{LONGEST, Listed, Part},
};
use crate::{
    app::App,
    auth::{Admin, Principal},
};

#[derive(Debug)]
pub struct CreateCampaign {
    pub channel_id: ChannelId,
    pub name: Name,
    /// There is one of the two.
    pub text: Option<MessageText>,
    pub template: Option<TemplateUse>,
    pub scheduled_at: Option<DateTime<Utc>>,
}

/// `None` leaves it.
#[derive(Debug, Default)]
pub struct ChangeCampaign {
    pub name: Option<Name>,
    pub text: Option<MessageText>,
    pub template: Option<Option<TemplateUse>>,
    pub scheduled_at: Option<Option<DateTime<Utc>>>,
}

/// The newest first.
pub async fn list(
    app: &App,
    principal: &Principal,
    part: Part<CampaignCursor>,
) -> Result<Listed<Campaign>, ServiceError> {
    let organisation = principal.organisation_id;
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let items = app.store.campaigns(organisation, page).await?;
    let total = app.store.count_campaigns(organisation).await?;
    let place = |last: &Campaign| CampaignCursor { created_at: last.created_at, id: last.id };
    Ok(Listed::of(items, total, part.limit(), place))
}

pub async fn get(app: &App, principal: &Principal, id: CampaignId) -> Result<Campaign, ServiceError> {
    app.store.campaign(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("campaign"))
}

pub async fn create(
    app: &App,
    admin: &Admin,
    write: WriteId,
    create: CreateCampaign,
) -> Result<Campaign, ServiceError> {
    let CreateCampaign { channel_id, name, text, template, scheduled_at } = create;
    let id = CampaignId::from(write.id);
    if write.repeated
        && let Some(made) = app.store.campaign(admin.organisation_id, id).await?
    {
        return Ok(made);
    }
    channels::find(app, admin, channel_id).await?;
    let wording = wording(text.map(MessageText::into_string), template)?;
    may_say(app, channel_id, &wording).await?;
    let scheduled_at = scheduled_at.map(|at| ahead(at, (app.clock)())).transpose()?;
    let new = NewCampaign {
        id,
        organisation_id: admin.organisation_id,
        channel_id,
        name: name.into_string(),
        wording,
        scheduled_at,
        created_by: admin.user_id,
    };
    let after = json!({
        "channelId": channel_id,
        "name": new.name,
        "messageTemplate": new.wording.text,
        "template": new.wording.template,
        "scheduledAt": scheduled_at,
    });
    let audit = admin.did(Action::Create, Entity::Campaign, id).with_change(Value::Null, after);
    app.store.create_campaign(&new, &audit, (app.clock)()).await?;
    get(app, admin, id).await
}

fn name_of(template: Option<&TemplateUse>) -> Option<&str> {
    template.map(|template| template.name.as_str())
}

/// Only before it starts.
pub async fn update(
    app: &App,
    admin: &Admin,
    id: CampaignId,
    change: ChangeCampaign,
) -> Result<Campaign, ServiceError> {
    let known = get(app, admin, id).await?;
    let ChangeCampaign { name, text, template, scheduled_at } = change;
    let now = (app.clock)();
    let wording = if text.is_some() || template.is_some() {
        let template = template.unwrap_or_else(|| known.wording.template.clone());
        // Another template is seen under its own name.
        let is_other = template.is_some() && name_of(template.as_ref()) != name_of(known.wording.template.as_ref());
        let shown = (!is_other).then(|| known.wording.text.clone());
        let wording = wording(text.map(MessageText::into_string).or(shown), template)?;
        may_say(app, known.channel_id, &wording).await?;
        Some(wording)
    } else {
        None
    };
    let scheduled_at = scheduled_at.map(|at| at.map(|at| ahead(at, now)).transpose()).transpose()?;
    let update = CampaignUpdate { name: name.map(Name::into_string), wording, scheduled_at };
    let next = update.wording.as_ref().unwrap_or(&known.wording);
    let after = json!({
        "name": update.name.as_ref().unwrap_or(&known.name),
        "messageTemplate": next.text,
        "template": next.template,
        "scheduledAt": scheduled_at.unwrap_or(known.scheduled_at),
    });
    let audit = admin.did(Action::Update, Entity::Campaign, id).with_change(shown(&known), after);
    let changed = app.store.update_campaign(admin.organisation_id, id, &update, &audit, now).await?;
    settled(changed)?;
    get(app, admin, id).await
}

pub async fn start(app: &App, admin: &Admin, id: CampaignId) -> Result<Campaign, ServiceError> {
    go(app, admin, id, Transition::Start).await
}

/// What is on its way comes to its end; the rest waits.
pub async fn pause(app: &App, admin: &Admin, id: CampaignId) -> Result<Campaign, ServiceError> {
    go(app, admin, id, Transition::Pause).await
}

pub async fn resume(app: &App, admin: &Admin, id: CampaignId) -> Result<Campaign, ServiceError> {
    go(app, admin, id, Transition::Resume).await
}

/// What is on its way comes to its end; nobody else is written to.
pub async fn cancel(app: &App, admin: &Admin, id: CampaignId) -> Result<Campaign, ServiceError> {
    go(app, admin, id, Transition::Cancel).await
}

/// Writes to those that failed once more, and answers how many those are. Not to those whose message may have been
/// delivered.
pub async fn retry(app: &App, admin: &Admin, id: CampaignId) -> Result<(Campaign, u64), ServiceError> {
    let known = get(app, admin, id).await?;
    let audit = admin.did(Action::Update, Entity::Campaign, id);
    let audit = audit.with_change(json!({"status": known.status}), json!({"asked": "RETRY"}));
    let retried = app.store.retry_recipients(admin.organisation_id, id, &audit, (app.clock)()).await?;
    settled(retried.changed)?;
    app.campaigns.notice();
    Ok((get(app, admin, id).await?, retried.recipients))
}

/// In the order in which they were given.
pub async fn recipients(
    app: &App,
    principal: &Principal,
    id: CampaignId,
    filter: RecipientFilter,
    part: Part<RecipientId>,
) -> Result<Listed<Recipient>, ServiceError> {
    get(app, principal, id).await?;
    let organisation = principal.organisation_id;
    let page = Page { limit: part.limit(), offset: part.offset(), after: part.after() };
    let items = app.store.recipients(organisation, id, filter, page).await?;
    let total = app.store.count_recipients(organisation, id, filter).await?;
    Ok(Listed::of(items, total, part.limit(), |last| last.id))
}

pub async fn stats(app: &App, principal: &Principal, id: CampaignId) -> Result<Counted, ServiceError> {
    app.store.counted_campaign(principal.organisation_id, id).await?.ok_or(ServiceError::NotFound("campaign"))
}

/// The newest first, and at most a thousand.
pub async fn report(app: &App, principal: &Principal) -> Result<Vec<Counted>, ServiceError> {
    let organisation = principal.organisation_id;
    let page = Page { limit: LONGEST, offset: 0, after: None };
    let campaigns = app.store.campaigns(organisation, page).await?;
    let counts = app.store.recipient_counts(organisation, None).await?;
    let counted = |campaign: Campaign| {
        let of = counts.iter().find(|(id, _)| *id == campaign.id);
        Counted { counts: of.map(|(_, counts)| *counts).unwrap_or_default(), campaign }
    };
    Ok(campaigns.into_iter().map(counted).collect())
}

async fn go(app: &App, admin: &Admin, id: CampaignId, transition: Transition) -> Result<Campaign, ServiceError> {
    let known = get(app, admin, id).await?;
    let after = json!({"status": known.status.after(transition).map_err(not_now)?});
    let audit = admin.did(Action::Update, Entity::Campaign, id).with_change(json!({"status": known.status}), after);
    let now = (app.clock)();
    let changed = app.store.move_campaign(admin.organisation_id, id, transition, Some(&audit), now).await?;
    settled(changed)?;
    app.campaigns.notice();
    if transition == Transition::Resume
        && let Err(error) = app.sessions.announce(&app.bus, known.channel_id).await
    {
        // The change is committed; the node that works the channel finds what waits when it next looks.
        tracing::warn!(campaign.id = %id, %error, "a resumed campaign could not be announced");
    }
    get(app, admin, id).await
}

fn settled(changed: Changed) -> Result<(), ServiceError> {
    match changed {
        Changed::Done(_) => Ok(()),
        Changed::NotNow(refused) => Err(not_now(refused)),
        Changed::Unknown => Err(ServiceError::NotFound("campaign")),
    }
}

pub(super) fn not_now(refused: NotNow) -> ServiceError {
    ServiceError::conflict("CAMPAIGN_STATUS", refused.to_string())
}

fn shown(campaign: &Campaign) -> Value {
    json!({
        "name": campaign.name,
        "messageTemplate": campaign.wording.text,
        "template": campaign.wording.template,
        "scheduledAt": campaign.scheduled_at,
    })
}
