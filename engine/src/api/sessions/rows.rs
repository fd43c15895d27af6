//! `/sessions`: what there is of them, making and deleting them.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, UserId};
use patchbay_store::channels::Channel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Error, Id,
    answer::{Data, Done, Many, done, made, ok},
    page::{self, PageQuery},
    words::StatusWord,
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, post},
        fields::{Check, Field},
    },
    app::App,
    auth::{Admin, Principal},
    service::{
        ServiceError, WriteId,
        sessions::{self as service, CreateSession, Listed},
    },
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/sessions", list).does("List sessions that one reaches").query::<PageQuery>().answers::<Many<Session>>(),
        post("/sessions", create).does("Make a session").admins().takes::<CreateBody>().creates::<Data<Session>>(),
        get("/sessions/{id}", show).does("Show a session").answers::<Data<Session>>().refuses(&[403]),
        delete("/sessions/{id}", remove).does("Delete a session").admins().answers::<Done>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateSession")]
struct CreateBody {
    #[serde(default)]
    #[schemars(!default)]
    session_name: Field<String>,
    /// A WAHA server of its own: `baseUrl`, `apiKey`, `hmacKey`, and `session` where it is called otherwise there
    #[serde(default)]
    config: Field<Map<String, Value>>,
}

impl CreateBody {
    fn read(self) -> Result<CreateSession, ServiceError> {
        let Self { session_name, config } = self;
        let mut check = Check::default();
        let (name, server) = (check.required("session_name", session_name), check.value("config", config));
        check.finish(|| Ok(CreateSession { name: name?, server: server? }))
    }
}

#[derive(Serialize, JsonSchema)]
pub struct Session {
    id: ChannelId,
    #[serde(rename = "session_name")]
    name: String,
    phone_number: Option<String>,
    status: StatusWord,
    waha_metadata: Metadata,
    last_connected_at: Option<DateTime<Utc>>,
    last_message_timestamp: Option<DateTime<Utc>>,
    created_by_admin_id: Option<UserId>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What WAHA calls it, and where the channel's own webhook address is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SessionMetadata")]
struct Metadata {
    session: Option<String>,
    webhook_url: String,
}

impl Session {
    pub fn of(app: &App, channel: Channel, last_message_timestamp: Option<DateTime<Utc>>) -> Self {
        let Channel {
            id,
            name,
            address,
            session_state,
            session_phone,
            last_connected_at,
            created_by,
            created_at,
            updated_at,
            ..
        } = channel;
        let webhook_url = format!("{}/webhook/{id}", app.config.server.public_url);
        Self {
            id,
            name,
            phone_number: session_phone,
            status: session_state.into(),
            waha_metadata: Metadata { session: address, webhook_url },
            last_connected_at,
            last_message_timestamp,
            created_by_admin_id: created_by,
            created_at,
            updated_at,
        }
    }
}

async fn list(app: web::Data<App>, principal: Principal, query: web::Query<PageQuery>) -> Result<HttpResponse, Error> {
    let show = |Listed { channel, last_message_at }| Session::of(&app, channel, last_message_at);
    let sessions = service::list(&app, &principal).await?.into_iter().map(show).collect();
    Ok(HttpResponse::Ok().json(page::of_all(query.into_inner(), sessions)?))
}

async fn create(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    body: web::Json<CreateBody>,
) -> Result<HttpResponse, Error> {
    let channel = service::create(&app, &admin, write, body.into_inner().read()?).await?;
    Ok(made(Session::of(&app, channel, None)))
}

async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ChannelId>>,
) -> Result<HttpResponse, Error> {
    let Listed { channel, last_message_at } = service::get(&app, &principal, path.id).await?;
    Ok(ok(Session::of(&app, channel, last_message_at)))
}

async fn remove(app: web::Data<App>, admin: Admin, path: web::Path<Id<ChannelId>>) -> Result<HttpResponse, Error> {
    service::delete(&app, &admin, path.id).await?;
    Ok(done("Session deleted successfully"))
}
