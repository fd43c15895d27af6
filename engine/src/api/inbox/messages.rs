//! `/conversations/{id}/messages`: what was written. The first page has the
//! newest; within a page they come oldest first.

use actix_web::{HttpResponse, web};
use patchbay_domain::ConversationId;
use patchbay_store::history::Span;
use serde::Deserialize;
use serde_json::json;

use super::{
    Error, Id, ok,
    page::{self, PageQuery},
    query::moment,
    views::Message,
};
use crate::{
    api::{
        endpoint::{Endpoint, get, post},
        fields::Check,
    },
    app::App,
    auth::Principal,
    service::conversations as service,
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![get("/conversations/{id}/messages", list), post("/conversations/{id}/messages", super::letters::any)]
}

#[derive(Deserialize)]
struct SpanQuery {
    before: Option<String>,
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
    Ok(ok(json!({"data": data, "meta": meta})))
}
