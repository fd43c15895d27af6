//! Finding messages, contacts and conversations by words: those somebody typed, in the words of
//! [`patchbay_domain::search`]. A text without any word finds nothing.

use std::cmp::Reverse;

use patchbay_domain::{ChannelId, ContactId, ConversationId, OrganisationId, search::Query};
use patchbay_store::{
    listing::{ConversationFilter, ConversationView, Order, Shown},
    messages::MessageView,
    people::ContactDetails,
    search::{ContactHit, SearchFilter},
    tickets::Page,
};

use super::{
    ServiceError,
    page::{Cursor, LONGEST, Part},
};
use crate::{app::App, auth::Principal};

/// So many of the newest messages with the words say in which conversations they are.
const MESSAGES: u32 = 200;

/// A part of what was found. How much there is in all is not counted: it may be everything.
#[derive(Debug)]
pub struct Found<T> {
    pub items: Vec<T>,
    /// What to ask for next; absent at the end.
    pub next: Option<String>,
}

impl<T> Found<T> {
    fn none() -> Self {
        Self { items: Vec::new(), next: None }
    }

    /// What was found up to the end of a part.
    fn part<C: Cursor>(mut items: Vec<T>, part: &Part<C>, place: impl FnOnce(&T) -> C) -> Self {
        let is_full = u32::try_from(items.len()).is_ok_and(|count| count >= up_to(part));
        let next = items.last().filter(|_| is_full).map(|last| place(last).write());
        let before = usize::try_from(part.offset()).unwrap_or(usize::MAX).min(items.len());
        Self { items: items.split_off(before), next }
    }
}

/// Pages are counted from the first, and nobody turns many: where one leads further than a list goes it is empty.
fn up_to<C>(part: &Part<C>) -> u32 {
    part.offset().saturating_add(part.limit()).min(LONGEST)
}

#[derive(Clone, Debug, PartialEq)]
pub struct FoundContact {
    pub contact: ContactHit,
    pub details: ContactDetails,
}

/// The newest first.
pub async fn search_messages(
    app: &App,
    principal: &Principal,
    text: &str,
    filter: SearchFilter<'_>,
    part: Part<i64>,
) -> Result<Found<MessageView>, ServiceError> {
    let Some(query) = Query::parse(text) else { return Ok(Found::none()) };
    let organisation = principal.organisation_id;
    let found = app.store.search_messages(organisation, &query, filter, part.after(), up_to(&part)).await?;
    Ok(Found::part(found, &part, |last| last.sequence))
}

/// By their names, numbers and addresses; those that were made last come first.
pub async fn search_contacts(
    app: &App,
    principal: &Principal,
    text: &str,
    filter: SearchFilter<'_>,
    part: Part<ContactId>,
) -> Result<Found<FoundContact>, ServiceError> {
    let Some(query) = Query::of_person(text) else { return Ok(Found::none()) };
    let organisation = principal.organisation_id;
    let found = app.store.search_contacts(organisation, &query, filter, part.after(), up_to(&part)).await?;
    let Found { items, next } = Found::part(found, &part, |last| last.id);
    let ids: Vec<_> = items.iter().map(|contact| contact.id).collect();
    let mut details = app.store.contact_details(organisation, &ids).await?;
    let with_details = |contact: ContactHit| {
        let details = details.remove(&contact.id).unwrap_or_default();
        FoundContact { contact, details }
    };
    Ok(Found { items: items.into_iter().map(with_details).collect(), next })
}

/// Conversations with somebody who is called so, and those in which it was written lately; as many as a list has at once.
pub async fn search_conversations(
    app: &App,
    principal: &Principal,
    text: &str,
    filter: ConversationFilter,
    order: Order,
) -> Result<Vec<Shown>, ServiceError> {
    let organisation = principal.organisation_id;
    let filter = ConversationFilter { search: Some(text.to_owned()), ..filter };
    let page = Page { limit: LONGEST, offset: 0, after: None };
    let mut found = app.store.conversations(organisation, &filter, order, page).await?;
    let part = Part::From { offset: 0, limit: MESSAGES };
    let channels = channels_of(app, organisation, &filter.channel_types).await?;
    let written = search_messages(app, principal, text, SearchFilter { channels: &channels }, part).await?;
    let mut written: Vec<ConversationId> = written.items.into_iter().map(|view| view.message.conversation_id).collect();
    written.retain(|id| !found.iter().any(|known| known.id == *id));
    written.sort_unstable();
    written.dedup();
    let mut more = app.store.conversation_views(organisation, &written).await?;
    more.retain(|view| filter.admits(view));
    found.extend(more);
    arrange(&mut found, order);
    found.truncate(LONGEST as usize);
    Ok(app.store.with_contacts(organisation, found).await?)
}

/// Those of these types, also where they are deleted by now; none where none is named, which stands for all.
async fn channels_of(
    app: &App,
    organisation: OrganisationId,
    types: &[String],
) -> Result<Vec<ChannelId>, ServiceError> {
    if types.is_empty() {
        return Ok(Vec::new());
    }
    let channels = app.store.every_channel(organisation).await?.into_iter();
    Ok(channels.filter(|channel| types.contains(&channel.channel_type)).map(|channel| channel.id).collect())
}

/// As a list has them: those without a message last.
fn arrange(found: &mut [ConversationView], order: Order) {
    match order {
        Order::Latest => found.sort_by_key(|view| (Reverse(view.last_message_at), view.id)),
        Order::Oldest => found.sort_by_key(|view| (view.last_message_at.is_none(), view.last_message_at, view.id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_comes_after_those_before_it() {
        let part = |number| Part::<i64>::Page { number, limit: 2 };
        let first = Found::part(vec![9, 8], &part(1), |last| *last);
        assert_eq!((first.items, first.next.as_deref()), (vec![9, 8], Some("8")));
        let second = Found::part(vec![9, 8, 7], &part(2), |last| *last);
        assert_eq!((second.items, second.next), (vec![7], None));
        assert_eq!(up_to(&part(u32::MAX)), LONGEST);
    }
}
