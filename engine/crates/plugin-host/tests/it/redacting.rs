//! A platform that repeats a secret: nobody reads it, but for the engine itself where tokens are exchanged.

use patchbay_domain::platform::{Auth, Body, Header, Request, TransportError};
use patchbay_plugin_host::Egress;

use crate::{
    platform::{Files, Platform, SECRET, answer, channel_at, get, local, post, redirect, send},
    world::manifest,
};

#[tokio::test]
async fn an_answer_comes_back_without_the_secret_that_it_repeats() {
    let platform = Platform::answering(|seen| {
        let path = seen.line.split(' ').nth(1).unwrap_or_default().to_owned();
        answer("404 Not Found", &format!("X-Called: {path}\r\n"), &format!("there is no {path}\u{0}"))
    })
    .await;
    let request = Request { auth: Auth::Path("token".into()), ..get(&platform.url("/bot{secret}/me")) };
    let response = send(&request).await.unwrap();
    assert_eq!(response.body, b"there is no /bot[redacted]/me\0");
    assert!(response.headers.contains(&Header { name: "x-called".into(), value: "/bot[redacted]/me".into() }));
    assert!(platform.only().line.contains(SECRET));
}

#[tokio::test]
async fn an_exchange_is_answered_in_full_and_follows_nobody() {
    let platform = Platform::answering(|seen| {
        if seen.line.contains("/moved") {
            redirect("307 Temporary Redirect", "/token")
        } else {
            answer("200 OK", "", &format!("instead of {SECRET}"))
        }
    })
    .await;
    let egress = Egress::new(local()).unwrap();
    let exchange = async |path: &str| {
        let form = Body::Form(vec![("refresh_token".into(), SECRET.into())]);
        let request = post(&platform.url(path), form);
        egress.exchange(&channel_at(&request.url), &manifest(&[]), &request, &Files::default()).await
    };
    assert_eq!(exchange("/token").await.unwrap().body, format!("instead of {SECRET}").as_bytes());
    assert!(matches!(exchange("/moved").await, Err(TransportError::Unknown(_))));
    assert_eq!(platform.seen().len(), 2, "the form went on to where it was not meant to go");
}
