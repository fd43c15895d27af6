//! What the protocol of Socket.IO takes and what it refuses, request by request.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{api::Person, engine::Engine, polling::Raw, size::Size};

#[tokio::test(flavor = "multi_thread")]
async fn the_protocol_refuses_what_it_should() {
    let engine = Engine::start(Size::Embedded).await;
    let ada = Person::sign_up(&engine).await;
    for (method, query, code) in [
        (Method::GET, "EIO=4", 0),
        (Method::GET, "EIO=4&transport=smoke", 0),
        (Method::GET, "EIO=3&transport=polling", 5),
        (Method::GET, "transport=polling", 5),
        (Method::GET, "EIO=4&transport=polling&sid=nobody", 1),
        (Method::POST, "EIO=4&transport=polling&sid=nobody", 1),
        (Method::POST, "EIO=4&transport=polling", 2),
        (Method::GET, "EIO=4&transport=websocket", 3),
    ] {
        for path in ["/socket.io", "/socket.io/"] {
            let answer =
                engine.http.request(method.clone(), engine.url(&format!("{path}?{query}"))).send().await.unwrap();
            assert_eq!(answer.status(), 400, "{method} {query}");
            assert_eq!(answer.json::<Value>().await.unwrap()["code"], code, "{method} {query}");
        }
    }
    for (spoilt, status) in [("abc".to_owned(), 400), ("4".to_owned() + &"x".repeat(70_000), 413)] {
        let raw = Raw::connected(&engine, &ada).await;
        assert_eq!(raw.push(spoilt).await.0, status);
        let after = if status == 413 { raw.push("3".to_owned()).await.0 } else { raw.closed().await };
        assert_eq!(after, if status == 413 { 200 } else { 400 });
    }
    // Two at once have no order.
    let raw = Raw::connected(&engine, &ada).await;
    let (first, second) = tokio::join!(raw.poll(), raw.poll());
    assert!([first.0, second.0].contains(&400), "{first:?} {second:?}");
    assert_eq!(raw.closed().await, 400);
    // What is no packet of Socket.IO ends it, as does its own goodbye; who waits is let go.
    for last in ["42{}", "1", "451-[\"a\"]\u{1e}b\u{1e}b", "4599-[\"a\"]"] {
        let raw = Raw::connected(&engine, &ada).await;
        let (waited, pushed) = tokio::join!(raw.poll(), raw.push(last.to_owned()));
        assert_eq!((waited.0, pushed.0), (200, 200), "{last}");
        assert_eq!(raw.closed().await, 400);
    }
    // Nobody has more than so many.
    let bea = ada.colleague("Bea", "AGENT").await;
    let mut many = Vec::new();
    while many.len() < 50 {
        many.push(Raw::connected(&engine, &bea).await);
    }
    let raw = Raw::open(&engine).await;
    raw.push(format!("40{}", json!({"token": bea.token}))).await;
    let refused = raw.poll().await.1;
    assert!(refused.starts_with("44{") && refused.contains("TOO_MANY_CONNECTIONS"), "{refused}");
    drop(many);
    engine.finish().await;
}
