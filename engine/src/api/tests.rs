use actix_web::{
    App, HttpResponse,
    http::StatusCode,
    test::{TestRequest, call_service, init_service, read_body_json},
};
use serde_json::{Value, json};

use super::{
    endpoint::{self, Access, get, post},
    *,
};
use crate::config::{Server, Settings};

fn server() -> Server {
    Server { json_body_bytes: 64, ..Server::read(&Settings::load(None, |_| None).unwrap()).unwrap() }
}

/// A dialect of two endpoints, with the helpdesk's errors.
fn sample() -> Scope {
    let endpoints = vec![
        get("/things/{id}", async |path: web::Path<uuid::Uuid>| HttpResponse::Ok().json(path.into_inner())).machine(),
        post("/things", async |body: web::Json<Value>| HttpResponse::Created().json(body.into_inner())).machine(),
    ];
    mount(dialect("/sample", helpdesk::SHAPE, &server()), endpoints)
}

async fn told(request: TestRequest) -> (StatusCode, Value) {
    let app = init_service(App::new().service(sample())).await;
    let answer = call_service(&app, request.to_request()).await;
    (answer.status(), read_body_json(answer).await)
}

#[test]
fn the_route_table() {
    let lines: Vec<_> = table().iter().flat_map(|(prefix, _, endpoints)| endpoint::table(prefix, endpoints)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn only_these_are_open_without_a_token() {
    let mut open = Vec::new();
    for (prefix, _, endpoints) in table() {
        for endpoint in endpoints.iter().filter(|endpoint| !matches!(endpoint.access, Access::Caller | Access::Socket))
        {
            open.push(format!("{} {prefix}{}", endpoint.method, endpoint.path));
        }
    }
    assert_eq!(
        open,
        [
            "GET /ops/health",
            "GET /ops/ready",
            "GET /ops/metrics",
            "GET /ops/actors",
            "GET /ops/plugins",
            "POST /ops/plugins",
            "POST /ops/plugins/{id}/grant",
            "POST /ops/plugins/{id}/enable",
            "POST /ops/plugins/{id}/disable",
            "POST /ops/plugins/{id}/roll-back",
            "GET /ops/dead-letters",
            "POST /ops/dead-letters/replay",
            "GET /ops/dead-letters/{id}",
            "POST /ops/dead-letters/{id}/replay",
            "GET /api/docs",
            "GET /api/docs/{file}",
            "GET /media/{id}",
            "GET /socket.io",
            "POST /socket.io",
            "GET /socket.io/",
            "POST /socket.io/",
            "POST /api/v1/webhooks/twilio/sms",
            "POST /api/v1/webhooks/twilio/sms/status",
            "POST /api/v1/webhooks/twilio/whatsapp",
            "POST /api/v1/webhooks/twilio/whatsapp/status",
            "POST /api/v1/webhooks/twilio/email",
            "POST /api/v1/webhooks/twilio/email/status",
            "POST /api/auth/register",
            "POST /api/auth/login",
            "POST /api/auth/refresh",
            "GET /api/webhook",
            "POST /api/webhook",
            "GET /api/health",
            "GET /api/health/ready",
            "GET /api/health/live",
            "POST /api/webhooks/waha",
            "GET /webhook/{id}",
            "POST /webhook/{id}",
            "POST /auth/signup",
            "POST /auth/login",
            "POST /auth/refresh",
            "GET /auth/invite",
            "POST /auth/accept-invite",
        ]
    );
}

#[test]
fn an_organisation_in_a_path_is_always_called_so() {
    // The guard compares it with the token's under this name.
    for (_, _, endpoints) in table() {
        for endpoint in endpoints {
            let named = endpoint.path.split('/').any(|part| part.starts_with('{') && part.contains("org"));
            assert!(!named || endpoint.path.contains("{organisation}"), "{}", endpoint.path);
        }
    }
}

#[actix_web::test]
async fn malformed_json_is_told_in_the_dialect() {
    let (status, body) = told(TestRequest::post().uri("/sample/things").set_payload("{\"a\":")).await;
    assert_eq!(status, 400);
    assert_eq!((&body["statusCode"], &body["error"]), (&json!(400), &json!("Bad Request")));
    assert!(body["message"].as_str().unwrap().starts_with("the body is not the JSON object it should be"), "{body}");
}

#[actix_web::test]
async fn a_large_body_is_refused_in_the_dialect() {
    let (status, body) = told(TestRequest::post().uri("/sample/things").set_json("x".repeat(64))).await;
    assert_eq!((status, &body["statusCode"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!(413)));
}

#[actix_web::test]
async fn json_is_taken_whatever_it_is_called() {
    let request = TestRequest::post().uri("/sample/things").insert_header(("content-type", "text/plain"));
    assert_eq!(told(request.set_payload("{\"a\":1}")).await, (StatusCode::CREATED, json!({"a": 1})));
}

#[actix_web::test]
async fn what_is_not_there_is_told_in_the_dialect() {
    for path in ["/sample", "/sample/", "/sample/nothing", "/sample/things/not-an-id", "/sample/things/1/2"] {
        let (status, body) = told(TestRequest::get().uri(path)).await;
        assert_eq!((status, &body["error"]), (StatusCode::NOT_FOUND, &json!("Not Found")), "{path}");
        assert_eq!(body["message"], format!("Cannot GET {path}"));
    }
}

#[actix_web::test]
async fn a_wrong_method_is_told_which_there_are() {
    let app = init_service(App::new().service(sample())).await;
    let answer = call_service(&app, TestRequest::delete().uri("/sample/things").to_request()).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers().get("allow").unwrap(), "POST");
    let body: Value = read_body_json(answer).await;
    assert_eq!(body["statusCode"], 405);
}

#[actix_web::test]
async fn a_page_of_a_named_origin_may_call() {
    let server = Server { cors_origins: vec!["https://desk.example.com".into()], ..server() };
    let app = init_service(App::new().service(web::scope("").wrap(cors(&server)).service(sample()))).await;
    let preflight = |origin: &'static str| {
        TestRequest::with_uri("/sample/things")
            .method(actix_web::http::Method::OPTIONS)
            .insert_header(("origin", origin))
            .insert_header(("access-control-request-method", "POST"))
            .insert_header(("access-control-request-headers", "authorization,idempotency-key"))
            .to_request()
    };
    let allowed = call_service(&app, preflight("https://desk.example.com")).await;
    assert_eq!(allowed.headers().get("access-control-allow-origin").unwrap(), "https://desk.example.com");
    let refused = call_service(&app, preflight("https://elsewhere.example.com")).await;
    assert!(refused.headers().get("access-control-allow-origin").is_none());
}

#[actix_web::test]
async fn every_answer_is_marked_as_data() {
    let app = App::new().wrap(security_headers(&server())).service(sample());
    let app = init_service(app).await;
    let answer = call_service(&app, TestRequest::get().uri("/sample/nothing").to_request()).await;
    for (name, value) in [("x-content-type-options", "nosniff"), ("cache-control", "no-store")] {
        assert_eq!(answer.headers().get(name).unwrap(), value);
    }
}
