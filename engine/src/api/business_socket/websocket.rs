//! A session's packets over a WebSocket: from the beginning, or instead of requests once it is seen that it comes through.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, rt, web};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, ProtocolError, Session as Socket};
use futures_util::StreamExt;
use tokio::time::{Duration, sleep, timeout};

use super::{SHAPE, Wrong};
use crate::{
    api::{farewell::GOODBYE, problem::Problem},
    socketio::{
        Frame, LONGEST, Session,
        session::{Heard, Outbox, Refusal},
    },
};

/// A client that tries a WebSocket comes over to it in this time, or stays where it is.
const TRIAL: Duration = Duration::from_secs(10);

/// A session that is reached by WebSocket alone.
pub fn begin(
    request: &HttpRequest,
    payload: web::Payload,
    session: Arc<Session>,
    open: Frame,
) -> Result<HttpResponse, actix_web::Error> {
    let (answer, mut socket, mut messages) = accept(request, payload)?;
    rt::spawn(async move {
        let outbox = session.take_over().await;
        let reason = match socket.text(open.write()).await {
            Ok(()) => carry(&session, outbox, &mut socket, &mut messages).await,
            Err(_) => lose(&session, Heard::Lost).await,
        };
        close(socket, reason).await;
    });
    Ok(answer)
}

/// A WebSocket beside a session's requests, which takes over when the client says so.
pub fn take_over(request: &HttpRequest, payload: web::Payload, session: Arc<Session>) -> HttpResponse {
    if session.has_socket() {
        return Wrong::Request.answer();
    }
    let (answer, mut socket, mut messages) = match accept(request, payload) {
        Ok(accepted) => accepted,
        Err(error) => return refused(&error),
    };
    rt::spawn(async move {
        let mut is_trying = false;
        let reason = match timeout(TRIAL, try_out(&session, &mut socket, &mut messages, &mut is_trying)).await {
            Ok(Some(outbox)) => carry(&session, outbox, &mut socket, &mut messages).await,
            Ok(None) | Err(_) => {
                if is_trying {
                    session.gives_up_trying();
                }
                Some(CloseReason { code: CloseCode::Protocol, description: None })
            }
        };
        close(socket, reason).await;
    });
    answer
}

fn accept(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<(HttpResponse, Socket, MessageStream), actix_web::Error> {
    let (answer, socket, messages) = actix_ws::handle(request, payload)?;
    Ok((answer, socket, messages.max_frame_size(LONGEST)))
}

/// The answer to what does not speak WebSocket.
pub fn refused(error: &actix_web::Error) -> HttpResponse {
    SHAPE.answer(&Problem::malformed(format!("this transport speaks WebSocket: {error}")))
}

/// The client sends a word there and back, lets go of its last request, and comes over.
async fn try_out<'a>(
    session: &'a Session,
    socket: &mut Socket,
    messages: &mut MessageStream,
    is_trying: &mut bool,
) -> Option<Outbox<'a>> {
    loop {
        let Some(heard) = read(messages.next().await) else { continue };
        match heard {
            Heard::Frame(Frame::Ping(word)) if !*is_trying => {
                socket.text(Frame::Pong(word).write()).await.ok()?;
                *is_trying = session.begins_trying();
                if !*is_trying {
                    return None;
                }
            }
            Heard::Frame(Frame::Upgrade) if *is_trying => return Some(session.take_over().await),
            _ => return None,
        }
    }
}

/// Both ways at once, so that neither waits for the other. Answers why it ends.
async fn carry(
    session: &Session,
    mut outbox: Outbox<'_>,
    socket: &mut Socket,
    messages: &mut MessageStream,
) -> Option<CloseReason> {
    let write = async {
        while let Some(text) = outbox.next().await {
            if socket.text(text).await.is_err() {
                return lose(session, Heard::Lost).await;
            }
        }
        session.reason()
    };
    let read = async {
        loop {
            let Some(heard) = read(messages.next().await) else { continue };
            let ends = !matches!(heard, Heard::Frame(_));
            if let Err(Refusal::Over) = session.say(heard).await {
                break;
            }
            if ends {
                break;
            }
        }
        // What waits for a client that does not take it is not waited for longer.
        session.over().await;
        sleep(GOODBYE).await;
        session.reason()
    };
    tokio::select! {
        reason = write => reason,
        reason = read => reason,
    }
}

/// None where it says nothing to us.
fn read(message: Option<Result<Message, ProtocolError>>) -> Option<Heard> {
    Some(match message {
        Some(Ok(Message::Text(text))) => Frame::read(&text).map_or(Heard::Unreadable, Heard::Frame),
        Some(Ok(Message::Binary(_))) => Heard::Frame(Frame::Binary),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Nop)) => return None,
        Some(Ok(Message::Close(_))) | None => Heard::Lost,
        Some(Err(ProtocolError::Overflow)) => Heard::TooLarge,
        Some(Ok(Message::Continuation(_)) | Err(_)) => Heard::Unreadable,
    })
}

/// The client cannot be reached, and whoever speaks with it hears so.
async fn lose(session: &Session, heard: Heard) -> Option<CloseReason> {
    match session.say(heard).await {
        Ok(()) => session.over().await,
        Err(refusal) => tracing::trace!(?refusal, "a session was over before its socket"),
    }
    session.reason()
}

async fn close(socket: Socket, reason: Option<CloseReason>) {
    let closed = timeout(GOODBYE, socket.close(reason)).await;
    if !matches!(closed, Ok(Ok(()))) {
        tracing::trace!("a client did not hear why its socket ends");
    }
}
