//! What contacts wish, asked at the moment of sending: whoever opted out after a
//! message was queued is not written to, and whoever is not to be disturbed gets
//! nothing that nobody writes at that moment.

use patchbay_domain::{MessageId, sending::Refusal};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, backend::sql, rows::Id};

/// Whether the contact does not want this message.
pub(super) fn unwanted(message: &str) -> String {
    format!(
        "exists (select 1 from conversations w join identities i on i.id = w.identity_id \
         left join contacts k on k.id = i.contact_id where w.id = {message}.conversation_id and \
         (i.opted_out_at is not null or ({} and (k.do_not_disturb or k.do_not_disturb_all))))",
        disturbing(message)
    )
}

/// Campaigns and scheduled messages: nobody is at the desk.
fn disturbing(message: &str) -> String {
    format!("({message}.campaign_id is not null or {message}.scheduled_at is not null)")
}

#[derive(FromRow)]
struct UnwantedRow {
    id: Uuid,
    opted_out: bool,
}

impl Store {
    /// Those of the messages that wait and are not wanted, and why.
    pub async fn unwanted(&self, messages: &[MessageId]) -> Result<Vec<(MessageId, Refusal)>, StoreError> {
        let rows: Vec<UnwantedRow> = sql(format!(
            "select m.id, i.opted_out_at is not null as opted_out from messages m \
             join conversations c on c.id = m.conversation_id join identities i on i.id = c.identity_id \
             where m.id in (select id from {{rows}} r) and m.state = 'QUEUED' and {}",
            unwanted("m")
        ))
        .rows(&Id::all(messages))
        .fetch_all(self)
        .await?;
        let refusal = |opted_out| if opted_out { Refusal::OptedOut } else { Refusal::DoNotDisturb };
        Ok(rows.into_iter().map(|row| (row.id.into(), refusal(row.opted_out))).collect())
    }
}
