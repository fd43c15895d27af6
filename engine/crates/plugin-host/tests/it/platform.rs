//! A platform on 127.0.0.1 that records what it is sent and answers as the test says, byte by byte.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use patchbay_domain::{
    ChannelId, MediaId,
    platform::{Auth, Body, Request, Response, TransportError},
};
use patchbay_plugin_host::{
    ByteStream, ChannelView, Egress, EgressConfig, MediaError, MediaRead, MediaStore, egress::resolve::Lookup,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

use crate::world::{channel, manifest};

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub line: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

pub struct Platform {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Platform {
    /// Answers each request with these bytes and closes the connection.
    pub async fn answering(answer: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let platform = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, answer) = (Arc::clone(&platform.seen), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let request = read(&mut connection).await;
                    let bytes = answer(&request);
                    seen.lock().unwrap().push(request);
                    // The client may have gone, having seen enough.
                    drop(connection.write_all(&bytes).await);
                });
            }
        });
        platform
    }

    pub async fn new() -> Self {
        Self::answering(|_| answer("200 OK", "", "done")).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

pub fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

pub fn redirect(status: &str, location: &str) -> Vec<u8> {
    answer(status, &format!("Location: {location}\r\n"), "")
}

async fn read(connection: &mut TcpStream) -> Seen {
    let mut reader = BufReader::new(connection);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = reader.read_u8().await else { return Seen::default() };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap().to_owned();
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    assert!(!headers.contains_key("transfer-encoding"), "every body has a length");
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).await.unwrap();
    Seen { line, headers, body }
}

/// Names of this test alone.
pub struct Names(pub HashMap<&'static str, Vec<&'static str>>);

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let addresses = self.0.get(host).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(addresses.iter().map(|address| address.parse().unwrap()).collect())
    }
}

/// Type, name and bytes.
type File = (Option<String>, Option<String>, Vec<u8>);

/// Files in memory.
#[derive(Default)]
pub struct Files(pub Mutex<HashMap<(ChannelId, MediaId), File>>);

#[async_trait]
impl MediaStore for Files {
    async fn open(&self, channel: ChannelId, id: MediaId) -> Result<MediaRead, MediaError> {
        let files = self.0.lock().unwrap();
        let (mime, file_name, bytes) = files.get(&(channel, id)).cloned().ok_or(MediaError::NotFound(id))?;
        let length = bytes.len() as u64;
        let pieces: Vec<_> = bytes.chunks(5).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok(MediaRead { mime, file_name, length, stream: stream::iter(pieces).boxed() })
    }

    async fn save(
        &self,
        channel: ChannelId,
        mime: Option<String>,
        file_name: Option<String>,
        stream: ByteStream,
    ) -> Result<MediaId, MediaError> {
        let pieces: Vec<Bytes> = stream.try_collect().await.map_err(|error| MediaError::Failed(error.to_string()))?;
        let id = MediaId::from_uuid(Uuid::from_u128(99));
        self.0.lock().unwrap().insert((channel, id), (mime, file_name, pieces.concat()));
        Ok(id)
    }
}

/// A channel whose settings point at this address, with two secrets.
pub fn channel_at(base: &str) -> ChannelView {
    let secrets = [("token", SECRET), ("other", "second-secret")];
    let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned()));
    ChannelView {
        config: serde_json::json!({ "apiBaseUrl": base }).to_string().into(),
        secrets: Arc::new(secrets.into_iter().collect()),
        ..channel(1)
    }
}

pub const SECRET: &str = "s3cr3t-token";

pub fn get(url: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        auth: Auth::None,
        body: Body::Empty,
        timeout_ms: None,
        save_body: false,
        idempotent: true,
        state: Vec::new(),
    }
}

pub fn post(url: &str, body: Body) -> Request {
    Request { method: "POST".to_owned(), body, idempotent: false, ..get(url) }
}

pub fn local() -> EgressConfig {
    EgressConfig { allow_private: vec!["127.0.0.1".to_owned()], ..EgressConfig::default() }
}

/// Sends as the connector of a channel that is set to the request's own host, which may reach 127.0.0.1.
pub async fn send(request: &Request) -> Result<Response, TransportError> {
    send_with(local(), &[], request, &Files::default()).await
}

pub async fn send_with(
    config: EgressConfig,
    hosts: &[&str],
    request: &Request,
    files: &Files,
) -> Result<Response, TransportError> {
    let egress = Egress::new(config).unwrap();
    egress.perform(&channel_at(&request.url), &manifest(hosts), request, files).await
}

pub fn refusal(answer: Result<Response, TransportError>) -> String {
    match answer {
        Err(TransportError::Refused(reason)) => reason,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
