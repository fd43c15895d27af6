//! Messages of all conversations of an organisation, the newest first.

use patchbay_domain::{ConversationId, OrganisationId, message::Direction};

use crate::{
    Store, StoreError,
    backend::{Statement, sql},
    messages::{MessageCursor, MessageView, ViewRow, select},
    notifications::COUNTED,
    rows::word,
    tickets::Page,
};

/// How far a message has come, in the words of those who wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Pending,
    Sent,
    /// Also one that a contact wrote and nobody has read.
    Delivered,
    Read,
    Failed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    pub conversation_id: Option<ConversationId>,
    pub direction: Option<Direction>,
    pub progress: Option<Progress>,
}

/// Of a message that a contact wrote: it came after what was read of its conversation.
const IS_UNREAD: &str = "m.sequence > (select v.read_through from conversations v where v.id = m.conversation_id)";

impl Progress {
    fn condition(self) -> String {
        match self {
            Self::Pending => "m.state in ('QUEUED', 'SCHEDULED', 'SENDING', 'UNKNOWN')".to_owned(),
            Self::Sent => "m.state = 'SENT'".to_owned(),
            Self::Delivered => format!("(m.state = 'DELIVERED' or (m.state = 'RECEIVED' and {IS_UNREAD}))"),
            Self::Read => format!("(m.state = 'READ' or (m.state = 'RECEIVED' and not {IS_UNREAD}))"),
            Self::Failed => "m.state in ('FAILED', 'CANCELLED')".to_owned(),
        }
    }
}

impl MessageFilter {
    /// `$1` to `$3`.
    fn condition(&self) -> String {
        let of = if self.conversation_id.is_some() { "m.conversation_id = $2" } else { "$2 is null" };
        let progress = self.progress.map_or_else(String::new, |progress| format!("and {}", progress.condition()));
        format!("m.organisation_id = $1 and {of} and ($3 is null or m.direction = $3) {progress}")
    }

    fn bind(&self, statement: Statement, organisation_id: OrganisationId) -> Result<Statement, StoreError> {
        let direction = self.direction.as_ref().map(word).transpose()?;
        Ok(statement.bind(organisation_id).bind(self.conversation_id).bind(direction))
    }
}

impl Store {
    pub async fn messages(
        &self,
        organisation_id: OrganisationId,
        filter: &MessageFilter,
        page: Page<MessageCursor>,
    ) -> Result<Vec<MessageView>, StoreError> {
        let statement = sql(format!(
            "{} where {} and ($4 is null or (m.platform_at, m.sequence) < ($4, $5)) \
             order by m.platform_at desc, m.sequence desc limit $6 offset $7",
            select(),
            filter.condition()
        ));
        let rows: Vec<ViewRow> = filter
            .bind(statement, organisation_id)?
            .bind(page.after.map(|cursor| cursor.platform_at))
            .bind(page.after.map(|cursor| cursor.sequence))
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(self)
            .await?;
        rows.into_iter().map(MessageView::try_from).collect()
    }

    /// How many there are, up to [`COUNTED`].
    pub async fn count_all_messages(
        &self,
        organisation_id: OrganisationId,
        filter: &MessageFilter,
    ) -> Result<u64, StoreError> {
        let statement = sql(format!(
            "select count(*) from (select 1 from messages m where {} limit $4) counted",
            filter.condition()
        ));
        let (count,): (i64,) = filter.bind(statement, organisation_id)?.bind(COUNTED).fetch_one(self).await?;
        Ok(count.unsigned_abs())
    }
}
