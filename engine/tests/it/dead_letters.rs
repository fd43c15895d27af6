//! Dead letters: looked at and replayed, by administrators for their organisation and by operators for all.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_every_size,
    support::{api::Person, engine::Engine, mock, wait::until},
};

/// A message whose text nobody finds.
fn unreadable(id: &str) -> Value {
    json!({"senderPhone": "+4915112345678", "senderName": "Ana", "words": "hello", "messageId": id})
}

/// What makes every letter readable.
const CORRECT: &str = "update dead_letters set payload = replace(payload, 'words', 'message')";

async fn letters(person: &Person, count: usize) -> Value {
    let told = person.waiting_at("/ops/dead-letters", |told| told["total"] == count).await;
    told["deadLetters"].clone()
}

on_every_size! {
    async fn a_letter_is_foreseen_and_replayed_once(size: Size) {
        let engine = Engine::start(size).await;
        let person = Person::sign_up(&engine).await;
        let agent = person.colleague("Bea", "AGENT").await;
        let channel = person.channel("MOCK", json!({})).await;
        mock::post(&engine, &channel, &unreadable("7")).await;
        let letter = letters(&person, 1).await[0].clone();
        assert_eq!((&letter["channelId"], &letter["reason"]), (&json!(channel), &json!("message is missing")));
        assert_eq!((&letter["replayedAt"], &letter["direction"]), (&json!(null), &json!("INBOUND")));
        let one = format!("/ops/dead-letters/{}", letter["id"].as_str().unwrap());
        let (_, shown) = person.call_at(Method::GET, &one, json!({})).await;
        assert_eq!(shown["webhook"]["body"].as_str().unwrap(), unreadable("7").to_string());
        assert_eq!(shown["webhook"]["path"], format!("/webhook/{channel}"));

        let replay = format!("{one}/replay");
        let foresee = async || person.call_at(Method::POST, &replay, json!({"dryRun": true})).await.1["deadLetters"][0].clone();
        assert_eq!(foresee().await, json!({"id": letter["id"], "refused": "message is missing", "effects": []}));
        engine.database.run(CORRECT).await;
        let effect = |known: bool| json!([{"event": "message", "externalId": "7", "alreadyStored": known}]);
        assert_eq!(foresee().await["effects"], effect(false));
        for unread in [r#"{"dryRun": "yes"}"#, r#"{"dryRun": true"#] {
            let call = engine.http.post(engine.url(&replay)).bearer_auth(&person.token).body(unread);
            assert_eq!(call.send().await.unwrap().status(), 400, "{unread}");
        }
        assert_eq!(person.get("/tickets").await, json!([]), "nothing was done yet");
        assert_eq!(agent.call_at(Method::POST, &replay, json!({})).await.0, 403);

        let (status, done) = person.call_at(Method::POST, &replay, json!({})).await;
        assert_eq!((status, &done["replayed"], &done["refused"]), (200, &json!([letter["id"]]), &json!([])), "{done}");
        let ticket = person.ticket(&channel).await;
        assert_eq!(foresee().await["effects"], effect(true));
        // Once more: it is recognised.
        assert_eq!(person.call_at(Method::POST, &replay, json!({})).await.0, 200);
        until("the repeat to be noted", Duration::from_secs(30), || async {
            (engine.database.count("select count(*) from message_repeats").await == 1).then_some(())
        })
        .await;
        assert_eq!(person.get(&format!("/tickets/{ticket}/messages")).await.as_array().unwrap().len(), 1);
        let again = letters(&person, 1).await;
        assert!(again[0]["replayedAt"].is_string(), "{again}");
        let told = person.get("/audit-logs?entity=DEAD_LETTER").await;
        assert_eq!((told.as_array().unwrap().len(), &told[0]["entityId"]), (2, &letter["id"]));
        engine.finish().await;
    }
}

