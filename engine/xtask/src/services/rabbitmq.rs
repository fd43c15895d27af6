//! Whether RabbitMQ answers on this machine and lets its guest in, asked in its own protocol (AMQP 0-9-1).

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::Found;

const PORT: u16 = 5672;
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECTION: u16 = 10;
const START: u16 = 10;
const START_OK: u16 = 11;
const TUNE: u16 = 30;
const LONGEST_FRAME: usize = 64 * 1024;

pub fn probe() -> Found {
    match greet() {
        None => Found::Nothing,
        Some(false) => Found::Locked,
        Some(true) => Found::Open(format!("amqp://guest:guest@127.0.0.1:{PORT}/%2f")),
    }
}

/// Whether guest is let in. `None`: nobody there, or still starting.
fn greet() -> Option<bool> {
    let mut stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, PORT).into(), PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(b"AMQP\x00\x00\x09\x01").ok()?;
    if method(&mut stream)? != (CONNECTION, START) {
        return None;
    }
    stream.write_all(&start_as_guest()?).ok()?;
    // A broker that refuses says so, or just hangs up.
    Some(method(&mut stream) == Some((CONNECTION, TUNE)))
}

/// A method frame: kind, channel, length, then class, method, no properties, mechanism, response and locale; the end mark.
fn start_as_guest() -> Option<Vec<u8>> {
    let payload = [
        &CONNECTION.to_be_bytes()[..],
        &START_OK.to_be_bytes(),
        &0_u32.to_be_bytes(),
        b"\x05PLAIN",
        &12_u32.to_be_bytes(),
        b"\0guest\0guest",
        b"\x05en_US",
    ]
    .concat();
    let length = u32::try_from(payload.len()).ok()?;
    Some([&[1, 0, 0][..], &length.to_be_bytes(), &payload, &[0xCE]].concat())
}

/// Reads one frame; the class and the method that it names.
fn method(stream: &mut TcpStream) -> Option<(u16, u16)> {
    let mut head = [0; 7];
    stream.read_exact(&mut head).ok()?;
    let [kind, _, _, length @ ..] = head;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
    if kind != 1 || length > LONGEST_FRAME {
        return None;
    }
    let mut rest = vec![0; length + 1];
    stream.read_exact(&mut rest).ok()?;
    match rest.as_slice() {
        [a, b, c, d, ..] => Some((u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]))),
        _ => None,
    }
}
