//! Which conversations are listed.

use patchbay_domain::{OrganisationId, UserId, conversation::ConversationStatus, search::Query};

use super::ConversationView;
use crate::{
    backend::Statement,
    rows::batch,
    search::{Index, sought},
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Only {
    #[default]
    All,
    Unread,
    Starred,
    /// In which something was written.
    Recent,
}

#[derive(Clone, Debug, Default)]
pub struct ConversationFilter {
    pub only: Only,
    /// Of channels of these types; with none, of all.
    pub channel_types: Vec<String>,
    /// What the contact is called, an e-mail address or a number: beginnings of words, in any order.
    pub search: Option<String>,
    /// Left in one of these words; with none, in any.
    pub statuses: Vec<ConversationStatus>,
    pub assignee_id: Option<UserId>,
}

batch! {
    struct TypeRow<'a> { channel_type: &'a str }
}

/// `$1` to `$5`.
const FILTER: &str = "organisation_id = $2 and deleted_at is null and ($3 or channel_id in \
    (select h.id from channels h where h.organisation_id = $2 and h.channel_type in (select channel_type from {rows} r))) \
    and ($5 is null or assignee_id = $5)";
const SEARCHED: &str = "and contact_id in (select w.contact_id from {found} w where w.organisation_id = $2)";

impl ConversationFilter {
    /// Whether it would be listed if it were not for what is searched.
    #[must_use]
    pub fn admits(&self, view: &ConversationView) -> bool {
        let is_wanted = match self.only {
            Only::All => true,
            Only::Unread => view.unread_count > 0,
            Only::Starred => view.is_starred,
            Only::Recent => view.last_message_at.is_some(),
        };
        let is_of_type = self.channel_types.is_empty() || self.channel_types.contains(&view.channel_type);
        let handling = &view.handling;
        let is_left_so = self.statuses.is_empty() || self.statuses.contains(&handling.status);
        let assignee = handling.assignee.as_ref().map(|colleague| colleague.id);
        let is_theirs = self.assignee_id.is_none() || self.assignee_id == assignee;
        is_wanted && is_of_type && is_left_so && is_theirs && !view.is_deleted
    }

    pub(super) fn condition(&self) -> String {
        let only = match self.only {
            Only::All => "",
            Only::Unread => "and is_unread",
            Only::Starred => "and is_starred",
            Only::Recent => "and last_message_at is not null",
        };
        let searched = match &self.search {
            Some(text) if Query::of_person(text).is_some() => SEARCHED,
            // Without a word in it, it finds nothing.
            Some(_) => "and $4 is not null",
            None => "and $4 is null",
        };
        let words: Vec<_> = self.statuses.iter().map(|status| format!("'{}'", status.word())).collect();
        let left = if words.is_empty() { String::new() } else { format!("and status in ({})", words.join(", ")) };
        format!("{FILTER} {only} {left} {searched}")
    }

    pub(super) fn bind(&self, statement: Statement, organisation_id: OrganisationId) -> Statement {
        let types: Vec<_> = self.channel_types.iter().map(|channel_type| TypeRow { channel_type }).collect();
        let sought = self.search.as_deref().and_then(|text| sought(organisation_id, text));
        let statement = statement.rows(&types).bind(organisation_id).bind(types.is_empty());
        statement.finding(Index::Contacts, sought).bind(self.assignee_id)
    }
}