on_every_size! {
    async fn many_letters_are_reached_by_those_they_concern(size: Size) {
        let engine = Engine::start(size).await;
        let (person, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let (channel, theirs) = (person.channel("MOCK", json!({})).await, stranger.channel("MOCK", json!({})).await);
        for id in ["1", "2", "3"] {
            mock::post(&engine, &channel, &unreadable(id)).await;
        }
        mock::post(&engine, &theirs, &unreadable("4")).await;
        let (mine, foreign) = (letters(&person, 3).await, letters(&stranger, 1).await);
        let foreign = foreign[0]["id"].as_str().unwrap();

        let page = person.call_at(Method::GET, "/ops/dead-letters?limit=2", json!({})).await.1;
        let next = format!("/ops/dead-letters?cursor={}", page["nextCursor"].as_str().unwrap());
        let rest = person.call_at(Method::GET, &next, json!({})).await.1;
        assert_eq!((&rest["deadLetters"][0], &rest["nextCursor"]), (&mine[2], &json!(null)));
        let one = format!("/ops/dead-letters/{foreign}");
        assert_eq!(person.call_at(Method::GET, &one, json!({})).await.0, 404);
        let both = json!({"ids": [mine[0]["id"], foreign]});
        assert_eq!(person.call_at(Method::POST, "/ops/dead-letters/replay", both).await.0, 404);
        let all = json!({"ids": [mine[0]["id"]], "from": "2020-01-01"});
        let (status, told) = person.call_at(Method::POST, "/ops/dead-letters/replay", all).await;
        assert_eq!((status, &told["message"]), (400, &json!("ids: cannot be combined with from and to")));
        assert_eq!(person.call_at(Method::POST, "/ops/dead-letters/replay", json!({})).await.0, 400);

        engine.database.run(CORRECT).await;
        let range = json!({"from": "2020-01-01", "channelId": channel, "dryRun": true});
        let (_, foreseen) = person.call_at(Method::POST, "/ops/dead-letters/replay", range).await;
        let ids: Vec<&Value> = foreseen["deadLetters"].as_array().unwrap().iter()
            .map(|letter| &letter["effects"][0]["externalId"]).collect();
        assert_eq!(ids, ["1", "2", "3"], "the oldest first");
        let (status, done) = person.call_at(Method::POST, "/ops/dead-letters/replay", json!({"from": "2020-01-01"})).await;
        assert_eq!((status, done["replayed"].as_array().unwrap().len(), &done["remaining"]), (200, 3, &json!(0)));
        let ticket = person.ticket(&channel).await;
        let messages = format!("/tickets/{ticket}/messages");
        person.waiting(&messages, |messages| messages.as_array().unwrap().len() == 3).await;
        assert_eq!(stranger.get("/tickets").await, json!([]), "another organisation's letters wait");
        let waiting = person.call_at(Method::GET, "/ops/dead-letters?replayed=false", json!({})).await.1;
        assert_eq!(waiting["total"], 0);

        // An operator needs no token, but to be there; a page in a browser is not.
        let url = engine.url("/ops/dead-letters");
        let operator: Value = engine.http.get(&url).send().await.unwrap().json().await.unwrap();
        assert_eq!(operator["total"], 4);
        let replay = || engine.http.post(engine.url(&format!("{one}/replay")));
        let browser = replay().header("origin", "https://elsewhere.example.com").send().await.unwrap();
        assert_eq!(browser.status(), 403);
        let forged = replay().bearer_auth("nonsense").send().await.unwrap();
        assert_eq!(forged.status(), 401, "a wrong token is not no token");
        let elsewhere = replay().header("x-forwarded-for", "203.0.113.9").send().await.unwrap();
        assert_eq!(elsewhere.status(), 403);
        assert_eq!(replay().send().await.unwrap().status(), 200);
        stranger.ticket(&theirs).await;
        let told = stranger.get("/audit-logs?entity=DEAD_LETTER").await[0].clone();
        assert_eq!((&told["entityId"], &told["user"]), (&json!(foreign), &json!(null)), "nobody of theirs did it");
        assert_eq!((&told["metadata"]["path"], &told["metadata"]["ip"]), (&json!(format!("{one}/replay")), &json!("127.0.0.1")));
        engine.finish().await;
    }
}
