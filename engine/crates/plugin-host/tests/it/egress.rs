//! What leaves, what does not, and what is known of it afterwards.

use std::{collections::HashMap, sync::Arc};

use patchbay_domain::platform::{Auth, Body, Header, Request, TransportError};
use patchbay_plugin_host::{Egress, EgressConfig};
use tokio::net::TcpListener;

use crate::{
    platform::{Files, Names, Platform, SECRET, answer, channel_at, get, local, post, refusal, send, send_with},
    world::manifest,
};

fn names(names: &[(&'static str, &'static str)]) -> Arc<Names> {
    Arc::new(Names(names.iter().map(|(name, address)| (*name, vec![*address])).collect::<HashMap<_, _>>()))
}

#[tokio::test]
async fn a_request_arrives_as_asked_and_the_answer_comes_back() {
    let platform = Platform::answering(|_| answer("404 Not Found", "X-Code: 7\r\n", "gone")).await;
    let request = Request {
        headers: vec![Header { name: "X-Kind".into(), value: "test".into() }],
        auth: Auth::Bearer("token".into()),
        ..post(&platform.url("/v1/send?a=1"), Body::Bytes(b"{}".to_vec()))
    };
    let response = send(&request).await.unwrap();
    assert_eq!((response.status, &response.body[..], response.saved), (404, &b"gone"[..], None));
    assert!(response.headers.contains(&Header { name: "x-code".into(), value: "7".into() }));
    let seen = platform.only();
    assert_eq!(seen.line, "POST /v1/send?a=1 HTTP/1.1");
    assert_eq!(seen.body, b"{}");
    assert_eq!(seen.headers["x-kind"], "test");
    assert_eq!(seen.headers["authorization"], format!("Bearer {SECRET}"));
    assert!(seen.headers["user-agent"].starts_with("Patchbay/"));
}

#[tokio::test]
async fn secrets_go_into_the_query_and_the_path() {
    let platform = Platform::new().await;
    let query = Request { auth: Auth::Query("key".into(), "token".into()), ..get(&platform.url("/q")) };
    send(&query).await.unwrap();
    let path = Request { auth: Auth::Path("token".into()), ..get(&platform.url("/bot{secret}/me")) };
    send(&path).await.unwrap();
    let lines: Vec<_> = platform.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(lines, [format!("GET /q?key={SECRET} HTTP/1.1"), format!("GET /bot{SECRET}/me HTTP/1.1")]);
}

#[tokio::test]
async fn a_host_that_was_not_granted_is_never_called() {
    let platform = Platform::new().await;
    let egress = Egress::new(local()).unwrap();
    let elsewhere = channel_at("https://graph.example.com");
    let answer =
        egress.perform(&elsewhere, &manifest(&["api.example.com"]), &get(&platform.url("/")), &Files::default()).await;
    assert!(refusal(answer).contains("does not declare"));
    assert!(platform.seen().is_empty());
}

