//! Whether PostgreSQL answers on this machine, asked in its own protocol, and how root makes a role of its own in it.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Found;
use crate::command::succeeds;

const PORT: u16 = 5432;
const PATIENCE: Duration = Duration::from_secs(5);
/// Those whom a server for development lets in without a password.
const USERS: [&str; 2] = ["postgres", "root"];
const LONGEST_MESSAGE: usize = 64 * 1024;

pub fn probe() -> Found {
    let mut found = Found::Nothing;
    for user in USERS {
        match greet(user) {
            Some(Greeting::Welcome) => return Found::Open(format!("postgres://{user}@127.0.0.1:{PORT}/postgres")),
            Some(Greeting::Refused) => found = Found::Locked,
            None => {}
        }
    }
    found
}

enum Greeting {
    Welcome,
    Refused,
}

/// Begins a session as `user` and reads until the server is ready or has refused. `None`: nobody there, or still starting.
fn greet(user: &str) -> Option<Greeting> {
    let mut stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, PORT).into(), PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(&startup(user)?).ok()?;
    loop {
        let (kind, body) = message(&mut stream)?;
        match kind {
            b'Z' => return Some(Greeting::Welcome),
            // "The database system is starting up" is no refusal.
            b'E' if body.windows(7).any(|field| field == b"C57P03\0") => return None,
            b'E' => return Some(Greeting::Refused),
            b'R' if body != [0; 4] => return Some(Greeting::Refused),
            _ => {}
        }
    }
}

fn startup(user: &str) -> Option<Vec<u8>> {
    let parameters = format!("user\0{user}\0database\0postgres\0\0");
    let length = u32::try_from(8 + parameters.len()).ok()?;
    let version = 3_u32 << 16;
    Some([&length.to_be_bytes(), &version.to_be_bytes(), parameters.as_bytes()].concat())
}

fn message(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut kind = [0];
    let mut length = [0; 4];
    stream.read_exact(&mut kind).ok()?;
    stream.read_exact(&mut length).ok()?;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?.checked_sub(4)?;
    if length > LONGEST_MESSAGE {
        return None;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let [kind] = kind;
    Some((kind, body))
}

/// A role that may create databases, with a new password each time; only root can become the server's owner and make it.
pub fn own_role() -> Result<Option<String>> {
    let as_owner = || {
        let mut command = Command::new("runuser");
        command
            .args(["--user", "postgres", "--", "psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"])
            .current_dir("/");
        command
    };
    if !succeeds(as_owner().args(["--command", "select 1"])) {
        return Ok(None);
    }
    let password = random_password()?;
    println!("PostgreSQL: the role patchbay_tests gets a new password");
    let mut psql = as_owner().stdin(Stdio::piped()).spawn().context("psql could not be started")?;
    let statements = format!(
        "select 'create role patchbay_tests' where not exists (select from pg_roles where rolname = 'patchbay_tests')\\gexec\n\
         alter role patchbay_tests login createdb password '{password}';\n"
    );
    psql.stdin.take().context("psql takes no input")?.write_all(statements.as_bytes())?;
    let status = psql.wait()?;
    ensure!(status.success(), "psql could not make the role patchbay_tests: {status}");
    Ok(Some(format!("postgres://patchbay_tests:{password}@127.0.0.1:{PORT}/postgres")))
}

fn random_password() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
