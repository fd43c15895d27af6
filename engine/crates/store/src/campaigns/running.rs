//! What a campaign needs while it runs: whose turn it is, what is known of
//! them, and who is passed over.

use chrono::{DateTime, Utc};
use patchbay_domain::{
    CampaignId, ChannelId, ConversationId, OrganisationId, RecipientId,
    campaign::{Addressee, CampaignStatus, Standing, Transition, Wording},
    platform::TemplateUse,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use super::{Changed, changes::tell};
use crate::{Store, StoreError, backend::sql, organisation_tx::OrganisationTx, rows::batch};

/// Campaigns that start in one go.
const STARTS: u32 = 100;

/// A campaign that is sending.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    pub organisation_id: OrganisationId,
    pub organisation_name: String,
    pub channel_id: ChannelId,
    pub name: String,
    pub wording: Wording,
    /// Messages that wait for their turn or are on their way, up to the limit asked for.
    pub waiting: u32,
}

/// A recipient with a conversation, and what is known of who that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    pub recipient_id: RecipientId,
    pub conversation_id: ConversationId,
    pub standing: Standing,
    pub addressee: Addressee,
}

/// A recipient who gets no message, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    pub recipient_id: RecipientId,
    /// Nothing went wrong.
    pub skipped: bool,
    pub reason: &'static str,
    pub error: String,
}

batch! {
    struct TurnRow { recipient_id: RecipientId, conversation_id: ConversationId }
}

batch! {
    struct PassedRow<'a> { id: RecipientId, status: &'a str, reason: &'a str, error: &'a str }
}

#[derive(FromRow)]
struct RunningRow {
    organisation_id: Uuid,
    organisation_name: String,
    channel_id: Uuid,
    name: String,
    message_template: String,
    template: Option<Json<TemplateUse>>,
    waiting: i64,
}

#[derive(FromRow)]
struct AddressedRow {
    recipient_id: Uuid,
    conversation_id: Uuid,
    opted_out: bool,
    do_not_disturb: bool,
    written_to: bool,
    external_id: String,
    identity_name: String,
    contact_name: String,
    phone: Option<String>,
    email: Option<String>,
    username: Option<String>,
    company: Option<String>,
    title: Option<String>,
}

impl From<AddressedRow> for Addressed {
    fn from(row: AddressedRow) -> Self {
        let name = row.name().to_owned();
        Self {
            recipient_id: row.recipient_id.into(),
            conversation_id: row.conversation_id.into(),
            standing: Standing {
                opted_out: row.opted_out,
                do_not_disturb: row.do_not_disturb,
                written_to: row.written_to,
            },
            addressee: Addressee {
                name,
                phone: row.phone.unwrap_or_default(),
                email: row.email.unwrap_or_default(),
                username: row.username.unwrap_or_default(),
                company: row.company.unwrap_or_default(),
                title: row.title.unwrap_or_default(),
            },
        }
    }
}

impl AddressedRow {
    /// Who is known only by a number or an address has no name.
    fn name(&self) -> &str {
        let is_name = |name: &&str| {
            let made_of = [Some(&self.external_id), self.phone.as_ref(), self.email.as_ref()];
            !made_of.into_iter().flatten().any(|known| known == name)
        };
        [self.contact_name.as_str(), self.identity_name.as_str()].into_iter().find(is_name).unwrap_or_default()
    }
}

impl Store {
    /// Starts the campaigns whose moment has come. True if there may be more.
    pub async fn start_scheduled_campaigns(&self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let due: Vec<(Uuid, Uuid)> = sql("select id, organisation_id from campaigns \
             where status = 'SCHEDULED' and scheduled_at <= $1 order by scheduled_at limit $2")
        .bind(now)
        .bind(STARTS)
        .fetch_all(self)
        .await?;
        let full = due.len() as u64 == u64::from(STARTS);
        for (id, organisation_id) in due {
            // Another node may have done it.
            self.start_if_due(organisation_id.into(), id.into(), now).await?;
        }
        Ok(full)
    }

    async fn start_if_due(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
        now: DateTime<Utc>,
    ) -> Result<Changed, StoreError> {
        self.move_campaign(organisation_id, id, Transition::Start, None, now).await
    }

    /// Every campaign that is sending.
    pub async fn sending_campaigns(&self) -> Result<Vec<(CampaignId, ChannelId)>, StoreError> {
        let rows: Vec<(Uuid, Uuid)> =
            sql("select id, channel_id from campaigns where status = 'SENDING' order by id").fetch_all(self).await?;
        Ok(rows.into_iter().map(|(id, channel_id)| (id.into(), channel_id.into())).collect())
    }

