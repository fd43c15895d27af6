//! The messages of a conversation, page by page from the newest, messages by
//! their ids, and the newest of tickets.

use chrono::{DateTime, Utc};
use patchbay_domain::{ConversationId, MessageId, OrganisationId, TicketId};

use crate::{
    Store, StoreError,
    backend::{Statement, sql},
    messages::{MessageCursor, MessageView, ViewRow, select},
    rows::Id,
    tickets::Page,
};

/// Of which time; open where it is not told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub after: Option<DateTime<Utc>>,
    pub before: Option<DateTime<Utc>>,
}

/// `$1` to `$4`.
const FILTER: &str = "m.organisation_id = $1 and m.conversation_id = $2 and ($3 is null or m.platform_at > $3) \
    and ($4 is null or m.platform_at < $4)";

impl Span {
    fn bind(self, statement: Statement, organisation_id: OrganisationId, id: ConversationId) -> Statement {
        statement.bind(organisation_id).bind(id).bind(self.after).bind(self.before)
    }
}

impl Store {
    /// The newest first. A page after a cursor goes on towards the oldest.
    pub async fn history(
        &self,
        organisation_id: OrganisationId,
        conversation_id: ConversationId,
        span: Span,
        page: Page<MessageCursor>,
    ) -> Result<Vec<MessageView>, StoreError> {
        let statement = sql(format!(
            "{} where {FILTER} and ($5 is null or (m.platform_at, m.sequence) < ($5, $6)) \
             order by m.platform_at desc, m.sequence desc limit $7 offset $8",
            select()
        ));
        let rows: Vec<ViewRow> = span
            .bind(statement, organisation_id, conversation_id)
            .bind(page.after.map(|cursor| cursor.platform_at))
            .bind(page.after.map(|cursor| cursor.sequence))
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(self)
            .await?;
        rows.into_iter().map(MessageView::try_from).collect()
    }

    pub async fn count_history(
        &self,
        organisation_id: OrganisationId,
        conversation_id: ConversationId,
        span: Span,
    ) -> Result<u64, StoreError> {
        let statement = sql(format!("select count(*) from messages m where {FILTER}"));
        let (count,): (i64,) = span.bind(statement, organisation_id, conversation_id).fetch_one(self).await?;
        Ok(count.unsigned_abs())
    }

    /// In no particular order; unknown ids are left out.
    pub async fn messages_by_id(
        &self,
        organisation_id: OrganisationId,
        ids: &[MessageId],
    ) -> Result<Vec<MessageView>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<ViewRow> =
            sql(format!("{} where m.organisation_id = $2 and m.id in (select id from {{rows}} r)", select()))
                .rows(&Id::all(ids))
                .bind(organisation_id)
                .fetch_all(self)
                .await?;
        rows.into_iter().map(MessageView::try_from).collect()
    }

    /// Of each ticket that has messages the newest, in no particular order.
    pub async fn newest_messages(
        &self,
        organisation_id: OrganisationId,
        tickets: &[TicketId],
    ) -> Result<Vec<MessageView>, StoreError> {
        let rows: Vec<ViewRow> = sql(format!(
            "{} join {{rows}} r on m.id = (select n.id from messages n where n.ticket_id = r.id \
             order by n.platform_at desc, n.sequence desc limit 1) where m.organisation_id = $2",
            select()
        ))
        .rows(&Id::all(tickets))
        .bind(organisation_id)
        .fetch_all(self)
        .await?;
        rows.into_iter().map(MessageView::try_from).collect()
    }
}
