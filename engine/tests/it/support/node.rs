//! Clients that are programs of Node.js: `engine/tests/sockets`.

use std::{path::PathBuf, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::{api::Person, engine::Engine};

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Node {
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// Ends with the test.
    _process: Child,
}

impl Node {
    /// `socket.io-client`, with a person's token and whatever else its options are.
    pub fn socketio(engine: &Engine, person: &Person, mut options: Value) -> Self {
        if options["auth"]["token"].is_null() {
            options["auth"]["token"] = json!(person.token);
        }
        Self::start("socketio.mjs", &[&engine.address, &options.to_string()])
    }

    /// `socket.io-client`, with these options and nothing else.
    pub fn socketio_with(engine: &Engine, options: &Value) -> Self {
        Self::start("socketio.mjs", &[&engine.address, &options.to_string()])
    }

    /// `ws`, which loses its connection after every so many frames.
    pub fn ws(engine: &Engine, person: &Person, every: usize) -> Self {
        Self::start("ws.mjs", &[&engine.address, &person.token, &every.to_string()])
    }

    fn start(program: &str, arguments: &[&str]) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sockets");
        let is_installed = folder.join("node_modules/socket.io-client").exists();
        assert!(is_installed, "socket.io-client is not installed; run the tests with `cargo xtask test`");
        let mut process = Command::new("node")
            .arg(folder.join(program))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (orders, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { orders, lines: BufReader::new(output).lines(), _process: process }
    }

    /// An order and what it is given, such as `["emit", "conversation:join", {…}]`.
    pub async fn order(&mut self, order: &Value) {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.unwrap();
    }

    /// What it tells next.
    pub async fn told(&mut self) -> Vec<Value> {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("the client tells something");
        serde_json::from_str(&line.unwrap().expect("the client goes on")).unwrap()
    }

    /// What it tells next, which must be of this kind.
    pub async fn next(&mut self, kind: &str) -> Value {
        let told = self.told().await;
        assert_eq!(told[0], kind, "{told:?}");
        told.get(1).cloned().unwrap_or_default()
    }

    /// The next event of this name, and its data. What comes before is passed over.
    pub async fn event(&mut self, name: &str) -> Value {
        self.events(&[name]).await.remove(0)
    }

    /// The data of these events, which come next and in this order, whatever comes between.
    pub async fn events(&mut self, names: &[&str]) -> Vec<Value> {
        let mut found = Vec::new();
        while found.len() < names.len() {
            let told = self.told().await;
            if told[0] == "event" && told[1] == names[found.len()] {
                found.push(told[2].clone());
            }
        }
        found
    }

    /// The names of all events until one of this name comes.
    pub async fn names_until(&mut self, last: &str) -> Vec<String> {
        let mut names = Vec::new();
        loop {
            let told = self.told().await;
            if told[0] == "event" {
                names.push(told[1].as_str().unwrap().to_owned());
                if told[1] == last {
                    return names;
                }
            }
        }
    }

    /// The answer to an event.
    pub async fn ask(&mut self, name: &str, about: Value) -> Value {
        self.order(&json!(["ask", name, about])).await;
        loop {
            let told = self.told().await;
            if told[0] == "answer" {
                return told[1].clone();
            }
        }
    }

    /// What it tells the next time of this kind.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let told = self.told().await;
            if told[0] == kind {
                return told.get(1).cloned().unwrap_or_default();
            }
        }
    }
}
