//! A platform that answers over real HTTP, as the test tells it to: with an
//! answer, never, or by cutting the connection after it took the request.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: std::time::Instant,
}

impl Call {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Clone)]
pub enum Answer {
    Json(u16, Value),
    Bytes(u16, Vec<(String, String)>, Vec<u8>),
    /// Takes the request and closes the connection: the answer is lost.
    Cut,
    /// Takes the request and never answers.
    Never,
    /// Takes the request, and answers when it is told to.
    Held(Arc<Notify>, Box<Answer>),
}

type Behaviour = Arc<Mutex<Box<dyn FnMut(&Call) -> Answer + Send>>>;

pub struct Platform {
    pub address: String,
    calls: Arc<Mutex<Vec<Call>>>,
    behaviour: Behaviour,
    server: tokio::task::JoinHandle<()>,
}

impl Platform {
    pub async fn start(behaviour: impl FnMut(&Call) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let behaviour: Behaviour = Arc::new(Mutex::new(Box::new(behaviour)));
        let server = tokio::spawn({
            let (calls, behaviour) = (Arc::clone(&calls), Arc::clone(&behaviour));
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&calls), Arc::clone(&behaviour)));
                }
            }
        });
        Self { address, calls, behaviour, server }
    }

    pub fn behave(&self, behaviour: impl FnMut(&Call) -> Answer + Send + 'static) {
        *self.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    /// Every request taken so far, in the order in which they arrived.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut stream: TcpStream, calls: Arc<Mutex<Vec<Call>>>, behaviour: Behaviour) {
    let mut buffer = Vec::new();
    while let Some(call) = read(&mut stream, &mut buffer).await {
        // Recorded before it is answered, as a platform would have acted on it.
        calls.lock().unwrap().push(call.clone());
        let mut answer = (behaviour.lock().unwrap())(&call);
        while let Answer::Held(release, held) = answer {
            release.notified().await;
            answer = *held;
        }
        let (status, headers, body) = match answer {
            Answer::Json(status, value) => {
                (status, vec![("content-type".into(), "application/json".into())], value.to_string().into_bytes())
            }
            Answer::Bytes(status, headers, body) => (status, headers, body),
            Answer::Cut => return,
            Answer::Never => std::future::pending().await,
            Answer::Held(..) => unreachable!("it was released"),
        };
        let mut head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
        }
        head.push_str("\r\n");
        if stream.write_all(head.as_bytes()).await.is_err() || stream.write_all(&body).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Call> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
            let mut lines = head.lines();
            let mut request = lines.next()?.split(' ');
            let (method, path) = (request.next()?.to_owned(), request.next()?.to_owned());
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect();
            let named = |name: &str| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            buffer.drain(..end + 4);
            let chunked = named("transfer-encoding").is_some();
            let length = named("content-length").and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
            let body = if chunked { read_chunks(stream, buffer).await? } else { take(stream, buffer, length).await? };
            return Some(Call { method, path, headers, body, at: std::time::Instant::now() });
        }
        fill(stream, buffer).await?;
    }
}

async fn read_chunks(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            match buffer.windows(2).position(|window| window == b"\r\n") {
                Some(end) => break end,
                None => fill(stream, buffer).await?,
            }
        };
        let line = String::from_utf8(buffer[..end].to_vec()).ok()?;
        buffer.drain(..end + 2);
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let chunk = take(stream, buffer, length + 2).await?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}

async fn take(stream: &mut TcpStream, buffer: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    while buffer.len() < length {
        fill(stream, buffer).await?;
    }
    Some(buffer.drain(..length).collect())
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = vec![0; 16 * 1024];
    let read = stream.read(&mut chunk).await.ok()?;
    if read == 0 {
        return None;
    }
    buffer.extend_from_slice(&chunk[..read]);
    Some(())
}
