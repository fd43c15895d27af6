//! `/conversations/{id}/messages`: what was written. The first page has the
//! newest; within a page they come oldest first.

use actix_web::{HttpResponse, web};
use patchbay_domain::ConversationId;
use patchbay_store::history::Span;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Error, Id, letters,
    message_view::Message,
    ok,
    page::{self, PageQuery, Paged},
    query::moment,
};
use crate::{
    api::{description::Described, endpoint::get, fields::Check},
    app::App,
    auth::Principal,
    service::conversations as service,
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/conversations/{id}/messages", list)
            .does("List messages: the first page has the newest, within a page they come oldest first")
            .query::<SpanQuery>()
            .query::<PageQuery>()
            .answers::<Answer<Paged<Message>>>(),
        letters::any(),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct SpanQuery {
    /// A moment such as 2026-01-31T12:00:00Z
    before: Option<String>,
    /// A moment such as 2026-01-31T12:00:00Z
    after: Option<String>,
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ConversationId>>,
    span: web::Query<SpanQuery>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let SpanQuery { before, after } = span.into_inner();
    let mut check = Check::default();
    let (before, after) = (moment(&mut check, "before", before), moment(&mut check, "after", after));
    let part = page.into_inner().read(&mut check);
    let (span, part) = check.finish(|| Ok((Span { after: after?, before: before? }, part?)))?;
    let (conversation, listed) = service::history(&app, &principal, path.id, span, part).await?;
    let meta = page::meta(&part, &listed);
    let show = |view| Message::of(&app, view, &conversation.channel_type);
    let data: Vec<Message> = listed.items.into_iter().map(show).collect();
    Ok(ok(Paged { data, meta }))
}
