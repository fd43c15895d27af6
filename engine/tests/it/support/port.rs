//! Ports for servers that are started by their number.

use std::{
    net::TcpListener,
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the ports that the system gives to whoever asks for any: none of these is handed out between the look and
/// the start of the server, nor again to another test while a client still speaks to the one before.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// A port that nobody listens on. Tests are processes of their own, so each begins its search elsewhere.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let start = process::id().wrapping_mul(37) % u32::from(COUNT);
    let start = u16::try_from(start).expect("below the count");
    for _ in 0..COUNT {
        let step = TAKEN.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (start + step) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port of {FIRST} to {} is free", FIRST + COUNT);
}
