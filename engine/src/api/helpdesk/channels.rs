//! `/orgs/{orgId}/channels`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, sending::ChannelStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Error, Id, Success,
    page::{self, PageQuery},
};
use crate::{
    api::{
        description::Described,
        endpoint::{delete, get, post, put},
        fields::{Check, Field},
    },
    app::App,
    auth::{Admin, Principal},
    service::{
        ServiceError, WriteId,
        channels::{self, ChannelView, ConnectionTest, CreateChannel, TestResult, UpdateChannel},
    },
};

pub fn endpoints() -> Vec<Described> {
    vec![
        get("/{organisation}/channels", list).does("List channels").pages::<Channel>(),
        post("/{organisation}/channels", create)
            .does("Create a channel")
            .admins()
            .takes::<CreateBody>()
            .creates::<Created>(),
        get("/{organisation}/channels/{id}", show).does("Show a channel").answers::<Channel>(),
        put("/{organisation}/channels/{id}", update)
            .does("Change a channel")
            .admins()
            .takes::<UpdateBody>()
            .answers::<Channel>(),
        delete("/{organisation}/channels/{id}", remove).does("Delete a channel").admins().answers::<Success>(),
        post("/{organisation}/channels/{id}/test-connection", test_connection)
            .does("Ask the platform whether a channel works")
            .admins()
            .answers::<Tested>(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateChannel")]
struct CreateBody {
    #[serde(default, rename = "type")]
    #[schemars(!default)]
    channel_type: Field<String>,
    #[serde(default)]
    #[schemars(!default)]
    name: Field<String>,
    #[serde(default)]
    config: Field<Map<String, Value>>,
}

impl CreateBody {
    fn read(self) -> Result<CreateChannel, ServiceError> {
        let Self { channel_type, name, config } = self;
        let mut check = Check::default();
        let (channel_type, name) = (check.required("type", channel_type), check.required("name", name));
        let config = check.value("config", config);
        check.finish(|| {
            Ok(CreateChannel { channel_type: channel_type?, name: name?, config: config?.unwrap_or_default() })
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UpdateChannel")]
struct UpdateBody {
    #[serde(default)]
    name: Field<String>,
    #[serde(default)]
    is_active: Field<bool>,
    #[serde(default)]
    config: Field<Map<String, Value>>,
}

impl UpdateBody {
    fn read(self) -> Result<UpdateChannel, ServiceError> {
        let Self { name, is_active, config } = self;
        let mut check = Check::default();
        let (name, is_active) = (check.optional("name", name), check.value("isActive", is_active));
        let config = check.value("config", config);
        check.finish(|| Ok(UpdateChannel { name: name?, is_active: is_active?, config: config? }))
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Channel {
    id: ChannelId,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    config: Map<String, Value>,
    is_active: bool,
    status: ChannelStatus,
    status_reason: Option<String>,
    webhook_url: String,
    /// Everybody can read what is written on it.
    is_public: bool,
    /// After how many days the content of its messages is deleted; absent where it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_days: Option<u32>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<ChannelView> for Channel {
    fn from(view: ChannelView) -> Self {
        let ChannelView { channel, config, webhook_url, is_public, retention_days } = view;
        Self {
            id: channel.id,
            kind: channel.channel_type,
            name: channel.name,
            config,
            is_active: channel.status != ChannelStatus::Disabled,
            status: channel.status,
            status_reason: channel.status_reason,
            webhook_url,
            is_public,
            retention_days,
            created_at: channel.created_at,
            updated_at: channel.updated_at,
        }
    }
}

/// What a new channel is answered with besides: how to set its webhook up.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CreatedChannel")]
struct Created {
    #[serde(flatten)]
    channel: Channel,
    webhook_test: Option<Value>,
    webhook_setup: Option<Value>,
    instructions: String,
}

impl From<ChannelView> for Created {
    fn from(view: ChannelView) -> Self {
        let instructions =
            format!("Enter {} as the webhook address at the platform, then test the connection.", view.webhook_url);
        Self { channel: view.into(), webhook_test: None, webhook_setup: None, instructions }
    }
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TestedChannel")]
struct Tested {
    channel_id: ChannelId,
    /// Its public settings, and which of the others have a value.
    config: Map<String, Value>,
    tests: [Tried; 1],
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ConnectionTest")]
struct Tried {
    test: &'static str,
    status: Verdict,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    solution: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Verdict {
    Pass,
    Fail,
    /// It could not be found out.
    Error,
}

impl From<ConnectionTest> for Tested {
    fn from(test: ConnectionTest) -> Self {
        let ConnectionTest { channel, secrets, result } = test;
        let mut config = channel.channel.config.as_object().cloned().unwrap_or_default();
        for (name, present) in secrets {
            let mut letters = name.chars();
            let name: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
            config.insert(format!("has{name}"), Value::Bool(present));
        }
        let (status, message, data, solution) = match result {
            TestResult::Passed { data } => (Verdict::Pass, "The platform accepts this channel".to_owned(), data, None),
            TestResult::Failed { message, solution } => (Verdict::Fail, message, None, solution),
            TestResult::Undecided { message } => (Verdict::Error, message, None, None),
        };
        let test = Tried { test: "connection", status, message, data, solution };
        Self { channel_id: channel.channel.id, config, tests: [test] }
    }
}

async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let channels = channels::list(&app, &principal).await?.into_iter().map(Channel::from).collect();
    page::of_all(&request, query.into_inner(), channels)
}

async fn show(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<Id<ChannelId>>,
) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Channel::from(channels::get(&app, &principal, path.id).await?)))
}

async fn create(
    app: web::Data<App>,
    admin: Admin,
    write: WriteId,
    body: web::Json<CreateBody>,
) -> Result<HttpResponse, Error> {
    let created = channels::create(&app, &admin, write, body.into_inner().read()?).await?;
    Ok(HttpResponse::Created().json(Created::from(created)))
}

async fn update(
    app: web::Data<App>,
    admin: Admin,
    path: web::Path<Id<ChannelId>>,
    body: web::Json<UpdateBody>,
) -> Result<HttpResponse, Error> {
    let updated = channels::update(&app, &admin, path.id, body.into_inner().read()?).await?;
    Ok(HttpResponse::Ok().json(Channel::from(updated)))
}

async fn remove(app: web::Data<App>, admin: Admin, path: web::Path<Id<ChannelId>>) -> Result<HttpResponse, Error> {
    channels::delete(&app, &admin, path.id).await?;
    Ok(HttpResponse::Ok().json(Success::new()))
}

async fn test_connection(
    app: web::Data<App>,
    admin: Admin,
    path: web::Path<Id<ChannelId>>,
) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(Tested::from(channels::test_connection(&app, &admin, path.id).await?)))
}
