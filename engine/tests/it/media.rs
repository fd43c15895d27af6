//! Files: uploaded, sent to a platform that fetches them, and shown under addresses that expire and that nobody guesses.

use std::time::Duration;

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, Settings, plugins},
        messaging::{self, Graph, PICTURE, Product},
        platform::Answer,
        wait::until,
    },
};

on_each_database! {
    async fn a_file_goes_to_the_platform_and_is_shown_to_who_has_its_address(size: Size) {
        let engine = Engine::start(size).await;
        let (person, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let graph = Graph::start(Product::Instagram).await;
        let channel = person.channel("INSTAGRAM", graph.config()).await;
        let picture = json!({"attachments": [{"type": "image", "payload": {"url": graph.file()}}]});
        graph.tell(&engine, &channel, &[messaging::written("m_1", picture)]).await;
        let ticket = person.ticket(&channel).await;
        let messages = format!("/tickets/{ticket}/messages");
        let came = person.get(&messages).await[0]["attachments"][0].clone();
        assert_eq!((&came["kind"], &came["mimeType"]), (&json!("image"), &json!("image/jpeg")));
        assert_eq!(fetched(&engine, &came["url"]).await, ("image/jpeg".to_owned(), "inline".to_owned(), PICTURE.to_vec()));

        let (status, file) = upload(&person, "grüße.jpg", "image/png", PICTURE.to_vec()).await;
        assert_eq!((status, &file["mimeType"], &file["size"]), (201, &json!("image/jpeg"), &json!(4)), "{file}");
        let body = json!({"content": "see", "mediaIds": [file["id"]]});
        let sent = person.post(&messages, body.clone()).await;
        assert_eq!(sent["attachments"][0]["fileName"], "grüße.jpg");
        engine.drained().await;
        let accepted = graph.account.accepted();
        let given = accepted.iter().find_map(|body| body["message"]["attachment"]["payload"].get("url"));
        assert_eq!(fetched(&engine, given.unwrap()).await.2, PICTURE);

        let theirs = graph.config();
        let theirs = stranger.channel("INSTAGRAM", theirs).await;
        graph.tell(&engine, &theirs, &[messaging::written("m_2", json!({"text": "hello"}))]).await;
        let foreign = format!("/tickets/{}/messages", stranger.ticket(&theirs).await);
        let (status, answer) = stranger.call(Method::POST, &foreign, body).await;
        assert_eq!((status, &answer["message"]), (404, &json!("there is no such file")));

        // Under a key, too, it may be longer than other bodies.
        for path in ["/api/media", "/api/media/upload"] {
            let mut long = PICTURE.to_vec();
            long.resize(2 << 20, 0);
            let form = Form::new().part("file", Part::bytes(long).file_name("long.jpg"));
            let call = engine.http.post(engine.url(path)).bearer_auth(&person.token).header("Idempotency-Key", path);
            let status = call.multipart(form).send().await.unwrap().status();
            assert!(status.is_success(), "{path}: {status}");
        }
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_file_that_the_platform_does_not_give_now_is_asked_for_again(size: Size) {
        let engine = Engine::start(size).await;
        let person = Person::sign_up(&engine).await;
        let graph = Graph::start(Product::Instagram).await;
        let channel = person.channel("INSTAGRAM", graph.config()).await;
        graph.platform.behave(|_| Answer::Json(503, json!({})));
        let picture = json!({"attachments": [{"type": "image", "payload": {"url": graph.file()}}]});
        graph.tell(&engine, &channel, &[messaging::written("m_1", picture)]).await;
        let messages = format!("/tickets/{}/messages", person.ticket(&channel).await);
        engine.drained().await;
        assert_eq!(person.get(&messages).await.as_array().unwrap().len(), 1, "the message waits for its file");
        assert_eq!(engine.database.count("select count(*) from media").await, 0);
        let pending = "select count(*) from messages where metadata->>'pendingMedia' is not null";
        assert_eq!(engine.database.count(pending).await, 1);
        let mut account = graph.account.usual();
        graph.platform.behave(move |call| account(call));
        engine.database.run("update wanted_files set due_at = '2000-01-01T00:00:00.000000Z'").await;
        let found = person.waiting(&messages, |list| !list[0]["attachments"][0]["url"].is_null()).await;
        let file = &found[0]["attachments"][0];
        assert_eq!(fetched(&engine, &file["url"]).await.2, PICTURE);
        assert_eq!(engine.database.count(pending).await, 0);
        assert_eq!(engine.database.count("select count(*) from wanted_files").await, 0);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_file_whose_connector_is_away_holds_up_no_other(size: Size) {
        let folder = tempfile::tempdir().unwrap();
        for connector in ["facebook.wasm", "instagram.wasm"] {
            std::fs::copy(plugins().join(connector), folder.path().join(connector)).unwrap();
        }
        let settings = Settings { plugins: Some(folder.path().to_owned()), ..Settings::default() };
        let engine = Engine::start_with(size, settings).await;
        let person = Person::sign_up(&engine).await;
        let (away, graph) = (Graph::start(Product::Messenger).await, Graph::start(Product::Instagram).await);
        let first = person.channel("FACEBOOK", away.config()).await;
        let channel = person.channel("INSTAGRAM", graph.config()).await;
        for (platform, channel, id) in [(&away, &first, "m_1"), (&graph, &channel, "m_2")] {
            platform.platform.behave(|_| Answer::Json(503, json!({})));
            let picture = json!({"attachments": [{"type": "image", "payload": {"url": platform.file()}}]});
            platform.tell(&engine, channel, &[messaging::written(id, picture)]).await;
        }
        engine.drained().await;
        assert_eq!(engine.database.count("select count(*) from wanted_files where tries = 0").await, 2);
        let disabled = engine.http.post(engine.url("/ops/plugins/facebook/disable")).json(&json!({})).send().await;
        assert_eq!(disabled.unwrap().status(), 200);
        let mut account = graph.account.usual();
        graph.platform.behave(move |call| account(call));
        let due = "update wanted_files set due_at = '2000-01-01T00:00:00.000000Z' where message_id in \
            (select id from messages where external_id = 'm_1')";
        engine.database.run(due).await;
        let asked = "select count(*) from wanted_files where tries > 0";
        until("the first to be asked for", Duration::from_secs(30), || async {
            (engine.database.count(asked).await == 1).then_some(())
        })
        .await;
        engine.database.run("update wanted_files set due_at = '2000-01-01T00:00:00.000000Z' where tries = 0").await;
        let messages = format!("/tickets/{}/messages", person.ticket(&channel).await);
        let found = person.waiting(&messages, |list| !list[0]["attachments"][0]["url"].is_null()).await;
        assert_eq!(fetched(&engine, &found[0]["attachments"][0]["url"]).await.2, PICTURE);
        assert_eq!(engine.database.count("select count(*) from wanted_files").await, 1, "the other is asked for later");
        engine.finish().await;
    }
}

on_each_database! {
    async fn what_is_not_signed_too_large_or_made_to_run_is_not_shown(size: Size) {
        let file = "server.media_body_bytes = \"64KiB\"".to_owned();
        let engine = Engine::start_with(size, Settings { file, ..Settings::default() }).await;
        let person = Person::sign_up(&engine).await;
        let page = b"<!DOCTYPE html><html><script>alert(1)</script></html>".to_vec();
        let (status, file) = upload(&person, "../picture.png", "image/png", page.clone()).await;
        assert_eq!((status, &file["fileName"], &file["mimeType"]), (201, &json!("picture.png"), &json!("text/html")));
        let (told, disposition, bytes) = fetched(&engine, &file["url"]).await;
        assert_eq!((told.as_str(), &bytes), ("application/octet-stream", &page));
        assert!(disposition.starts_with("attachment"), "{disposition}");

        let url = file["url"].as_str().unwrap();
        // A part at a time, as players ask for it.
        for (range, status, content_range, expected) in [
            ("bytes=2-8", 206, Some("bytes 2-8/53"), &page[2..9]),
            ("bytes=-7", 206, Some("bytes 46-52/53"), &page[46..]),
            ("bytes=53-", 416, Some("bytes */53"), b""),
            ("bytes=0-1,4-5", 200, None, &page),
        ] {
            let part = engine.http.get(url).header("range", range).send().await.unwrap();
            assert_eq!(part.status(), status, "{range}");
            let header = |name: &str| part.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(header("content-range").as_deref(), content_range, "{range}");
            assert_eq!(header("accept-ranges").as_deref() == Some("bytes"), status != 416, "{range}");
            if status != 416 {
                assert_eq!(header("content-length"), Some(expected.len().to_string()), "{range}");
                assert_eq!(part.bytes().await.unwrap(), expected, "{range}");
            }
        }
        let longer = url.replacen("expires=", "expires=9", 1);
        let other = url.replacen(file["id"].as_str().unwrap(), "019a0000-0000-7000-8000-000000000000", 1);
        for wrong in [longer, other, format!("{url}x")] {
            assert_eq!(engine.http.get(&wrong).send().await.unwrap().status(), 403, "{wrong}");
        }
        assert_eq!(upload(&person, "large", "text/plain", vec![b'a'; 65 * 1024]).await.0, 413);
        let (status, answer) = person.call_at(Method::POST, "/api/media", json!({})).await;
        assert_eq!(status, 400, "{answer}");
        let nobody = engine.http.post(engine.url("/api/media")).multipart(Form::new().text("file", "a"));
        assert_eq!(nobody.send().await.unwrap().status(), 401);
        engine.finish().await;
    }
}

async fn upload(person: &Person, name: &str, mime_type: &str, bytes: Vec<u8>) -> (u16, Value) {
    let part = Part::bytes(bytes).file_name(name.to_owned()).mime_str(mime_type).unwrap();
    person.uploads("/api/media", Form::new().part("file", part)).await
}

/// The type, the disposition and the bytes of a file.
async fn fetched(engine: &Engine, url: &Value) -> (String, String, Vec<u8>) {
    let answer = engine.http.get(url.as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers()["cross-origin-resource-policy"], "cross-origin");
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let (told, disposition) = (header("content-type"), header("content-disposition"));
    (told, disposition, answer.bytes().await.unwrap().to_vec())
}
