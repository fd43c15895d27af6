//! The life of one connection: it comes in, hears and is told, and ends.

use actix_web::web;
use serde_json::json;
use tokio::time::{Instant, interval, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    entrance::{self, Client, Handshake, PATIENCE},
    events::{Event, events},
    place::Place,
    requests::request,
};
use crate::{
    api::{
        farewell::{Farewell, GOODBYE, LOGIN, is_logged_in},
        inbox::CURSOR_TOO_OLD,
        problem::Problem,
    },
    app::App,
    realtime::{
        Ended, Happening,
        rooms::{Notice, Typing},
    },
    service::ServiceError,
    socketio::{
        Frame, Line,
        packet::{Packet, ROOT, Said, answer, disconnected, event, placed, refused},
        session::Heard,
    },
};

/// Packets of bytes that may go with one that names them.
const MOST_ATTACHMENTS: usize = 10;

/// What a client is heard and written to over.
pub struct Wire {
    pub app: web::Data<App>,
    line: Line,
    /// Cancelled when the client is cut off.
    pub slow: CancellationToken,
    /// Packets of bytes that are to come, and that nobody reads.
    attachments: usize,
    heard: Instant,
}

/// From its first packet until nothing of it is left.
pub async fn serve(app: web::Data<App>, line: Line, handshake: Handshake) {
    let session = line.session.id.clone();
    let mut wire =
        Wire { app: app.clone(), line, slow: CancellationToken::new(), attachments: 0, heard: Instant::now() };
    let farewell = wire.live(handshake).await;
    tracing::debug!(?farewell, "a client's connection ends");
    let drained = wire.line.end(farewell.reason());
    if timeout(GOODBYE, drained.cancelled()).await.is_err() {
        tracing::trace!("a client did not take the last that it was told");
    }
    app.sockets.remove(&session);
}

impl Wire {
    async fn live(&mut self, handshake: Handshake) -> Farewell {
        let stopping = self.app.realtime.stopping().clone();
        let entered = tokio::select! {
            () = stopping.cancelled() => Err(Farewell::Stopping),
            entered = timeout(PATIENCE, entrance::enter(self, handshake)) => entered.unwrap_or(Err(Farewell::Silent)),
        };
        let farewell = match entered {
            Ok(client) => Box::pin(self.converse(client)).await,
            Err(farewell) => return farewell,
        };
        // Of these two a client is not to come back by itself.
        if matches!(farewell, Farewell::LoggedOut | Farewell::CursorTooOld)
            && let Err(other) = self.write(disconnected()).await
        {
            tracing::trace!(?other, "a client did not hear that it is disconnected");
        }
        farewell
    }

    pub fn id(&self) -> String {
        self.line.session.id.clone()
    }

    async fn converse(&mut self, mut client: Client) -> Farewell {
        let stopping = self.app.realtime.stopping().clone();
        let every = self.app.config.realtime.ping;
        let (mut ping, mut login) = (interval_at(Instant::now() + every, every), interval(LOGIN));
        loop {
            let went_on = tokio::select! {
                () = stopping.cancelled() => Err(Farewell::Stopping),
                packet = self.hear() => match packet {
                    Ok(Some(packet)) => self.asked(&mut client, packet).await,
                    Ok(None) => Ok(()),
                    Err(farewell) => Err(farewell),
                },
                _ = login.tick() => is_logged_in(&self.app, &mut client.principal).await,
                _ = ping.tick() => {
                    if self.heard.elapsed() > every * 2 {
                        Err(Farewell::Silent)
                    } else {
                        self.send(&Frame::Ping(String::new())).await
                    }
                }
                Some(notice) = client.notices.recv() => self.write(written(&notice)).await,
                next = client.subscription.next() => match next {
                    Ok(happening) => self.tell(&mut client, &happening).await,
                    Err(ended) => Err(self.ended(ended).await),
                },
            };
            if let Err(farewell) = went_on {
                return farewell;
            }
        }
    }

    /// The next packet; none where what came says nothing. Nothing is lost when this is dropped while it waits.
    pub async fn hear(&mut self) -> Result<Option<Packet>, Farewell> {
        let heard = self.line.hear().await;
        self.heard = Instant::now();
        let frame = match heard {
            Heard::Frame(frame) => frame,
            Heard::Unreadable => return Err(Farewell::Unreadable),
            Heard::TooLarge => return Err(Farewell::TooLarge),
            Heard::Lost => return Err(Farewell::Gone),
        };
        match frame {
            Frame::Message(text) => Packet::read(&text).map(Some).ok_or(Farewell::Unreadable),
            Frame::Pong(_) => Ok(None),
            Frame::Close => Err(Farewell::Gone),
            Frame::Binary if self.attachments > 0 => {
                self.attachments -= 1;
                Ok(None)
            }
            Frame::Binary | Frame::Open(_) | Frame::Ping(_) | Frame::Upgrade | Frame::Noop => Err(Farewell::Unreadable),
        }
    }

