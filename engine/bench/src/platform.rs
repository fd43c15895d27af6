//! A platform that accepts every message at once, under an identifier of its own.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use actix_web::{App, HttpResponse, HttpServer, web};

pub struct Platform {
    pub address: String,
    handle: actix_web::dev::ServerHandle,
}

pub fn start() -> anyhow::Result<Platform> {
    let counted = Arc::new(AtomicUsize::new(0));
    let server = HttpServer::new(move || {
        let counted = Arc::clone(&counted);
        App::new().default_service(web::to(move |_: web::Bytes| {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let id = uuid::Uuid::now_v7();
            async move {
                HttpResponse::Ok().content_type("application/json").body(format!(
                    r#"{{"messaging_product":"whatsapp","contacts":[],"messages":[{{"id":"wamid.{id}.{number}"}}]}}"#
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
    Ok(Platform { address, handle })
}

impl Platform {
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}
