//! `/conversations/updates`: the event log for those who ask again and again.
//!
//! With a `cursor` each event comes once, in order. `lastUpdate` is as exact as
//! clocks are: what was committed around that moment may come twice.

use std::{collections::BTreeSet, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Duration, Utc};
use patchbay_domain::{ConversationId, OrganisationId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Answer, Error,
    frames::{Frame, Wanted, news},
    ok,
    query::{Moment, ids_in_query, moment, parsed_values},
    views::Conversation,
};
use crate::{
    api::{description::Described, endpoint::get, fields::Check},
    app::App,
    auth::Principal,
    realtime::{Happening, log},
    service::ServiceError,
};

/// Events looked at by one call.
const AT_ONCE: u32 = 200;
/// The same, where so many happened around the moment from which it is asked.
const MOST: usize = 5_000;

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/conversations/updates", updates)
            .does("What happened since then; from now on, where no time is named")
            .query::<UpdatesQuery>()
            .query::<Watched>()
            .answers::<Answer<Updates>>()
            .refuses(&[410]),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UpdatesQuery {
    /// A moment such as 2026-01-31T12:00:00Z
    last_update: Option<String>,
    /// What the last answer named: each event comes once
    cursor: Option<String>,
    campaigns: Option<String>,
}

ids_in_query!(Watched, "conversationIds");

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Updates {
    /// Each as `Message`
    new_messages: Vec<Value>,
    updated_conversations: Vec<Conversation>,
    /// Now; where there is more, when the last of these happened: nothing is missed by asking from it
    timestamp: Moment,
    cursor: String,
    has_more: bool,
    /// As a socket is told of them
    events: Vec<Value>,
}

async fn updates(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<UpdatesQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let UpdatesQuery { last_update, cursor, campaigns } = query.into_inner();
    let mut check = Check::default();
    let (cursor, since) = (
        check.parsed::<i64>("cursor", cursor, "a cursor that an answer gave"),
        moment(&mut check, "lastUpdate", last_update),
    );
    let wanted = parsed_values::<ConversationId>(&mut check, &request, Watched::NAME);
    let campaigns = check.parsed::<bool>(Wanted::CAMPAIGNS, campaigns, "true or false");
    let (cursor, since, wanted, campaigns) = check.finish(|| Ok((cursor?, since?, wanted?, campaigns?)))?;
    let wanted = Wanted { conversations: wanted.into_iter().collect(), campaigns: campaigns.unwrap_or(false) };
    let (organisation, now) = (principal.organisation_id, (app.clock)());
    let from = match (cursor, since) {
        (Some(cursor), _) => cursor,
        (None, Some(since)) => log::before(&app.store, organisation, since).await?,
        (None, None) => app.store.newest_event(organisation).await.map_err(ServiceError::from)?,
    };
    let beyond = if cursor.is_none() { since } else { None };
    let (happenings, has_more) = part(&app, organisation, from, beyond).await?;
    let last = happenings.last().map_or(from, |last| last.sequence);
    // Whoever asks from it next misses nothing of what is left.
    let timestamp = happenings.last().filter(|_| has_more).map_or(now, |last| last.at);
    let (mut messages, mut frames) = (Vec::new(), Vec::new());
    let (mut conversations, mut known): (Vec<Conversation>, BTreeSet<ConversationId>) = Default::default();
    for happening in &happenings {
        if !wanted.has(happening, &principal) {
            continue;
        }
        let Some(news) = news(&app, happening) else { continue };
        let frame = Frame::of(happening.sequence, &news).and_then(serde_json::to_value).map_err(unwritable)?;
        if frame.get("type").is_some_and(|kind| kind == "new_message") {
            messages.extend(frame.get("data").cloned());
        }
        if let Some(shown) = happening.conversation.as_deref().filter(|shown| known.insert(shown.conversation.id)) {
            conversations.push(shown.clone().into());
        }
        frames.push(frame);
    }
    let data = Updates {
        new_messages: messages,
        updated_conversations: conversations,
        timestamp: timestamp.into(),
        cursor: last.to_string(),
        has_more,
        events: frames,
    };
    Ok(ok(data))
}

/// What follows the cursor, and whether there may be more. Whoever asks from a moment is taken beyond it: the next time
/// they go on from there.
async fn part(
    app: &App,
    organisation: OrganisationId,
    from: i64,
    beyond: Option<DateTime<Utc>>,
) -> Result<(Vec<Arc<Happening>>, bool), Error> {
    let (mut happenings, mut from) = (Vec::new(), from);
    loop {
        let page = log::read(&app.store, organisation, from, AT_ONCE).await?;
        let is_full = page.len() >= AT_ONCE as usize;
        let is_beyond = page.last().zip(beyond).is_none_or(|(last, moment)| last.at > moment + Duration::seconds(1));
        from = page.last().map_or(from, |last| last.sequence);
        happenings.extend(page);
        if !is_full || is_beyond || happenings.len() >= MOST {
            return Ok((happenings, is_full));
        }
    }
}

fn unwritable(error: serde_json::Error) -> Error {
    ServiceError::Internal(error.to_string()).into()
}
