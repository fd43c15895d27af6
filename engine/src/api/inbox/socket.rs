//! `/ws/conversations`: the event log over a WebSocket.
//!
//! A client that comes with `cursor` is given everything behind it, each event
//! once and in order; one without is told what happens from now on. It hears of
//! every conversation until it subscribes to some, and of campaigns when it comes with `campaigns=true`.
//!
//! Why a connection is closed, its code says: see [`Farewell`].

use actix_web::{HttpRequest, HttpResponse, rt, web};
use actix_ws::{Message, MessageStream, Session};
use futures_util::StreamExt;
use patchbay_domain::ConversationId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Error,
    error::CURSOR_TOO_OLD,
    frames::{Frame, Wanted, news},
};
use crate::{
    api::{
        description::{Content, Described},
        endpoint::get,
        farewell::{Farewell, GOODBYE, LOGIN, is_logged_in},
        fields::Check,
        problem::Problem,
    },
    app::App,
    auth::Principal,
    realtime::{Ended, Happening, Subscription},
    service::ServiceError,
};

/// What clients send is short.
const LONGEST_FRAME: usize = 16 * 1024;
const MOST_SUBSCRIPTIONS: usize = 1_000;

pub fn endpoints(path: &'static str) -> Vec<Described> {
    let endpoint = get(path, open).socket().does("What happens, from the cursor or from now on, over a WebSocket");
    vec![endpoint.query::<OpenQuery>().says(101, Content::Bytes).refuses(&[410])]
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "OpenSocket")]
struct OpenQuery {
    cursor: Option<String>,
    campaigns: Option<String>,
}

/// What a client says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    action: String,
    conversation_id: Option<ConversationId>,
}

async fn open(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<OpenQuery>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let OpenQuery { cursor, campaigns } = query.into_inner();
    let named = cursor.is_some();
    let cursor = check.parsed::<i64>("cursor", cursor, "a cursor that an answer gave");
    let campaigns = check.parsed::<bool>(Wanted::CAMPAIGNS, campaigns, "true or false");
    let (cursor, campaigns) = check.finish(|| Ok((cursor?, campaigns?)))?;
    let seat = app.realtime.seat().ok_or_else(ServiceError::unavailable)?;
    let subscription = app.realtime.subscribe(principal.organisation_id, cursor).await.map_err(ServiceError::from)?;
    let (answer, session, messages) = actix_ws::handle(&request, payload)
        .map_err(|error| Problem::malformed(format!("this address speaks WebSocket: {error}")))?;
    rt::spawn(async move {
        let slow = subscription.slow();
        let wanted = Wanted { campaigns: campaigns.unwrap_or(false), ..Wanted::default() };
        let connection = Connection { app, principal, session, slow, wanted };
        connection.run(subscription, messages.max_frame_size(LONGEST_FRAME), named).await;
        drop(seat);
    });
    Ok(answer)
}

struct Connection {
    app: web::Data<App>,
    principal: Principal,
    session: Session,
    slow: CancellationToken,
    wanted: Wanted,
}

