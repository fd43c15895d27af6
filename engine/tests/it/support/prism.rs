//! Prism, which serves a platform's API description and refuses requests that violate it, behind a platform that writes
//! down what it said.

use std::{
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    runtime::Handle,
    task::block_in_place,
};

use super::{
    engine::client,
    platform::{Answer, Call, Platform},
    port::free_port,
    wait::until,
};

const ERRORS: &str = "https://stoplight.io/prism/errors#";

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Valid,
    /// The description has no such call.
    NotDescribed,
    Violation(String),
}

pub struct Prism {
    pub platform: Platform,
    seen: Arc<Mutex<Vec<(String, Verdict)>>>,
    /// Ends with the test.
    _process: Child,
}

impl Prism {
    /// Serves one file of `engine/tests/specs`.
    pub async fn start(description: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/specs");
        let program = folder.join("node_modules/.bin/prism");
        assert!(program.exists(), "Prism is not installed; run the tests with `cargo xtask test`");
        let port = free_port();
        let process = Command::new(program)
            .args(["mock", "--host", "127.0.0.1", "--port", &port.to_string()])
            .arg(folder.join(description))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        until("Prism", Duration::from_mins(1), || async move { TcpStream::connect(("127.0.0.1", port)).await.ok() })
            .await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (http, runtime, notes) = (client(), Handle::current(), Arc::clone(&seen));
        let platform = Platform::start(move |call| {
            let asked = forward(&http, port, call);
            let (answer, verdict) = block_in_place(|| runtime.block_on(asked));
            notes.lock().unwrap().push((format!("{} {}", call.method, call.path), verdict));
            answer
        })
        .await;
        Self { platform, seen, _process: process }
    }

    /// The requests since the last time, and what became of them.
    pub fn seen(&self) -> Vec<(String, Verdict)> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

async fn forward(http: &reqwest::Client, port: u16, call: &Call) -> (Answer, Verdict) {
    let method = call.method.parse().unwrap();
    let mut request = http.request(method, format!("http://127.0.0.1:{port}{}", call.path)).body(call.body.clone());
    for (name, value) in &call.headers {
        let belongs_to_connection = ["host", "content-length", "transfer-encoding", "connection", "accept-encoding"]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own));
        if !belongs_to_connection {
            request = request.header(name, value);
        }
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap().to_vec();
    let verdict = judge(&body);
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    (Answer::Bytes(status, headers, body), verdict)
}

fn judge(body: &[u8]) -> Verdict {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(error) = answer.get("type").and_then(Value::as_str).and_then(|kind| kind.strip_prefix(ERRORS)) else {
        return Verdict::Valid;
    };
    match error {
        "NO_PATH_MATCHED_ERROR" | "NO_METHOD_MATCHED_ERROR" => Verdict::NotDescribed,
        _ => Verdict::Violation(answer.to_string()),
    }
}
