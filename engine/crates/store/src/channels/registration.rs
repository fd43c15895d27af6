//! Whether platforms were told where channels' webhooks are. A try is counted before the platform is asked, and what it
//! brings counts only while it is the last one and nobody changed the channel's settings.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, registration::Progress};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    backend::sql,
    manual_actions::{self, NewManualAction, WEBHOOK_UNREGISTERED},
    notifications::{self, NewNotification},
    organisation_tx::OrganisationTx,
    rows::{parse, word},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub webhook_url: String,
    pub state: RegistrationState,
    /// When the next try may begin.
    pub try_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RegistrationState {
    Pending,
    Done,
    Refused,
}

impl Store {
    /// Nothing where the platform was not asked yet, or a person changed the settings since.
    pub async fn webhook_registration(&self, id: ChannelId) -> Result<Option<Registration>, StoreError> {
        let row: Option<(String, String, DateTime<Utc>)> =
            sql("select webhook_url, state, try_at from webhook_registrations where channel_id = $1")
                .bind(id)
                .fetch_optional(self)
                .await?;
        let read = |(webhook_url, state, try_at): (String, String, _)| {
            Ok(Registration { webhook_url, state: parse(&state)?, try_at })
        };
        row.map(read).transpose()
    }

    /// Begins a try, and says how many there were for this address with it.
    pub async fn begin_webhook_registration(
        &self,
        id: ChannelId,
        webhook_url: &str,
        attempt: Uuid,
        now: DateTime<Utc>,
    ) -> Result<u32, StoreError> {
        let (tries,): (i64,) = sql("insert into webhook_registrations (channel_id, webhook_url, attempt, state, \
             tries, try_at) values ($1, $2, $3, 'PENDING', 1, $4) on conflict (channel_id) do update set \
             tries = case when webhook_registrations.webhook_url = excluded.webhook_url \
             then webhook_registrations.tries + 1 else 1 end, webhook_url = excluded.webhook_url, \
             attempt = excluded.attempt, state = excluded.state, try_at = excluded.try_at returning tries")
        .bind(id)
        .bind(webhook_url)
        .bind(attempt)
        .bind(now)
        .fetch_one(self.writer())
        .await?;
        Ok(u32::try_from(tries).unwrap_or(u32::MAX))
    }

    /// What became of a try. A person is asked, once, where nothing more comes of it by itself, and no more where it
    /// is done. False where it counts no more.
    pub async fn end_webhook_registration(
        &self,
        id: ChannelId,
        attempt: Uuid,
        progress: Progress,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (state, try_at, tell) = match progress {
            Progress::Done => (RegistrationState::Done, now, false),
            Progress::Later { at, tell } => (RegistrationState::Pending, at, tell),
            Progress::Refused => (RegistrationState::Refused, now, true),
        };
        let mut tx = OrganisationTx::begin_for_channels(self, [id], now).await?;
        let written = sql("update webhook_registrations set state = $3, try_at = $4 \
             where channel_id = $1 and attempt = $2")
        .bind(id)
        .bind(attempt)
        .bind(word(&state)?)
        .bind(try_at)
        .execute(&mut tx)
        .await?;
        if written == 0 {
            return Ok(false);
        }
        if tell {
            ask(&mut tx, id, reason).await?;
        }
        if progress == Progress::Done {
            manual_actions::resolve_channel(&mut tx, id, WEBHOOK_UNREGISTERED).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Something is different now: what was refused is tried once more, when the channel is next looked after.
    pub async fn retry_webhook_registration(&self, id: ChannelId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let forgotten = sql("delete from webhook_registrations where channel_id = $1 and state = $2")
            .bind(id)
            .bind(word(&RegistrationState::Refused)?)
            .execute(&mut tx)
            .await?;
        if forgotten > 0 {
            sql("update channels set tend_at = $2 where id = $1").bind(id).bind(now).execute(&mut tx).await?;
        }
        tx.commit().await
    }
}

async fn ask(tx: &mut OrganisationTx, id: ChannelId, reason: &str) -> Result<(), StoreError> {
    let channel: Option<(Uuid, String)> = sql("select organisation_id, name from channels where id = $1 \
         and deleted_at is null and not exists (select 1 from manual_actions a where a.channel_id = $1 \
         and a.kind = $2 and a.status = 'PENDING')")
    .bind(id)
    .bind(WEBHOOK_UNREGISTERED)
    .fetch_optional(&mut *tx)
    .await?;
    let Some((organisation_id, name)) = channel else { return Ok(()) };
    let organisation_id = organisation_id.into();
    let action =
        NewManualAction { channel_id: Some(id), ..NewManualAction::new(organisation_id, WEBHOOK_UNREGISTERED, reason) };
    manual_actions::raise(tx, vec![action]).await?;
    let notification = NewNotification {
        organisation_id,
        user_id: None,
        kind: WEBHOOK_UNREGISTERED.to_owned(),
        title: format!("{name} may receive nothing"),
        message: "The platform could not be told where the channel's webhook is. Correct what the reason names, or \
            register the address with the platform by hand."
            .to_owned(),
        data: json!({ "channelId": id, "reason": reason }),
    };
    notifications::insert(tx, &[notification]).await
}

/// A person brought other settings: what the platform was told before may not hold for them.
pub(super) async fn forget(tx: &mut OrganisationTx, id: ChannelId) -> Result<(), StoreError> {
    sql("delete from webhook_registrations where channel_id = $1").bind(id).execute(&mut *tx).await?;
    manual_actions::resolve_channel(tx, id, WEBHOOK_UNREGISTERED).await
}