impl Connection {
    /// Whoever named a cursor, if an empty one, is told where they begin.
    async fn run(mut self, subscription: Subscription, messages: MessageStream, named: bool) {
        let hello = json!({"type": "connected", "cursor": subscription.cursor().to_string()});
        let greeted = if named { self.write(&hello).await } else { Ok(()) };
        let farewell = match greeted {
            Ok(()) => self.converse(subscription, messages).await,
            Err(farewell) => farewell,
        };
        tracing::debug!(?farewell, "a client's socket ends");
        let closed = timeout(GOODBYE, self.session.close(farewell.reason())).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::trace!("a client did not hear why its socket ends");
        }
    }

    async fn converse(&mut self, mut subscription: Subscription, mut messages: MessageStream) -> Farewell {
        let stopping = self.app.realtime.stopping().clone();
        let every = self.app.config.realtime.ping;
        let (mut ping, mut login) = (interval(every), interval(LOGIN));
        let mut heard = Instant::now();
        loop {
            let went_on = tokio::select! {
                () = stopping.cancelled() => Err(Farewell::Stopping),
                message = messages.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(message)) => self.hear(message).await,
                        Some(Err(actix_ws::ProtocolError::Overflow)) => Err(Farewell::TooLarge),
                        Some(Err(_)) => Err(Farewell::Unreadable),
                        None => Err(Farewell::Gone),
                    }
                }
                _ = login.tick() => is_logged_in(&self.app, &mut self.principal).await,
                _ = ping.tick() => {
                    if heard.elapsed() > every * 2 { Err(Farewell::Silent) } else { self.ping().await }
                }
                next = subscription.next() => match next {
                    Ok(happening) => self.tell(&happening).await,
                    Err(ended) => Err(self.ended(ended).await),
                },
            };
            if let Err(farewell) = went_on {
                return farewell;
            }
        }
    }

    async fn hear(&mut self, message: Message) -> Result<(), Farewell> {
        match message {
            Message::Text(text) => match serde_json::from_str::<Said>(&text) {
                Ok(said) => self.subscribe(said).await,
                Err(_) => self.complain("BAD_FRAME", "send {\"action\": \"subscribe\", \"conversationId\"?: …}").await,
            },
            Message::Ping(bytes) => self.limited(async |session| session.pong(&bytes).await).await,
            Message::Pong(_) | Message::Nop => Ok(()),
            Message::Close(_) => Err(Farewell::Gone),
            Message::Binary(_) | Message::Continuation(_) => Err(Farewell::Unreadable),
        }
    }

    async fn subscribe(&mut self, said: Said) -> Result<(), Farewell> {
        match (said.action.as_str(), said.conversation_id) {
            ("subscribe" | "unsubscribe", None) => self.wanted.conversations.clear(),
            ("subscribe", Some(id)) => {
                let wanted = &mut self.wanted.conversations;
                if wanted.len() >= MOST_SUBSCRIPTIONS && !wanted.contains(&id) {
                    return self.complain("TOO_MANY_SUBSCRIPTIONS", "subscribe to all of them instead").await;
                }
                wanted.insert(id);
            }
            ("unsubscribe", Some(id)) => {
                self.wanted.conversations.remove(&id);
            }
            _ => return self.complain("BAD_FRAME", "there is subscribe and unsubscribe").await,
        }
        Ok(())
    }

    async fn tell(&mut self, happening: &Happening) -> Result<(), Farewell> {
        if !self.wanted.has(happening, &self.principal) {
            return Ok(());
        }
        let Some(news) = news(&self.app, happening) else { return Ok(()) };
        match Frame::of(happening.sequence, &news).and_then(serde_json::to_value) {
            Ok(frame) => self.write(&frame).await,
            Err(error) => {
                tracing::error!(%error, "an event could not be written for a client");
                Err(Farewell::Failed)
            }
        }
    }

    /// Says so where a client can act on it.
    async fn ended(&mut self, ended: Ended) -> Farewell {
        if let Ended::CursorTooOld { newest } = &ended {
            let (message, newest) = (ended.to_string(), newest.to_string());
            let error = json!({"code": CURSOR_TOO_OLD, "message": message, "cursor": newest});
            if let Err(farewell) = self.write(&json!({"type": "error", "data": error})).await {
                return farewell;
            }
        }
        ended.into()
    }

    async fn complain(&mut self, code: &str, message: &str) -> Result<(), Farewell> {
        self.write(&json!({"type": "error", "data": {"code": code, "message": message}})).await
    }

    async fn ping(&mut self) -> Result<(), Farewell> {
        self.limited(async |session| session.ping(b"").await).await
    }

    async fn write(&mut self, frame: &Value) -> Result<(), Farewell> {
        let text = frame.to_string();
        self.limited(async |session| session.text(text).await).await
    }

    /// Nothing is waited for longer than a client may take, nor once it is cut off.
    async fn limited(
        &mut self,
        write: impl AsyncFnOnce(&mut Session) -> Result<(), actix_ws::Closed>,
    ) -> Result<(), Farewell> {
        tokio::select! {
            written = write(&mut self.session) => written.map_err(|_| Farewell::Gone),
            () = self.slow.cancelled() => Err(Farewell::TooSlow),
            () = sleep(self.app.config.realtime.write) => Err(Farewell::TooSlow),
        }
    }
}
