//! A platform that accepts every message at once, under an identifier of its own, and notes when.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use actix_web::{App, HttpResponse, HttpServer, web};

pub struct Platform {
    pub address: String,
    handle: actix_web::dev::ServerHandle,
    arrivals: Arc<Mutex<Vec<Instant>>>,
}

pub fn start() -> anyhow::Result<Platform> {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&arrivals);
    let server = HttpServer::new(move || {
        let noted = Arc::clone(&noted);
        App::new().default_service(web::to(move |_: web::Bytes| {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
            let id = uuid::Uuid::now_v7();
            async move {
                HttpResponse::Ok().content_type("application/json").body(format!(
                    r#"{{"messaging_product":"whatsapp","contacts":[],"messages":[{{"id":"wamid.{id}"}}]}}"#
                ))
            }
        }))
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))?;
    let address = server.addrs().first().map(|address| format!("http://{address}")).unwrap_or_default();
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(Platform { address, handle, arrivals })
}

impl Platform {
    /// When each message arrived.
    pub fn arrivals(&self) -> Vec<Instant> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn arrived(&self) -> usize {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}
