//! What operators run into: a second start, a port that is taken, a folder that
//! is not there, a channel that is deleted while messages wait on it, and one that
//! has to rest.

use std::{fs::File, path::Path, time::Duration};

use reqwest::Method;
use serde_json::json;

use crate::{
    on_every_size,
    sending::written,
    support::{
        api::Person,
        engine::Engine,
        mock,
        platform::{Answer, Platform},
        wait::until,
        whatsapp,
    },
};

/// What a start that is refused says, and that it touched nothing.
async fn refused(folder: &Path, with: &[(&str, &str)]) -> String {
    let mut start = tokio::process::Command::new(env!("CARGO_BIN_EXE_patchbay"));
    start.arg("serve").env_clear().env("PORT", "0").env("PATCHBAY_DATA_DIR", folder).env("RUST_LOG", "off");
    start.envs(with.iter().copied()).kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_mins(1), start.output()).await;
    let ended = ended.expect("it serves although it must not").unwrap();
    assert!(!ended.status.success());
    String::from_utf8(ended.stderr).unwrap()
}

async fn delete(person: &Person, channel: &str) {
    let deleted = person.request(Method::DELETE, &format!("/channels/{channel}")).send().await.unwrap();
    assert!(deleted.status().is_success(), "{}", deleted.status());
}

#[tokio::test]
async fn a_second_start_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = File::create(folder.path().join("engine.lock")).unwrap();
    first.try_lock().unwrap();
    let said = refused(folder.path(), &[]).await;
    assert!(said.starts_with("another engine works with ") && said.contains("PATCHBAY_DATA_DIR"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!folder.path().join("patchbay.db").exists());
}

#[tokio::test]
async fn an_engine_that_cannot_listen_takes_no_work() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refused(folder.path(), &[("PORT", &port)]).await;
    assert!(said.contains("choose another with PORT"), "{said}");
    assert!(!folder.path().join("patchbay.db").exists());
}

#[tokio::test]
async fn a_missing_folder_of_connectors_is_named_with_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere").display().to_string();
    let said = refused(folder.path(), &[("PATCHBAY_PLUGINS_DIR", &missing)]).await;
    assert!(said.contains("PATCHBAY_PLUGINS_DIR") && said.contains(&missing), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

on_every_size! {
    async fn what_waits_on_a_channel_is_cancelled_with_it(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| whatsapp::refused(503, 2)).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("WHATSAPP", whatsapp::config(&platform.address)).await;
        let ticket = written(&engine, &person, &channel, "491").await;
        for text in ["first", "second"] {
            person.answer(&ticket, text).await;
        }
        until("a failed attempt", Duration::from_secs(30), || async {
            let ended = "select count(*) from attempts where outcome = 'RETRY'";
            (engine.database.count(ended).await > 0).then_some(())
        }).await;
        delete(&person, &channel).await;
        // Also what was on its way at that moment and comes back.
        engine.drained().await;
        let states = "select state from messages where direction = 'OUTBOUND' order by sequence";
        assert_eq!(engine.database.texts(states).await, ["CANCELLED", "CANCELLED"]);
        engine.finish().await;
    }
}

on_every_size! {
    async fn what_a_deleted_channel_had_on_its_way_comes_to_an_end(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Never).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("MOCK", mock::config(&platform.address)).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "1", "hello")).await;
        let ticket = person.ticket(&channel).await;
        person.answer(&ticket, "hi").await;
        until("the request to leave", Duration::from_secs(30), || async {
            (!platform.calls().is_empty()).then_some(())
        }).await;
        delete(&person, &channel).await;
        engine.kill();
        engine.restart().await;
        engine.drained().await;
        let states = "select state from messages where direction = 'OUTBOUND'";
        assert_eq!(engine.database.texts(states).await, ["UNKNOWN"]);
        assert_eq!(platform.calls().len(), 1);
        engine.finish().await;
    }
}

on_every_size! {
    async fn a_channel_that_has_to_rest_rests_over_a_kill(size: Size) {
        let engine = Engine::start(size).await;
        // Too many messages of the whole channel: a quarter of an hour.
        let platform = Platform::start(|_| whatsapp::refused(400, 131_048)).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("WHATSAPP", whatsapp::config(&platform.address)).await;
        let ana = written(&engine, &person, &channel, "491").await;
        person.answer(&ana, "first").await;
        until("the channel to be stopped", Duration::from_secs(30), || async {
            (engine.database.count("select count(*) from channel_pauses").await == 1).then_some(())
        }).await;
        engine.kill();
        engine.restart().await;
        platform.behave(whatsapp::accept());
        let ben = written(&engine, &person, &channel, "492").await;
        person.answer(&ben, "second").await;
        // What another channel sends after it has long arrived by then.
        let beside = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let other = person.channel("MOCK", mock::config(&beside.address)).await;
        mock::post(&engine, &other, &mock::text("+4915112345678", "1", "hello")).await;
        let other = person.ticket(&other).await;
        person.answer(&other, "third").await;
        until("the other channel's message", Duration::from_secs(30), || async {
            (engine.database.count("select count(*) from messages where state in ('SENT', 'DELIVERED')").await == 1)
                .then_some(())
        }).await;
        let attempts = "select count(*) from attempts a join channels c on c.id = a.channel_id \
             where c.channel_type = 'WHATSAPP'";
        assert_eq!(engine.database.count(attempts).await, 1);
        assert_eq!(engine.database.count("select max(paced) from messages").await, 1);
        engine.discard().await;
    }
}
