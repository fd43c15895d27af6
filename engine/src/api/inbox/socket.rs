//! `/ws/conversations`: the event log over a WebSocket.
//!
//! A client that comes with `cursor` is given everything behind it, each event
//! once and in order; one without is told what happens from now on. It hears of
//! every conversation until it subscribes to some.
//!
//! Why a connection is closed, its code says: see [`Farewell`].

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, rt, web};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use futures_util::StreamExt;
use patchbay_domain::ConversationId;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Error,
    error::CURSOR_TOO_OLD,
    frames::{Frame, news},
};
use crate::{
    api::{
        endpoint::{Endpoint, get},
        fields::Check,
        problem::Problem,
    },
    app::App,
    auth::Principal,
    realtime::{Ended, Happening, Subscription, conversation_of},
    service::ServiceError,
};

/// What clients send is short.
const LONGEST_FRAME: usize = 16 * 1024;
const MOST_SUBSCRIPTIONS: usize = 1_000;
/// How often it is looked whether the login is in force: a revoked one ends within a second.
const LOGIN: Duration = Duration::from_millis(400);
/// For so long it is tried to say why a connection is closed.
const GOODBYE: Duration = Duration::from_secs(1);

pub fn endpoints(path: &'static str) -> Vec<Endpoint> {
    vec![get(path, open).socket()]
}

#[derive(Deserialize)]
struct OpenQuery {
    cursor: Option<String>,
}

/// What a client says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    action: String,
    conversation_id: Option<ConversationId>,
}

/// Why a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Farewell {
    /// The client went, or cannot be reached.
    Gone,
    Stopping,
    LoggedOut,
    Silent,
    TooSlow,
    CursorTooOld,
    TooLarge,
    Unreadable,
    Failed,
}

impl Farewell {
    fn reason(&self) -> Option<CloseReason> {
        let (code, sentence) = match self {
            Self::Gone => return None,
            Self::Stopping => (CloseCode::Away, "this node stops; come back with your cursor"),
            Self::LoggedOut => (CloseCode::Other(4401), "this login has ended; log in again"),
            Self::Silent => (CloseCode::Other(4408), "nothing was heard of you"),
            Self::CursorTooOld => (CloseCode::Other(4410), CURSOR_TOO_OLD),
            Self::TooSlow => (CloseCode::Other(4429), "you take events too slowly; come back with your cursor"),
            Self::TooLarge => (CloseCode::Size, "a frame is larger than is taken here"),
            Self::Unreadable => (CloseCode::Protocol, "a frame cannot be read"),
            Self::Failed => (CloseCode::Error, "something went wrong on our side; come back with your cursor"),
        };
        Some(CloseReason { code, description: Some(sentence.to_owned()) })
    }
}

async fn open(
    app: web::Data<App>,
    principal: Principal,
    query: web::Query<OpenQuery>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let mut check = Check::default();
    let named = query.cursor.is_some();
    let cursor = check.parsed::<i64>("cursor", query.into_inner().cursor, "a cursor that an answer gave");
    let cursor = check.finish(|| cursor)?;
    let seat = app.realtime.seat().ok_or_else(ServiceError::unavailable)?;
    let subscription = app.realtime.subscribe(principal.organisation_id, cursor).await.map_err(ServiceError::from)?;
    let (answer, session, messages) = actix_ws::handle(&request, payload)
        .map_err(|error| Problem::malformed(format!("this address speaks WebSocket: {error}")))?;
    rt::spawn(async move {
        let slow = subscription.slow();
        let connection = Connection { app, principal, session, slow, wanted: HashSet::new() };
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
    /// Of these conversations only; with none, of all.
    wanted: HashSet<ConversationId>,
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
                _ = login.tick() => self.is_logged_in().await,
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
            ("subscribe" | "unsubscribe", None) => self.wanted.clear(),
            ("subscribe", Some(id)) => {
                if self.wanted.len() >= MOST_SUBSCRIPTIONS && !self.wanted.contains(&id) {
                    return self.complain("TOO_MANY_SUBSCRIPTIONS", "subscribe to all of them instead").await;
                }
                self.wanted.insert(id);
            }
            ("unsubscribe", Some(id)) => {
                self.wanted.remove(&id);
            }
            _ => return self.complain("BAD_FRAME", "there is subscribe and unsubscribe").await,
        }
        Ok(())
    }

    async fn tell(&mut self, happening: &Happening) -> Result<(), Farewell> {
        let about = conversation_of(&happening.change);
        let is_wanted = self.wanted.is_empty() || about.is_some_and(|id| self.wanted.contains(&id));
        if !is_wanted || !happening.is_for(&self.principal) {
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
        match ended {
            Ended::TooSlow => Farewell::TooSlow,
            Ended::Stopping => Farewell::Stopping,
            Ended::CursorTooOld { newest } => {
                let message = ended.to_string();
                let error = json!({"code": CURSOR_TOO_OLD, "message": message, "cursor": newest.to_string()});
                match self.write(&json!({"type": "error", "data": error})).await {
                    Ok(()) => Farewell::CursorTooOld,
                    Err(farewell) => farewell,
                }
            }
            Ended::Store(error) => {
                tracing::warn!(%error, "a client's events could not be read");
                Farewell::Failed
            }
        }
    }

    async fn is_logged_in(&mut self) -> Result<(), Farewell> {
        let now = (self.app.clock)();
        match self.app.auth.logins.current(self.principal.login_id, now).await {
            Ok(Some(caller)) => {
                self.principal.caller = caller;
                Ok(())
            }
            Ok(None) => Err(Farewell::LoggedOut),
            Err(error) if error.is_retryable() => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "a client's login could not be looked up");
                Err(Farewell::Failed)
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_but_the_clients_own_has_a_code_and_a_sentence() {
        assert_eq!(Farewell::Gone.reason(), None);
        for farewell in [Farewell::Stopping, Farewell::LoggedOut, Farewell::Silent, Farewell::TooSlow] {
            let reason = farewell.reason().unwrap();
            // A control frame has 125 bytes at most.
            assert!(reason.description.is_some_and(|sentence| sentence.len() <= 123));
        }
    }
}
