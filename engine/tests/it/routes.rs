//! Who may do what: every route there is, tried with no token, an expired one, another organisation's, an agent's and
//! an administrator's.
//!
//! A route that is added is missing in the table (`routes.txt`), and the test says with which line. What follows from
//! the kind of a route is checked whatever the table says.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;

use crate::{
    on_each_database,
    support::{
        engine::Engine,
        house::{House, Route, house, routes},
    },
};

const TABLE: &str = include_str!("routes.txt");

/// Whose login ends by it, in the place of the caller, who is still needed.
fn leaving<'a>(house: &'a House, path: &str, caller: &str) -> Option<&'a str> {
    let place = ["stranger", "agent", "admin"].iter().position(|known| *known == caller);
    place.filter(|_| path.ends_with("/auth/logout")).map(|place| house.leaving[place].token.as_str())
}

/// A refusal has the shape of the path's dialect.
fn refused(path: &str, status: u16, body: &str) {
    let told: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{path}: {body} is no JSON"));
    let of = |names: &[&str]| path.split('/').nth(1).is_some_and(|first| names.contains(&first));
    // Files are no dialect's own, and are refused as the helpdesk does it.
    let is_helpdesk = path == "/api/media" || path.starts_with("/api/docs");
    if of(&["api"]) && !is_helpdesk && !path.starts_with("/api/v1/") {
        let texts = [&told["message"], &told["error"], &told["code"]];
        assert!(texts.iter().all(|text| text.is_string()), "{path}: {told}");
        let is_business =
            !["auth", "users", "teams", "sessions", "webhooks"].iter().any(|part| path[5..].starts_with(part));
        assert!(!is_business || (told["success"] == false && texts[0] == texts[1]), "{path}: {told}");
    } else if of(&["api", "ws"]) && !is_helpdesk {
        assert_eq!(told["success"], false, "{path}: {told}");
        assert!(told["message"].is_string() && told["error"]["code"].is_string(), "{path}: {told}");
    } else if of(&["api", "auth", "media", "orgs", "webhook"]) {
        assert_eq!(told["statusCode"], status, "{path}: {told}");
        assert!(told["error"].is_string(), "{path}: {told}");
    }
}

/// The same claims, of an hour that is over.
fn expired(token: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    for name in ["iat", "exp"] {
        claims[name] = (claims[name].as_i64().unwrap() - 3_600).into();
    }
    let key = EncodingKey::from_secret(Engine::JWT_SECRET.as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

on_each_database! {
    async fn every_route_is_for_those_it_is_for(size: Size) {
        let engine = Engine::start(size).await;
        let house = house(&engine).await;
        let over = expired(&house.admin.token);
        let callers = [
            ("none", None),
            ("expired", Some(over.as_str())),
            ("stranger", Some(house.stranger.token.as_str())),
            ("agent", Some(house.agent.token.as_str())),
            ("admin", Some(house.admin.token.as_str())),
        ];
        let names: Vec<_> = callers.iter().map(|(name, _)| *name).collect();
        let mut told = format!("{:<79} {}\n", "", names.join(" "));
        for Route { method, path, access } in routes() {
            let (mut statuses, mut columns) = (Vec::new(), Vec::new());
            for (caller, token) in callers {
                let body = house.body(&method, path, caller);
                let mut call = engine.http.request(method.clone(), engine.url(&house.path(&method, path)));
                if let Some(token) = leaving(&house, path, caller).or(token) {
                    call = call.bearer_auth(token);
                }
                let answer = call.json(&body).send().await.unwrap();
                let status = answer.status().as_u16();
                if status >= 400 {
                    refused(path, status, &answer.text().await.unwrap());
                }
                columns.push(format!("{status:>width$}", width = caller.len()));
                statuses.push(status);
            }
            let line = format!("{:<6} {path:<72} {}", method.as_str(), columns.join(" "));
            // Whatever the table says.
            if ["caller", "socket"].contains(&access) {
                assert_eq!(statuses[..2], [401, 401], "{line}");
                assert!(!path.contains("{organisation}") || statuses[2] == 404, "{line}");
                assert_ne!(statuses[4], 401, "{line}");
            }
            told.push_str(line.trim_end());
            told.push('\n');
        }
        assert_eq!(told, TABLE, "the table says otherwise; what was found is\n{told}");
        engine.finish().await;
    }
}
