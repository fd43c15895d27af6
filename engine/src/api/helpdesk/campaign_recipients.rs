//! `/orgs/{orgId}/campaigns/{campaignId}/recipients`. A list is stored while it
//! arrives, so it may be as long as it likes; sending it again adds only what is
//! missing.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CONTENT_TYPE,
    rt,
    web::{self, Payload},
};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use patchbay_domain::{CampaignId, MessageId, RecipientId};
use patchbay_store::campaigns::{self as stored, RecipientFilter, RecipientStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Error, Id,
    list_reader::{Broken, Contact, ListReader},
    page::{self, PageQuery},
    words::RecipientWord,
};
use crate::{
    api::{
        description::Described,
        endpoint::{get, post},
        fields::Check,
        problem::Problem,
        repeatable::Longest,
    },
    app::App,
    auth::{Admin, Principal},
    service::{
        ServiceError,
        campaign_lists::{Adding, NotTaken, Report},
        campaigns,
    },
};

/// A million contacts, with room around them.
const LARGEST: usize = 256 << 20;

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{organisation}/campaigns/{id}/recipients", list)
            .does("List a campaign's recipients")
            .query::<FilterQuery>()
            .pages::<Recipient>(),
        post("/{organisation}/campaigns/{id}/recipients", add)
            .takes_up_to(Longest::Bytes(LARGEST))
            .does("Add recipients to a campaign")
            .admins()
            .takes::<Added>()
            .creates::<Answer>()
            .refuses(&[409]),
    ]
}

/// The whole list, however long: it is stored while it arrives. Or a contact in each line, as `application/x-ndjson`.
#[derive(JsonSchema)]
#[schemars(rename = "AddRecipients")]
#[expect(dead_code, reason = "only described: the body is read while it arrives")]
struct Added {
    recipients: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
struct FilterQuery {
    #[schemars(with = "Option<RecipientWord>")]
    status: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CampaignRecipient")]
pub struct Recipient {
    id: RecipientId,
    campaign_id: CampaignId,
    #[serde(rename = "recipientContact")]
    contact: String,
    status: &'static str,
    /// For machines: why it was skipped, or failed before the platform was asked.
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    message_id: Option<MessageId>,
    sent_at: Option<DateTime<Utc>>,
    error: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<stored::Recipient> for Recipient {
    fn from(known: stored::Recipient) -> Self {
        let stored::Recipient { id, campaign_id, contact, status, reason, error, message_id, sent_at, created_at } =
            known;
        let status = status.word();
        Self { id, campaign_id, contact, status, reason, message_id, sent_at, error, created_at }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AddedRecipients")]
struct Answer {
    success: bool,
    /// How many were added.
    count: u64,
    received_count: u64,
    duplicate_count: u64,
    malformed_count: u64,
    /// The first hundred.
    duplicates: Vec<String>,
    malformed: Vec<Malformed>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MalformedRecipient")]
struct Malformed {
    position: u64,
    recipient: String,
    reason: String,
}

impl From<NotTaken> for Malformed {
    fn from(NotTaken { position, contact, reason }: NotTaken) -> Self {
        Self { position, recipient: contact, reason: reason.to_string() }
    }
}

impl From<Report> for Answer {
    fn from(report: Report) -> Self {
        let Report { received, added, duplicates, malformed, named_duplicates, named_malformed } = report;
        Self {
            success: true,
            count: added,
            received_count: received,
            duplicate_count: duplicates,
            malformed_count: malformed,
            duplicates: named_duplicates,
            malformed: named_malformed.into_iter().map(Malformed::from).collect(),
        }
    }
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<CampaignId>>,
    filter: web::Query<FilterQuery>,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let status = check.parsed::<RecipientWord>("status", filter.into_inner().status, RecipientWord::ALLOWED);
    let part = query.into_inner().read(&mut check);
    let (status, part) = check.finish(|| Ok((status?, part?)))?;
    let filter = RecipientFilter { status: status.map(RecipientStatus::from) };
    let listed = campaigns::recipients(&app, &principal, path.id, filter, part).await?;
    Ok(page::answer(&request, &part, listed, Recipient::from))
}

async fn add(
    app: web::Data<App>,
    admin: Admin,
    path: web::Path<Id<CampaignId>>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let is_lines = is_lines(&request);
    // A task of its own: what was added is written down even when the caller hangs up.
    let adding = rt::spawn(async move { add_all(&app, &admin, path.id, is_lines, payload).await });
    adding.await.map_err(|error| ServiceError::Internal(format!("a list was not added to its end: {error}")))?
}

async fn add_all(
    app: &App,
    admin: &Admin,
    id: CampaignId,
    is_lines: bool,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let mut adding = Adding::begin(app, admin, id).await?;
    let taken = take_all(&mut adding, is_lines, payload).await;
    let finished = adding.finish().await;
    match taken {
        Ok(()) => Ok(HttpResponse::Created().json(Answer::from(finished?))),
        Err(Failed::Service(error)) => Err(error.into()),
        Err(failed) => Err(failed.problem(finished?.added).into()),
    }
}

/// Why a list was not taken to its end.
enum Failed {
    Broken(Broken),
    TooLarge,
    Lost(String),
    Service(ServiceError),
}

impl From<Broken> for Failed {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<ServiceError> for Failed {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl Failed {
    fn problem(self, added: u64) -> Problem {
        let told = |reason: String| {
            format!("{reason}; {added} before that were added, and sending the list again adds only what is missing")
        };
        match self {
            Self::Broken(Broken::NoList) => ServiceError::invalid("recipients", "must be a list of contacts").into(),
            Self::Broken(broken) => Problem::malformed(told(broken.to_string())),
            Self::Lost(reason) => Problem::malformed(told(format!("the body could not be read: {reason}"))),
            Self::TooLarge => ServiceError::TooLarge.into(),
            Self::Service(error) => error.into(),
        }
    }
}

async fn take_all(adding: &mut Adding<'_>, is_lines: bool, mut payload: Payload) -> Result<(), Failed> {
    let mut reader = ListReader::new(is_lines);
    let (mut contacts, mut length): (Vec<Contact>, usize) = (Vec::new(), 0);
    while let Some(bytes) = payload.next().await {
        let bytes = bytes.map_err(|error| Failed::Lost(error.to_string()))?;
        length += bytes.len();
        if length > LARGEST {
            return Err(Failed::TooLarge);
        }
        let read = reader.read(&bytes, &mut contacts);
        take(adding, &mut contacts).await?;
        read?;
    }
    let read = reader.finish(&mut contacts);
    take(adding, &mut contacts).await?;
    Ok(read?)
}

async fn take(adding: &mut Adding<'_>, contacts: &mut Vec<Contact>) -> Result<(), ServiceError> {
    for contact in contacts.drain(..) {
        adding.take(contact).await?;
    }
    Ok(())
}

fn is_lines(request: &HttpRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["application/x-ndjson", "application/jsonl", "application/x-jsonlines"].iter().any(|known| kind.starts_with(known))
}