#[tokio::test]
async fn a_private_address_needs_the_operator() {
    let platform = Platform::new().await;
    let refused = send_with(EgressConfig::default(), &[], &get(&platform.url("/")), &Files::default()).await;
    assert!(refusal(refused).contains("PATCHBAY_EGRESS_ALLOW"));
    assert!(platform.seen().is_empty());
    assert_eq!(send(&get(&platform.url("/"))).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused() {
    let names = names(&[
        ("inside.example.com", "10.0.0.7"),
        ("metadata.example.com", "169.254.169.254"),
        ("six.example.com", "fd00:ec2::254"),
        ("mapped.example.com", "::ffff:127.0.0.1"),
    ]);
    for allow in [vec![], vec!["192.168.0.0/16".to_owned()]] {
        let config = EgressConfig { allow_private: allow, ..EgressConfig::default() };
        let egress = Egress::with_lookup(config, names.clone()).unwrap();
        for name in names.0.keys() {
            let request = get(&format!("https://{name}/"));
            let channel = channel_at(&request.url);
            let reason = refusal(egress.perform(&channel, &manifest(&[]), &request, &Files::default()).await);
            assert!(reason.contains(name) && reason.contains("private"), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_name_is_called_without_tls_only_where_it_leads_to_what_is_allowed() {
    let platform = Platform::new().await;
    let names = names(&[("waha.test", "127.0.0.1"), ("public.test", "1.1.1.1")]);
    let call = async |allow: &str, name: &str| {
        let config = EgressConfig { allow_private: vec![allow.to_owned()], ..EgressConfig::default() };
        let egress = Egress::with_lookup(config, names.clone()).unwrap();
        let request = get(&format!("http://{name}:{}/", platform.address.port()));
        egress.perform(&channel_at(&request.url), &manifest(&[]), &request, &Files::default()).await
    };
    assert_eq!(call("127.0.0.0/8", "waha.test").await.unwrap().status, 200);
    assert_eq!(call("waha.test", "waha.test").await.unwrap().status, 200);
    assert!(refusal(call("127.0.0.0/8", "public.test").await).contains("without TLS"));
    assert!(refusal(call("other.test", "waha.test").await).contains("private"));
}

#[tokio::test]
async fn what_cannot_be_connected_to_was_not_sent() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let refused = send(&post(&url, Body::Bytes(b"x".to_vec()))).await;
    assert!(matches!(refused, Err(TransportError::NotSent(_))), "{refused:?}");

    let egress = Egress::with_lookup(local(), names(&[])).unwrap();
    let request = get("https://nowhere.example.com/");
    let unresolved = egress.perform(&channel_at(&request.url), &manifest(&[]), &request, &Files::default()).await;
    assert!(matches!(unresolved, Err(TransportError::NotSent(_))), "{unresolved:?}");
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_never_asked_for_again() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec();
    for lost in [Vec::new(), b"HTTP/1.1 200".to_vec(), half] {
        let platform = Platform::answering(move |_| lost.clone()).await;
        let answer = send(&post(&platform.url("/"), Body::Bytes(b"x".to_vec()))).await;
        assert!(matches!(answer, Err(TransportError::Unknown(_))), "{answer:?}");
        platform.only();
    }
}

#[tokio::test]
async fn no_answer_in_time_is_unknown() {
    // Connections wait in the listener's queue; nobody reads them.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let answer = send(&Request { timeout_ms: Some(50), ..get(&url) }).await;
    assert!(matches!(&answer, Err(TransportError::Unknown(reason)) if reason.contains("in time")), "{answer:?}");
}

#[tokio::test]
async fn no_error_tells_a_secret() {
    let platform = Platform::answering(|_| Vec::new()).await;
    let requests = [
        Request { auth: Auth::Path("token".into()), ..get(&platform.url("/{secret}")) },
        Request { auth: Auth::Query("key".into(), "token".into()), ..get(&platform.url("/")) },
        Request { auth: Auth::Bearer("token".into()), ..get(&platform.url("/")) },
    ];
    for request in requests {
        let error = send(&request).await.unwrap_err();
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    }
    assert!(platform.seen().iter().all(|seen| format!("{seen:?}").contains(SECRET)));
}

#[tokio::test]
async fn what_a_connector_may_not_ask_for_is_refused_before_anything_is_sent() {
    let platform = Platform::new().await;
    let url = platform.url("/");
    let header = |name: &str, value: &str| Request {
        headers: vec![Header { name: name.into(), value: value.into() }],
        ..get(&url)
    };
    let wrong = [
        header("Host", "169.254.169.254"),
        header("Authorization", "Bearer guessed"),
        header("Content-Length", "0"),
        header("X-A", "1\r\nHost: evil"),
        Request { method: "CONNECT".into(), ..get(&url) },
        Request { auth: Auth::Bearer("unset".into()), ..get(&url) },
        Request { auth: Auth::Path("token".into()), ..get(&url) },
        Request { url: "not an address".into(), ..get(&url) },
    ];
    let egress = Egress::new(local()).unwrap();
    for request in wrong {
        refusal(egress.perform(&channel_at(&url), &manifest(&[]), &request, &Files::default()).await);
    }
    assert!(platform.seen().is_empty());
}

#[test]
fn a_rule_that_is_none_is_named() {
    let config = EgressConfig { allow_private: vec!["10.0.0.0/99".to_owned()], ..EgressConfig::default() };
    assert!(Egress::new(config).err().unwrap().to_string().contains("10.0.0.0/99"));
}
