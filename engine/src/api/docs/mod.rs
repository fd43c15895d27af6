//! `/api/docs`: an OpenAPI document per described dialect, and Swagger UI to read and try them.
//!
//! To describe another dialect: `does` at its endpoints, and a line in [`dialects`].

mod document;

use std::sync::{Arc, LazyLock};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, ContentType},
    web,
};
use document::Dialect;
use utoipa_swagger_ui::{Config, Url, serve};

use super::{
    business,
    endpoint::{Endpoint, get, no_route},
    helpdesk, inbox, ops, sessions,
};

const PAGE: &str = include_str!("page.html");
/// The page's own files, and what it asks this server.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      frame-ancestors 'none'; base-uri 'self'";

/// The name and the text of each document.
static DOCUMENTS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let file = |dialect: Dialect| (format!("{}.json", dialect.name), dialect.document().to_string());
    dialects().into_iter().map(file).collect()
});

fn dialects() -> Vec<Dialect> {
    vec![
        Dialect {
            name: "helpdesk",
            title: "Patchbay: helpdesk",
            problem: helpdesk::problem_schema,
            scopes: helpdesk::scopes(),
        },
        Dialect { name: "inbox", title: "Patchbay: inbox", problem: inbox::problem_schema, scopes: inbox::scopes() },
        Dialect {
            name: "sessions",
            title: "Patchbay: sessions",
            problem: sessions::problem_schema,
            scopes: vec![("/api", sessions::endpoints())],
        },
        Dialect {
            name: "business",
            title: "Patchbay: business",
            problem: business::problem_schema,
            scopes: vec![business::uploads(), ("/api", business::endpoints())],
        },
        Dialect {
            name: "ops",
            title: "Patchbay: operations",
            problem: ops::problem_schema,
            scopes: vec![("/ops", ops::endpoints())],
        },
    ]
}

pub fn endpoints() -> Vec<Endpoint> {
    vec![get("", page).public(), get("/{file}", file).public()]
}

async fn page() -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_SECURITY_POLICY, POLICY)).content_type(ContentType::html()).body(PAGE)
}

async fn file(name: web::Path<String>, request: HttpRequest) -> HttpResponse {
    if let Some((_, document)) = DOCUMENTS.iter().find(|(known, _)| *known == *name) {
        return HttpResponse::Ok().content_type(ContentType::json()).body(document.as_str());
    }
    let config = Config::new(DOCUMENTS.iter().map(|(name, _)| Url::new(name.trim_end_matches(".json"), name)));
    match serve(&name, Arc::new(config)) {
        Ok(Some(file)) => HttpResponse::Ok().content_type(file.content_type).body(file.bytes.into_owned()),
        Ok(None) => no_route(request).await,
        Err(error) => {
            tracing::error!(%error, "a file of Swagger UI cannot be served");
            HttpResponse::InternalServerError().finish()
        }
    }
}

#[cfg(test)]
mod tests;
