//! How a client comes in: it names a token, and where it goes on if it was here before.
//!
//! Whoever names a place in the log, as `cursor` or, as `socket.io-client` does by itself when its connection broke, as `pid`
//! and `offset`, hears of every conversation from there on: what it had joined is not known to the node it comes to. Others
//! hear of a conversation's messages once they joined it.

use std::time::Duration;

use patchbay_domain::OrganisationId;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{connection::Wire, place::Place};
use crate::{
    api::{farewell::Farewell, guard::holder, inbox::CURSOR_TOO_OLD, problem::Problem},
    app::App,
    auth::{Origin, Principal, Subject},
    realtime::{
        Ended, Subscription, log,
        rooms::{Member, Notice},
    },
    service::ServiceError,
    socketio::{
        packet::{Packet, ROOT, Said, connected, placed, refused},
        sessions::Seat,
    },
};

/// Who opened a session without a word is sent away.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Packets that a client has to be let in with.
const ATTEMPTS: usize = 10;

/// What came before the first packet.
pub struct Handshake {
    pub token: Option<String>,
    pub cursor: Option<String>,
    pub origin: Origin,
}

/// A client that was let in.
pub struct Client {
    pub principal: Principal,
    pub subscription: Subscription,
    /// Of the next thing that happened, so many events were told.
    pub told: usize,
    pub hears_all: bool,
    pub member: Member,
    pub notices: mpsc::Receiver<Notice>,
    _seat: Seat,
}

/// Why not.
struct Refused {
    code: &'static str,
    message: String,
    /// From where it may go on.
    cursor: Option<i64>,
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        let Problem { code, message, .. } = Problem::from(error);
        Self { code, message, cursor: None }
    }
}

/// Counts a call, and refuses it where it is one too many.
pub fn count(app: &App, subject: Subject) -> Result<(), ServiceError> {
    match app.auth.requests.check(subject).retry_after {
        None => Ok(()),
        Some(seconds) => {
            let message = "too many requests; wait a little";
            Err(ServiceError::TooMany { message, retry_after: Duration::from_secs(seconds) })
        }
    }
}

/// Hears the client until it is let in. One that is refused may try again, while there is time.
pub async fn enter(wire: &mut Wire, handshake: Handshake) -> Result<Client, Farewell> {
    for _ in 0..ATTEMPTS {
        let Some(Packet { namespace, said }) = wire.hear().await? else { continue };
        let Said::Connect { auth } = said else { return Err(Farewell::Unreadable) };
        if namespace != ROOT {
            wire.write(refused(&namespace, "Invalid namespace", &json!({"code": "NOT_FOUND"}))).await?;
            continue;
        }
        match admit(&wire.app, &handshake, &auth).await {
            Ok((client, pid)) => {
                let place = Place { sequence: client.subscription.cursor(), told: client.told }.to_string();
                wire.slow = client.subscription.slow();
                wire.write(connected(&wire.id(), &pid)).await?;
                // So that one that hears of nothing has a place, too.
                wire.write(placed("connected", json!({"cursor": place}), &place)).await?;
                return Ok(client);
            }
            Err(Refused { code, message, cursor }) => {
                let cursor = cursor.map(|cursor| cursor.to_string());
                wire.write(refused(ROOT, &message, &json!({"code": code, "cursor": cursor}))).await?;
            }
        }
    }
    Err(Farewell::Unreadable)
}

async fn admit(app: &App, handshake: &Handshake, auth: &Value) -> Result<(Client, String), Refused> {
    let named = auth.get("token").and_then(Value::as_str).map(|token| token.trim_start_matches("Bearer ").trim());
    let caller = holder(app, named.or(handshake.token.as_deref())).await?;
    count(app, Subject::User(caller.user_id))?;
    let organisation = caller.organisation_id;
    let cursor = text(auth, "cursor").or_else(|| handshake.cursor.clone());
    let (pid, offset) = (text(auth, "pid"), text(auth, "offset"));
    // A client that recovers was further than the cursor that it first came with.
    let recovered = recovered(app, organisation, pid.as_deref(), offset.as_deref()).await?;
    let is_named = recovered.is_some() || cursor.is_some();
    let pid = pid.filter(|_| recovered.is_some());
    let start = match (recovered, cursor) {
        (Some(place), _) => Some(place),
        (None, Some(cursor)) => chosen(app, organisation, &cursor).await?,
        (None, None) => None,
    };
    let seat = app.sockets.seat(caller.user_id).ok_or(Refused {
        code: "TOO_MANY_CONNECTIONS",
        message: "you have too many connections; close one".to_owned(),
        cursor: None,
    })?;
    let told = start.map_or(0, |place| place.told);
    let from = start.map(|place| place.sequence);
    let subscription = app.realtime.subscribe(organisation, from).await.map_err(ServiceError::from)?;
    let (member, notices) = app.rooms.member(organisation, caller.user_id);
    let principal = Principal { caller, origin: handshake.origin.clone() };
    let client = Client { principal, subscription, told, hears_all: is_named, member, notices, _seat: seat };
    Ok((client, pid.unwrap_or_else(|| format!("{organisation}.{}", Uuid::new_v4().simple()))))
}

/// A text, or a number as one.
fn text(auth: &Value, name: &str) -> Option<String> {
    match auth.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An empty one is the newest.
async fn chosen(app: &App, organisation: OrganisationId, cursor: &str) -> Result<Option<Place>, Refused> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let place: Place =
        cursor.parse().map_err(|_| ServiceError::invalid("cursor", "must be a cursor that an event came with"))?;
    match kept(app, organisation, place).await? {
        Ok(place) => Ok(Some(place)),
        Err(newest) => {
            let message = Ended::CursorTooOld { newest }.to_string();
            Err(Refused { code: CURSOR_TOO_OLD, message, cursor: Some(newest) })
        }
    }
}

/// Where the client's own recovery goes on: in the same organisation, if its place is still kept. It hears whether it was.
async fn recovered(
    app: &App,
    organisation: OrganisationId,
    pid: Option<&str>,
    offset: Option<&str>,
) -> Result<Option<Place>, Refused> {
    let is_ours = pid.and_then(|pid| pid.split_once('.')).is_some_and(|(home, _)| home == organisation.to_string());
    let Some(place) = offset.filter(|_| is_ours).and_then(|offset| offset.parse::<Place>().ok()) else {
        return Ok(None);
    };
    Ok(kept(app, organisation, place).await?.ok())
}

/// The place, if what follows it is still kept; else the newest there is.
async fn kept(app: &App, organisation: OrganisationId, place: Place) -> Result<Result<Place, i64>, ServiceError> {
    match log::read(&app.store, organisation, place.sequence, 1).await {
        Ok(_) => Ok(Ok(place)),
        Err(Ended::CursorTooOld { newest }) => Ok(Err(newest)),
        Err(Ended::Store(error)) => Err(error.into()),
        Err(Ended::TooSlow | Ended::Stopping) => Err(ServiceError::unavailable()),
    }
}
