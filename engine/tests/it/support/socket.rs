//! A client of `/ws/conversations`.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{api::Person, engine::Engine};

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Socket {
    stream: WebSocketStream<TcpStream>,
}

/// What came.
#[derive(Debug, PartialEq)]
pub enum Came {
    Frame(Value),
    /// With this code.
    Closed(Option<u16>),
}

impl Socket {
    /// With the token in the query. `query` may name a cursor, such as `&cursor=5`.
    pub async fn open(engine: &Engine, person: &Person, query: &str) -> Self {
        let path = format!("/ws/conversations?token={}{query}", person.token);
        Self::try_open(engine, &path, None, None).await.unwrap_or_else(|status| panic!("refused with {status}"))
    }

    /// The status of a refusal. `window` is how many bytes the client takes in without reading them.
    pub async fn try_open(engine: &Engine, path: &str, token: Option<&str>, window: Option<u32>) -> Result<Self, u16> {
        let host = engine.address.trim_start_matches("http://");
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(window) = window {
            socket.set_recv_buffer_size(window).unwrap();
        }
        let connection = socket.connect(host.parse().unwrap()).await.unwrap();
        let mut request = format!("ws://{host}{path}").into_client_request().unwrap();
        if let Some(token) = token {
            let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
            request.headers_mut().insert("authorization", value);
        }
        match client_async(request, connection).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("the socket could not be opened: {error}"),
        }
    }

    pub async fn say(&mut self, frame: &Value) {
        self.stream.send(Message::text(frame.to_string())).await.unwrap();
    }

    pub async fn say_text(&mut self, text: String) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// What comes next.
    pub async fn next(&mut self) -> Came {
        loop {
            let message = timeout(PATIENCE, self.stream.next()).await.expect("something comes");
            match message {
                Some(Ok(Message::Text(text))) => return Came::Frame(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(reason))) => return Came::Closed(reason.map(|reason| reason.code.into())),
                Some(Ok(_)) => {}
                // Cut off without a word.
                Some(Err(_)) | None => return Came::Closed(None),
            }
        }
    }

    /// The next frame.
    pub async fn frame(&mut self) -> Value {
        match self.next().await {
            Came::Frame(frame) => frame,
            Came::Closed(code) => panic!("closed with {code:?}"),
        }
    }

    /// Reads until it is closed, and answers the code.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Came::Closed(code) = self.next().await {
                return code;
            }
        }
    }
}