    /// None where it is not sending any more.
    pub async fn running_campaign(&self, id: CampaignId, limit: u32) -> Result<Option<Running>, StoreError> {
        let row: Option<RunningRow> =
            sql("select c.organisation_id, o.name as organisation_name, c.channel_id, c.name, \
             c.message_template, c.template, (select count(*) from (select 1 from campaign_recipients r \
             where r.campaign_id = c.id and r.status = 'QUEUED' limit $2) queued) as waiting \
             from campaigns c join organisations o on o.id = c.organisation_id \
             where c.id = $1 and c.status = 'SENDING'")
            .bind(id)
            .bind(limit)
            .fetch_optional(self)
            .await?;
        Ok(row.map(|row| Running {
            organisation_id: row.organisation_id.into(),
            organisation_name: row.organisation_name,
            channel_id: row.channel_id.into(),
            name: row.name,
            wording: Wording { text: row.message_template, template: row.template.map(|Json(template)| template) },
            waiting: u32::try_from(row.waiting).unwrap_or(limit),
        }))
    }

    /// Whose turn is next, in the order of the list.
    pub async fn next_recipients(&self, id: CampaignId, limit: u32) -> Result<Vec<(RecipientId, String)>, StoreError> {
        let rows: Vec<(Uuid, String)> = sql("select id, recipient from campaign_recipients \
             where campaign_id = $1 and status = 'PENDING' and reason = '' order by id limit $2")
        .bind(id)
        .bind(limit)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(|(id, recipient)| (id.into(), recipient)).collect())
    }

    /// Who these recipients are.
    pub async fn addressed(
        &self,
        id: CampaignId,
        turns: &[(RecipientId, ConversationId)],
    ) -> Result<Vec<Addressed>, StoreError> {
        let rows: Vec<_> = (turns.iter())
            .map(|(recipient_id, conversation_id)| TurnRow {
                recipient_id: *recipient_id,
                conversation_id: *conversation_id,
            })
            .collect();
        let rows: Vec<AddressedRow> = sql("select r.recipient_id, r.conversation_id, \
             i.opted_out_at is not null as opted_out, (k.do_not_disturb or k.do_not_disturb_all) as do_not_disturb, \
             exists (select 1 from campaign_recipients o where o.campaign_id = $2 \
             and o.conversation_id = r.conversation_id and o.id <> r.recipient_id) as written_to, i.external_id, \
             i.name as identity_name, k.name as contact_name, i.phone, i.email, i.username, k.company, k.title \
             from {rows} r join conversations c on c.id = r.conversation_id join identities i on i.id = c.identity_id \
             join contacts k on k.id = i.contact_id")
        .rows(&rows)
        .bind(id)
        .fetch_all(self)
        .await?;
        Ok(rows.into_iter().map(Addressed::from).collect())
    }

    /// Those who are still waiting for their turn will have none.
    pub async fn pass_over(
        &self,
        organisation_id: OrganisationId,
        passed: &[PassedOver],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let rows: Vec<_> = (passed.iter())
            .map(|passed| PassedRow {
                id: passed.recipient_id,
                status: if passed.skipped { "SKIPPED" } else { "FAILED" },
                reason: passed.reason,
                error: &passed.error,
            })
            .collect();
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        sql("update campaign_recipients set status = r.status, reason = r.reason, error = r.error \
             from {rows} r where campaign_recipients.id = r.id and campaign_recipients.status = 'PENDING'")
        .rows(&rows)
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Completes a campaign of which nobody is left. False where somebody is, or it is not sending.
    pub async fn complete_campaign(
        &self,
        organisation_id: OrganisationId,
        id: CampaignId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = OrganisationTx::begin(self, [organisation_id], now).await?;
        let completed = sql("update campaigns set status = 'COMPLETED', completed_at = $2, updated_at = $2 \
             where id = $1 and status = 'SENDING' and not exists (select 1 from campaign_recipients r \
             where r.campaign_id = $1 and r.status in ('PENDING', 'QUEUED'))")
        .bind(id)
        .bind(now)
        .execute(&mut tx)
        .await?;
        if completed > 0 {
            tell(&mut tx, organisation_id, id, CampaignStatus::Completed)?;
        }
        tx.commit().await?;
        Ok(completed > 0)
    }
}
