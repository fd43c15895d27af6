//! `/conversations/manual-actions`: what waits for a person's decision.

use actix_web::{HttpResponse, web};
use patchbay_domain::{ConversationId, ManualActionId, MessageId, UserId, delivery::Decision};
use patchbay_store::manual_actions::{ActionStatus, ManualAction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Error, Id, ok,
    page::{self, Meta, PageQuery},
    query::Moment,
};
use crate::{
    api::{
        description::Described,
        endpoint::{get, post},
        fields::{Check, Field, Noted},
        problem::Problem,
    },
    app::App,
    auth::Principal,
    service::manual_actions as service,
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/conversations/manual-actions", list)
            .does("List what waits for a person's decision, and what was decided")
            .query::<FilterQuery>()
            .query::<PageQuery>()
            .answers::<Actions>(),
        post("/conversations/manual-actions/{id}/complete", complete)
            .does("Decide a manual action")
            .may_take::<CompleteBody>()
            .answers::<Answer<Action>>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ActionFilter")]
struct FilterQuery {
    /// One of pending completed failed
    status: Option<String>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "CompleteAction")]
struct CompleteBody {
    /// Where there is something to decide: resend, sent or drop
    resolution: Field<String>,
}

impl CompleteBody {
    fn read(self, check: &mut Check) -> Result<Option<Decision>, Noted> {
        match check.value("resolution", self.resolution)?.as_deref() {
            None | Some("") => Ok(None),
            Some("resend") => Ok(Some(Decision::Resend)),
            Some("sent") => Ok(Some(Decision::Sent)),
            Some("drop") => Ok(Some(Decision::Drop)),
            Some(_) => Err(check.note("resolution", "must be resend, sent or drop")),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Actions {
    success: bool,
    data: Vec<Action>,
    meta: Meta,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ManualAction")]
struct Action {
    id: ManualActionId,
    /// Empty where it is about none.
    conversation_id: String,
    #[serde(rename = "action")]
    asked: String,
    kind: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_to: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<String>,
    created_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Moment>,
}

impl From<ManualAction> for Action {
    fn from(action: ManualAction) -> Self {
        let ManualAction { id, conversation_id, message_id, kind, detail, status, .. } = action;
        Self {
            id,
            conversation_id: conversation_id.map(|id: ConversationId| id.to_string()).unwrap_or_default(),
            asked: sentence(&kind, &detail),
            kind,
            status: match status {
                ActionStatus::Pending => "pending",
                ActionStatus::Completed => "completed",
                ActionStatus::Failed => "failed",
            },
            message_id,
            assigned_to: action.assigned_to,
            resolution: action.resolution,
            created_at: action.created_at.into(),
            completed_at: action.completed_at.map(Into::into),
        }
    }
}

/// What is to be done, for people.
fn sentence(kind: &str, detail: &str) -> String {
    let what = match kind {
        "OUTCOME_UNKNOWN" => "It is not known whether this message was sent: look, then resend it, or say that it was",
        "MESSAGE_FAILED" => "This message could not be sent: send it again or leave it",
        "CHANNEL_UNAUTHORIZED" => "The platform refuses this channel's credentials: correct them",
        "CHANNEL_ALERT" => "The platform says something about this channel that somebody should know",
        "WEBHOOK_UNREGISTERED" => "The platform could not be told where this channel's webhook is",
        "DEAD_LETTER" => "A webhook could not be read: replay it or leave it",
        kind => kind,
    };
    if detail.is_empty() { what.to_owned() } else { format!("{what} ({detail})") }
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    filter: web::Query<FilterQuery>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let status = match filter.status.as_deref() {
        None | Some("") => Ok(None),
        Some("pending") => Ok(Some(ActionStatus::Pending)),
        Some("completed") => Ok(Some(ActionStatus::Completed)),
        Some("failed") => Ok(Some(ActionStatus::Failed)),
        Some(_) => Err(check.note("status", "must be one of pending completed failed")),
    };
    let part = page.into_inner().read(&mut check);
    let (status, part) = check.finish(|| Ok((status?, part?)))?;
    let listed = service::list(&app, &principal, status, part).await?;
    let meta = page::meta(&part, &listed);
    let data: Vec<Action> = listed.items.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(Actions { success: true, data, meta }))
}

/// The body may be absent where there is nothing to decide.
async fn complete(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ManualActionId>>,
    body: web::Bytes,
) -> Result<HttpResponse, Error> {
    let body = if body.is_empty() { Ok(CompleteBody::default()) } else { serde_json::from_slice(&body) };
    let body =
        body.map_err(|error| Problem::malformed(format!("the body is not the JSON object it should be: {error}")))?;
    let mut check = Check::default();
    let decision = body.read(&mut check);
    let decision = check.finish(|| decision)?;
    let completed = service::complete(&app, &principal, path.id, decision).await?;
    Ok(ok(Action::from(completed)))
}
