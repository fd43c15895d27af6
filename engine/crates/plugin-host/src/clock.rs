//! Ends the turns of computing connectors, for as long as anything can be called.

use std::{sync::mpsc, time::Duration};

use wasmtime::Engine;

/// Its thread ends when this is dropped.
pub struct Clock {
    _alive: mpsc::SyncSender<()>,
}

impl Clock {
    pub fn start(engine: Engine, tick: Duration) -> std::io::Result<Self> {
        let (alive, gone) = mpsc::sync_channel(0);
        let run = move || {
            while gone.recv_timeout(tick) == Err(mpsc::RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        };
        std::thread::Builder::new().name("connector-clock".to_owned()).spawn(run)?;
        Ok(Self { _alive: alive })
    }
}
