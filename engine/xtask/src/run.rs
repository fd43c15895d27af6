//! `cargo xtask run`: Patchbay from nothing, on the embedded default.
//!
//! This program becomes the engine, so that a signal meant for the one reaches the other. Beforehand it starts itself
//! once more, to wait until the engine answers and then say what to try.

use std::env;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::num::NonZeroU16;
use std::os::unix::process::{CommandExt, parent_id};
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::command::{self, Project, cargo, wait_for};
use crate::plugins;

const DEFAULT_PORT: u16 = 8080;
const READY_LIMIT: Duration = Duration::from_mins(2);
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct Announcement {
    port: u16,
    /// The process that becomes the engine.
    engine: u32,
}

/// Returns only if something fails.
pub fn run() -> Result<()> {
    let port = port()?;
    let project = Project::find()?;
    let plugins = project.target.join("plugins");
    plugins::build(plugins::SHIPPED, &plugins, &[])?;
    command::run(cargo(&project.root).args(["build", "--release", "--package", "patchbay"]))?;
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        .with_context(|| format!("Port {port} is taken; name another one, such as `PORT=8090 cargo xtask run`"))?;

    Command::new(env::current_exe()?)
        .args(["announce", &port.to_string(), &process::id().to_string()])
        .stdin(Stdio::null())
        .spawn()
        .context("the program that waits for the engine could not be started")?;
    Err(engine(&project, &plugins).exec()).context("the engine could not be started")
}

fn port() -> Result<u16> {
    let Some(port) = env::var("PORT").ok().filter(|port| !port.is_empty()) else { return Ok(DEFAULT_PORT) };
    let port: NonZeroU16 = port.parse().with_context(|| format!("PORT is {port:?}, which is no port number"))?;
    Ok(port.get())
}

fn engine(project: &Project, plugins: &Path) -> Command {
    let mut engine = Command::new(project.target.join("release/patchbay"));
    engine
        .arg("serve")
        .current_dir(&project.root)
        .env("PATCHBAY_PLUGINS_DIR", plugins)
        // What other programs mean by these would take us off the embedded default.
        .env_remove("DATABASE_URL")
        .env_remove("AMQP_URL");
    engine
}

/// Waits until the engine answers, then prints its address and what to try. Gives up in silence if the engine ends:
/// it has said why.
pub fn announce(announcement: &Announcement) -> Result<()> {
    let address = format!("http://localhost:{}", announcement.port);
    let ready = wait_for("The engine", READY_LIMIT, || {
        let ended = parent_id() != announcement.engine;
        Ok(if ended { Some(false) } else { is_ready(announcement.port).then_some(true) })
    })?;
    if ready {
        println!(
            "\nPatchbay answers at {address}. In another terminal, sign up, make a MOCK channel and send it a message:\n\n{}\n",
            lines(&address)
        );
    }
    Ok(())
}

fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /ops/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 13];
        stream.read_exact(&mut status)?;
        Ok(&status == b"HTTP/1.1 200 ")
    };
    ask().unwrap_or(false)
}

/// Three lines for a POSIX shell, to be pasted in this order.
fn lines(address: &str) -> String {
    [
        format!(
            r#"signup=$(curl -sS {address}/auth/signup -H 'Content-Type: application/json' -d '{{"orgName":"Trial","name":"Ada","email":"ada'$(date +%s)'@example.com","password":"correct horse battery"}}'); echo "$signup"; token=$(echo "$signup" | {token}); org=$(echo "$signup" | {org})"#,
            token = first("accessToken"),
            org = first("orgId"),
        ),
        format!(
            r#"made=$(curl -sS {address}/orgs/$org/channels -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{{"type":"MOCK","name":"Trial","config":{{}}}}'); echo "$made"; channel=$(echo "$made" | {id})"#,
            id = first("id"),
        ),
        format!(
            r#"curl -sS {address}/webhook/$channel -H 'Content-Type: application/json' -d '{{"senderPhone":"+14155550123","senderName":"Grace","message":"Hello, I need help","messageId":"msg-'$(date +%s)'","metadata":{{}}}}'"#
        ),
    ]
    .join("\n")
}

/// Pulls the first field of that name out of a JSON document: cuts off what follows its value, then what precedes it.
fn first(field: &str) -> String {
    format!(r#"sed 's/"{field}":"\([^"]*\)".*/\1/; s/.*[{{,]//'"#)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::thread;

    use super::*;

    /// Answers one call after the other, and gives back what each asked: its first line, then its authorisation.
    fn answer(listener: &TcpListener, bodies: &[&str]) -> Vec<String> {
        let mut calls = Vec::new();
        for body in bodies {
            let (mut stream, _) = listener.accept().unwrap();
            let head = BufReader::new(&stream).lines().map(Result::unwrap).take_while(|line| !line.is_empty());
            let told: Vec<String> =
                head.filter(|line| line.starts_with("POST ") || line.starts_with("Authorization: ")).collect();
            calls.push(told.join(" | "));
            write!(stream, "HTTP/1.1 201 Created\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
                .unwrap();
        }
        calls
    }

    #[test]
    fn the_lines_work_when_pasted_in_their_order() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let pasted = lines(&format!("http://{}", listener.local_addr().unwrap()));
        let shell = thread::spawn(move || Command::new("sh").args(["-euc", &pasted]).output().unwrap());
        let calls = answer(
            &listener,
            &[
                r#"{"user":{"id":"u-1","email":"a@example.com","orgId":"o-1"},"accessToken":"aaa.bbb.ccc","refreshToken":"r"}"#,
                r#"{"name":"Trial","id":"c-1","config":{"id":"no"},"organisation":{"id":"o-1"}}"#,
                r#"{"ok":true}"#,
            ],
        );
        let output = shell.join().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(
            calls,
            [
                "POST /auth/signup HTTP/1.1",
                "POST /orgs/o-1/channels HTTP/1.1 | Authorization: Bearer aaa.bbb.ccc",
                "POST /webhook/c-1 HTTP/1.1",
            ]
        );
        assert!(output.stdout.ends_with(br#"{"ok":true}"#), "{output:?}");
    }
}
