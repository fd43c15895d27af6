//! `/conversations/updates`: the event log for those who ask again and again.
//!
//! With a `cursor` each event comes once, in order. `lastUpdate` is as exact as
//! clocks are: what was committed around that moment may come twice.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, web};
use patchbay_domain::ConversationId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Error,
    frames::{Frame, news},
    ok,
    query::{Moment, moment, parsed_values},
    views::Conversation,
};
use crate::{
    api::{
        endpoint::{Endpoint, get},
        fields::Check,
    },
    app::App,
    auth::Principal,
    realtime::{conversation_of, log},
    service::ServiceError,
};

/// Events looked at by one call.
const AT_ONCE: u32 = 200;

pub fn endpoints() -> Vec<Endpoint> {
    vec![get("/conversations/updates", updates)]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdatesQuery {
    last_update: Option<String>,
    cursor: Option<String>,
}

async fn updates(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<UpdatesQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let UpdatesQuery { last_update, cursor } = query.into_inner();
    let mut check = Check::default();
    let (cursor, since) = (
        check.parsed::<i64>("cursor", cursor, "a cursor that an answer gave"),
        moment(&mut check, "lastUpdate", last_update),
    );
    let wanted = parsed_values::<ConversationId>(&mut check, &request, "conversationIds");
    let (cursor, since, wanted) = check.finish(|| Ok((cursor?, since?, wanted?)))?;
    let (organisation, timestamp) = (principal.organisation_id, Moment((app.clock)()));
    let from = match (cursor, since) {
        (Some(cursor), _) => cursor,
        (None, Some(since)) => log::before(&app.store, organisation, since).await?,
        (None, None) => app.store.newest_event(organisation).await.map_err(ServiceError::from)?,
    };
    let happenings = log::read(&app.store, organisation, from, AT_ONCE).await?;
    let last = happenings.last().map_or(from, |last| last.sequence);
    let (mut messages, mut frames) = (Vec::new(), Vec::new());
    let (mut conversations, mut known): (Vec<Conversation>, BTreeSet<ConversationId>) = Default::default();
    for happening in &happenings {
        let about = conversation_of(&happening.change);
        let is_wanted = wanted.is_empty() || about.is_some_and(|id| wanted.contains(&id));
        if !is_wanted || !happening.is_for(&principal) {
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
    let data: Value = json!({
        "newMessages": messages,
        "updatedConversations": conversations,
        "timestamp": timestamp,
        "cursor": last.to_string(),
        "hasMore": happenings.len() >= AT_ONCE as usize,
        "events": frames,
    });
    Ok(ok(data))
}

fn unwritable(error: serde_json::Error) -> Error {
    ServiceError::Internal(error.to_string()).into()
}
