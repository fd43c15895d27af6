//! The business dialect's realtime: Socket.IO at `/socket.io/`, by requests and by WebSocket, beside everything else on the
//! same port.
//!
//! - [`entrance`] lets a client in: whose token, from which place in the log
//! - [`connection`] is its life from then on; [`requests`] is what it asks for
//! - [`events`] is what it is told, [`place`] where in the log it is
//! - [`websocket`] carries a session's packets over a WebSocket
//!
//! The door is open to anybody, since the token comes in the first packet: who does not show one in time is sent away.
//! To add an event: a case in `events.rs`, or in `requests.rs` where clients send it.

mod connection;
mod entrance;
mod events;
mod place;
mod requests;
mod websocket;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header::ContentType, rt, web};
use serde::Deserialize;
use serde_json::{Value, json};

use self::entrance::Handshake;
use super::{
    endpoint::{Endpoint, get, post},
    guard::{origin, presented},
    problem::{Problem, Shape},
};
use crate::{
    app::App,
    auth::Subject,
    service::ServiceError,
    socketio::{
        Frame, LONGEST, Session, Sessions,
        session::{self, Line, Refusal, Way},
    },
};

pub const SHAPE: Shape = Shape(body);

/// The only version that is spoken here.
const VERSION: &str = "4";

pub fn endpoints() -> Vec<Endpoint> {
    vec![get("", receive).machine(), post("", send).machine(), get("/", receive).machine(), post("/", send).machine()]
}

/// Problems in the protocol's words, for those that it has none for.
fn body(problem: &Problem) -> Value {
    json!({"code": Wrong::Request as u8, "message": problem.message})
}

/// What the protocol says is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Transport = 0,
    Session = 1,
    Method = 2,
    Request = 3,
    Version = 5,
}

impl Wrong {
    fn answer(self) -> HttpResponse {
        let message = match self {
            Self::Transport => "Transport unknown",
            Self::Session => "Session ID unknown",
            Self::Method => "Bad handshake method",
            Self::Request => "Bad request",
            Self::Version => "Unsupported protocol version",
        };
        HttpResponse::BadRequest().json(json!({"code": self as u8, "message": message}))
    }
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Over => Self::Session,
            Refusal::Overlap | Refusal::OtherWay | Refusal::Unreadable => Self::Request,
        }
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "EIO")]
    version: Option<String>,
    transport: Option<String>,
    sid: Option<String>,
    cursor: Option<String>,
}

/// What a client asks for, where it speaks the protocol.
enum Call {
    Open { way: Way, cursor: Option<String> },
    Continue { way: Way, session: Arc<Session> },
}

impl Asked {
    fn call(self, app: &App) -> Result<Call, Wrong> {
        let Self { version, transport, sid, cursor } = self;
        let way = match transport.as_deref() {
            Some("polling") => Way::Requests,
            Some("websocket") => Way::Socket,
            _ => return Err(Wrong::Transport),
        };
        if version.as_deref() != Some(VERSION) {
            return Err(Wrong::Version);
        }
        match sid {
            None => Ok(Call::Open { way, cursor }),
            Some(sid) => {
                let session = app.sockets.find(&sid).ok_or(Wrong::Session)?;
                Ok(Call::Continue { way, session })
            }
        }
    }
}

async fn receive(
    app: web::Data<App>,
    asked: web::Query<Asked>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    match asked.into_inner().call(&app) {
        Err(wrong) => wrong.answer(),
        Ok(Call::Open { way, cursor }) => match admit(app, &request, way, cursor) {
            Ok(admitted) => admitted.open(&request, payload),
            Err(error) => SHAPE.answer(&error.into()),
        },
        Ok(Call::Continue { way: Way::Socket, session }) => websocket::take_over(&request, payload, session),
        Ok(Call::Continue { session, .. }) => match session.poll().await {
            Ok(body) => HttpResponse::Ok().content_type(ContentType::plaintext()).body(body),
            Err(refusal) => Wrong::from(refusal).answer(),
        },
    }
}

async fn send(app: web::Data<App>, asked: web::Query<Asked>, payload: web::Payload) -> HttpResponse {
    let session = match asked.into_inner().call(&app) {
        Ok(Call::Continue { way: Way::Requests, session }) => session,
        Ok(Call::Continue { .. }) => return Wrong::Request.answer(),
        Ok(Call::Open { .. }) => return Wrong::Method.answer(),
        Err(wrong) => return wrong.answer(),
    };
    let frames = match payload.to_bytes_limited(LONGEST).await {
        Ok(Ok(body)) => std::str::from_utf8(&body).ok().and_then(Frame::read_all),
        Ok(Err(_)) => None,
        Err(_) => return SHAPE.answer(&ServiceError::TooLarge.into()),
    };
    match session.push(frames).await {
        Ok(()) => HttpResponse::Ok().content_type(ContentType::html()).body("ok"),
        Err(refusal) => Wrong::from(refusal).answer(),
    }
}

/// A session that may begin.
struct Admitted {
    app: web::Data<App>,
    session: Arc<Session>,
    line: Line,
    way: Way,
    handshake: Handshake,
    seat: tokio::sync::OwnedSemaphorePermit,
}

fn admit(
    app: web::Data<App>,
    request: &HttpRequest,
    way: Way,
    cursor: Option<String>,
) -> Result<Admitted, ServiceError> {
    let handshake = Handshake { token: presented(request), cursor, origin: origin(&app, request) };
    if let Some(address) = handshake.origin.address {
        entrance::count(&app, Subject::Address(address))?;
    }
    let seat = app.realtime.seat().ok_or_else(ServiceError::unavailable)?;
    let (session, line) = session::open(Sessions::identifier(), way);
    Ok(Admitted { app, session, line, way, handshake, seat })
}

impl Admitted {
    fn open(self, request: &HttpRequest, payload: web::Payload) -> HttpResponse {
        let Self { app, session, line, way, handshake, seat } = self;
        let every = app.config.realtime.ping.as_millis();
        let upgrades: &[&str] = if way == Way::Requests { &["websocket"] } else { &[] };
        let about = json!({
            "sid": session.id,
            "upgrades": upgrades,
            "pingInterval": every,
            "pingTimeout": every,
            "maxPayload": LONGEST,
        });
        let open = Frame::Open(about.to_string());
        let answer = if way == Way::Requests {
            HttpResponse::Ok().content_type(ContentType::plaintext()).body(open.write())
        } else {
            match websocket::begin(request, payload, Arc::clone(&session), open) {
                Ok(answer) => answer,
                Err(error) => return websocket::refused(&error),
            }
        };
        app.sockets.add(session);
        rt::spawn(async move {
            connection::serve(app, line, handshake).await;
            drop(seat);
        });
        answer
    }
}
