//! Every hop is checked like the first, and credentials stay where they were meant for.

use patchbay_domain::platform::{Auth, Body, Chunk, Header, Request, TransportError};

use crate::platform::{Files, Platform, SECRET, get, local, post, redirect, refusal, send, send_with};

#[tokio::test]
async fn a_redirect_to_the_metadata_address_is_refused() {
    let platform = Platform::answering(|_| redirect("302 Found", "http://169.254.169.254/latest/meta-data/")).await;
    let undeclared = send(&get(&platform.url("/"))).await;
    assert!(refusal(undeclared).contains("does not declare"));
    let declared = send_with(local(), &["169.254.169.254"], &get(&platform.url("/")), &Files::default()).await;
    assert!(refusal(declared).contains("private"));
}

#[tokio::test]
async fn credentials_never_follow_to_another_place() {
    let kinds = [
        Auth::Bearer("token".into()),
        Auth::Basic("user".into(), "token".into()),
        Auth::Header("X-Api-Key".into(), "token".into()),
        Auth::Query("key".into(), "token".into()),
    ];
    for auth in kinds {
        let other = Platform::new().await;
        let target = other.url("/moved");
        let first = Platform::answering(move |_| redirect("307 Temporary Redirect", &target)).await;
        let response = send(&Request { auth, ..get(&first.url("/")) }).await.unwrap();
        assert_eq!(response.status, 200);
        let seen = other.only();
        assert_eq!(seen.line, "GET /moved HTTP/1.1");
        assert!(!seen.headers.contains_key("authorization") && !seen.headers.contains_key("x-api-key"), "{seen:?}");
        assert!(format!("{:?}", first.only()).contains(SECRET) || first.only().headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn a_connectors_own_signature_does_not_follow_either() {
    let other = Platform::new().await;
    let target = other.url("/moved");
    let first = Platform::answering(move |_| redirect("307 Temporary Redirect", &target)).await;
    let signature = "OAuth oauth_signature=\"x\"";
    let headers = vec![Header { name: "authorization".into(), value: signature.into() }];
    send(&Request { headers, ..get(&first.url("/")) }).await.unwrap();
    assert_eq!(first.only().headers["authorization"], signature);
    assert!(!other.only().headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_secret_in_a_body_never_follows_to_another_place() {
    let other = Platform::new().await;
    let target = other.url("/moved");
    let first = Platform::answering(move |_| redirect("307 Temporary Redirect", &target)).await;
    let body = Body::Chunks(vec![Chunk::Secret("token".into())]);
    let answer = send(&post(&first.url("/"), body)).await;
    assert!(matches!(&answer, Err(TransportError::Unknown(reason)) if reason.contains("secret")), "{answer:?}");
    assert_eq!(first.only().body, SECRET.as_bytes());
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn credentials_stay_on_the_same_host() {
    let platform = Platform::answering(|seen| {
        if seen.line.contains("/moved") {
            crate::platform::answer("200 OK", "", "")
        } else {
            redirect("301 Moved", "/moved")
        }
    })
    .await;
    send(&Request { auth: Auth::Bearer("token".into()), ..get(&platform.url("/")) }).await.unwrap();
    let seen = platform.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.headers["authorization"] == format!("Bearer {SECRET}")));
}

#[tokio::test]
async fn only_307_and_308_keep_the_method_and_the_body() {
    let statuses =
        [("301 Moved", false), ("302 Found", false), ("303 See Other", false), ("307 T", true), ("308 P", true)];
    for (status, keeps) in statuses {
        let other = Platform::new().await;
        let target = other.url("/next");
        let first = Platform::answering(move |_| redirect(status, &target)).await;
        let headers = vec![Header { name: "Content-Type".into(), value: "application/json".into() }];
        let request = Request { headers, ..post(&first.url("/"), Body::Bytes(b"{}".to_vec())) };
        send(&request).await.unwrap();
        let seen = other.only();
        assert_eq!(seen.line.starts_with("POST"), keeps, "{status}");
        assert_eq!(seen.body == b"{}", keeps, "{status}");
        assert_eq!(seen.headers.contains_key("content-type"), keeps, "{status}");
    }
}

#[tokio::test]
async fn redirecting_for_ever_ends_after_five_hops() {
    let platform = Platform::answering(|_| redirect("302 Found", "/again")).await;
    let answer = send(&get(&platform.url("/"))).await;
    assert!(matches!(&answer, Err(TransportError::Unknown(reason)) if reason.contains("more than 5")), "{answer:?}");
    assert_eq!(platform.seen().len(), 6);
}

#[tokio::test]
async fn what_failed_after_a_redirect_may_have_been_done_before_it() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let platform = Platform::answering(move |_| redirect("303 See Other", &target)).await;
    let answer = send(&post(&platform.url("/"), Body::Empty)).await;
    assert!(matches!(answer, Err(TransportError::Unknown(_))), "{answer:?}");
}