    async fn asked(&mut self, client: &mut Client, packet: Packet) -> Result<(), Farewell> {
        let Packet { namespace, said } = packet;
        match said {
            Said::Connect { .. } if namespace != ROOT => {
                self.write(refused(&namespace, "Invalid namespace", &json!({"code": "NOT_FOUND"}))).await
            }
            _ if namespace != ROOT => Err(Farewell::Unreadable),
            // It is in already.
            Said::Connect { .. } | Said::Ack => Ok(()),
            Said::Disconnect => Err(Farewell::Gone),
            Said::Event { id, name, arguments } => {
                let done = request(&self.app, client, &name, arguments).await;
                self.answer(id, done).await
            }
            Said::Binary { attachments, .. } if attachments > MOST_ATTACHMENTS => Err(Farewell::Unreadable),
            Said::Binary { id, attachments } => {
                self.attachments = attachments;
                self.answer(id, Err(ServiceError::invalid("data", "must be JSON: bytes are not taken here"))).await
            }
        }
    }

    /// Who asked for an answer has it; who did not hears of what went wrong.
    async fn answer(&mut self, id: Option<u64>, done: Result<(), ServiceError>) -> Result<(), Farewell> {
        let problem = done.err().map(Problem::from);
        match (id, problem) {
            (Some(id), None) => self.write(answer(id, json!({"success": true}))).await,
            (Some(id), Some(Problem { code, message, .. })) => {
                let data = json!({"success": false, "message": message, "error": message, "code": code});
                self.write(answer(id, data)).await
            }
            (None, Some(Problem { code, message, .. })) => {
                self.write(event("error", &[json!({"message": message, "code": code})])).await
            }
            (None, None) => Ok(()),
        }
    }

    async fn tell(&mut self, client: &mut Client, happening: &Happening) -> Result<(), Farewell> {
        let told = std::mem::take(&mut client.told);
        if !happening.is_for(&client.principal) {
            return Ok(());
        }
        let events = events(&self.app, happening).map_err(|error| {
            tracing::error!(%error, "an event could not be written for a client");
            Farewell::Failed
        })?;
        let count = events.len();
        for (number, Event { name, data, room }) in (1..).zip(events).skip(told) {
            if room.is_none_or(|room| client.hears_all || client.member.is_in(room)) {
                let place = Place::behind(happening.sequence, number, count);
                self.write(placed(name, data, &place.to_string())).await?;
            }
        }
        Ok(())
    }

    /// Says so where a client can act on it.
    async fn ended(&mut self, ended: Ended) -> Farewell {
        if let Ended::CursorTooOld { newest } = &ended {
            let error = json!({"code": CURSOR_TOO_OLD, "message": ended.to_string(), "cursor": newest.to_string()});
            if let Err(farewell) = self.write(event("error", &[error])).await {
                return farewell;
            }
        }
        ended.into()
    }

    pub async fn write(&self, packet: String) -> Result<(), Farewell> {
        self.send(&Frame::Message(packet)).await
    }

    /// Nothing is waited for longer than a client may take, nor once it is cut off.
    async fn send(&self, frame: &Frame) -> Result<(), Farewell> {
        tokio::select! {
            biased;
            written = self.line.write(frame) => written.map_err(|_| Farewell::Gone),
            () = self.slow.cancelled() => Err(Farewell::TooSlow),
            () = sleep(self.app.config.realtime.write) => Err(Farewell::TooSlow),
        }
    }
}

/// That somebody types, or stops; comes, or goes.
fn written(notice: &Notice) -> String {
    let (name, about) = match notice {
        Notice::Typing(Typing { conversation_id, user_id, user_name, begins }) => (
            if *begins { "typing:start" } else { "typing:stop" },
            json!({"conversationId": conversation_id, "userId": user_id, "userName": user_name}),
        ),
        Notice::Online(user_id) => ("user:online", json!({"userId": user_id})),
        Notice::Offline(user_id) => ("user:offline", json!({"userId": user_id})),
    };
    event(name, &[about])
}
