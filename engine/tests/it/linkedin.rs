//! The connector for LinkedIn against a page that behaves like one: comments that only polling finds, notifications,
//! public answers, and content that is deleted after its period.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, Settings},
        linkedin::{self, ANA, BEN, LinkedIn, PAGE},
        platform::Answer,
        size::Size,
        wait::until,
    },
};

const PATIENCE: Duration = Duration::from_mins(1);

on_each_database! {
    async fn without_webhooks_comments_are_found_by_polling_and_answered_in_public(size: Size) {
        let (engine, page) = start(size).await;
        page.page.comment(linkedin::comment("1", ANA, "Is this available in Germany?"));
        page.page.comment(linkedin::comment("2", PAGE, "We are proud"));
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("LINKEDIN", page.config("development")).await;
        let ticket = person.ticket(&channel).await;

        let shown = person.get(&format!("/channels/{channel}")).await;
        assert_eq!((&shown["isPublic"], &shown["retentionDays"]), (&json!(true), &json!(2)));
        let shown = person.get(&format!("/tickets/{ticket}")).await;
        assert_eq!((&shown["isPublic"], &shown["customer"]["name"]), (&json!(true), &json!("LinkedIn member")));
        let [comment] = shown["messages"].as_array().unwrap().as_slice() else { panic!("{shown}") };
        assert_eq!((&comment["isPublic"], &comment["content"]), (&json!(true), &json!("Is this available in Germany?")));
        let options = person.get(&format!("/tickets/{ticket}/send-options")).await;
        assert_eq!((&options["isPublic"], &options["canSend"]), (&json!(true), &json!(true)));

        let answer = person.answer(&ticket, "Yes, since May.").await;
        sent(&person, &ticket, &answer).await;
        // A node that begins looks for what it may have missed: the answer is there, and a new comment.
        rested(&engine).await;
        engine.kill();
        page.page.comment(linkedin::comment("3", ANA, "And in Austria?"));
        engine.restart().await;
        stored(&engine, 2).await;
        engine.drained().await;
        let texts = engine.database.texts("select text from messages order by sequence").await;
        assert_eq!(texts, ["Is this available in Germany?", "Yes, since May.", "And in Austria?"]);
        assert_eq!(engine.database.count("select count(*) from conversations").await, 2, "one for each comment");
        engine.finish().await;
    }
}

on_each_database! {
    async fn what_a_webhook_told_and_what_it_did_not_is_there_once(size: Size) {
        let (engine, page) = start(size).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("LINKEDIN", page.config("standard")).await;
        challenged(&engine, &channel).await;
        let first = linkedin::notification("COMMENT", "1", ANA, "Hi");
        linkedin::tell(&engine, &channel, &[first.clone(), first.clone()]).await;
        let ticket = person.ticket(&channel).await;
        linkedin::tell(&engine, &channel, &[linkedin::notification("COMMENT_EDIT", "1", ANA, "Hello")]).await;
        texts(&engine, &["Hello"]).await;

        // LinkedIn tells of our own answer as well, and nothing of the comment that it answers.
        let answer = person.answer(&ticket, "Good day").await;
        sent(&person, &ticket, &answer).await;
        linkedin::tell(&engine, &channel, &[linkedin::notification("ADMIN_COMMENT", "9001", PAGE, "Good day")]).await;
        // Nobody told what this one says.
        let mut bare = linkedin::notification("COMMENT", "2", ANA, "Where?");
        bare["decoratedGeneratedActivity"] = Value::Null;
        linkedin::tell(&engine, &channel, &[bare.clone()]).await;
        stored(&engine, 2).await;

        engine.kill();
        page.page.comment(linkedin::comment("2", ANA, "Where?"));
        for missed in [first, bare, linkedin::notification("COMMENT", "4", ANA, "When?")] {
            page.page.notify(missed);
        }
        engine.restart().await;
        texts(&engine, &["Hello", "Good day", "Where?", "When?"]).await;
        engine.drained().await;
        assert_eq!(engine.database.count("select count(*) from messages").await, 4);
        assert_eq!(engine.database.count("select count(*) from conversations").await, 3, "our answer begins none");
        assert_eq!(engine.database.count("select count(*) from dead_letters").await, 0);
        engine.finish().await;
    }
}

on_each_database! {
    async fn an_answer_is_in_the_conversation_of_its_comment_though_no_notification_names_that(size: Size) {
        let (engine, page) = start(size).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("LINKEDIN", page.config("standard")).await;
        page.page.comment(linkedin::comment("1", ANA, "Hello"));
        for (number, actor, text) in [("2", BEN, "Me too"), ("3", PAGE, "Soon")] {
            page.page.comment(linkedin::answer("1", number, actor, text));
        }
        page.page.comment(linkedin::comment("4", PAGE, "We are proud"));
        let told = [
            linkedin::notification("COMMENT", "1", ANA, "Hello"),
            linkedin::notification("COMMENT", "2", BEN, "Me too"),
            linkedin::notification("ADMIN_COMMENT", "3", PAGE, "Soon"),
        ];
        // LinkedIn is out of order when it is asked for the first time.
        let (state, mut is_down) = (page.page.clone(), true);
        page.platform.behave(move |call| {
            if std::mem::take(&mut is_down) { Answer::Json(503, json!({"status": 503})) } else { state.answer(call) }
        });
        linkedin::tell(&engine, &channel, &told).await;
        texts(&engine, &["Hello", "Me too", "Soon"]).await;
        // What is known is not asked for again; what the page writes under its own post answers nobody.
        linkedin::tell(&engine, &channel, &told).await;
        linkedin::tell(&engine, &channel, &[linkedin::notification("ADMIN_COMMENT", "4", PAGE, "We are proud")]).await;
        linkedin::tell(&engine, &channel, &[linkedin::notification("COMMENT_EDIT", "2", BEN, "Me three")]).await;
        texts(&engine, &["Hello", "Me three", "Soon"]).await;
        engine.drained().await;
        assert_eq!(engine.database.count("select count(*) from conversations").await, 1);
        let asked = "/rest/socialActions/urn%3Ali%3Aactivity%3A7001/comments/";
        assert_eq!(page.count("GET", asked), 5, "each once, and the first once more");
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_lost_answer_is_looked_up_and_a_revoked_token_keeps_the_queue(size: Size) {
        let (engine, page) = start(size).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("LINKEDIN", page.config("standard")).await;
        linkedin::tell(&engine, &channel, &[linkedin::notification("COMMENT", "1", ANA, "Hello")]).await;
        let ticket = person.ticket(&channel).await;
        let state = page.page.clone();
        page.platform.behave(move |call| match (call.method.as_str(), state.answer(call)) {
            ("POST", _) => Answer::Cut,
            (_, answer) => answer,
        });
        let answer = person.answer(&ticket, "Good day").await;
        sent(&person, &ticket, &answer).await;
        assert_eq!(page.count("POST", "/rest/socialActions/"), 1);

        page.platform.behave(page.page.usual());
        page.page.revoke(true);
        let later = person.answer(&ticket, "One more thing").await;
        person.waiting(&format!("/channels/{channel}"), |shown| shown["status"] == "NEEDS_REAUTH").await;
        page.page.revoke(false);
        person.post(&format!("/channels/{channel}/test-connection"), json!({})).await;
        sent(&person, &ticket, &later).await;
        engine.finish().await;
    }
}

on_each_database! {
    async fn content_is_deleted_after_its_period_and_the_ticket_stays(size: Size) {
        let (engine, page) = start(size).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("LINKEDIN", page.config("standard")).await;
        linkedin::tell(&engine, &channel, &[linkedin::notification("COMMENT", "1", ANA, "Hello")]).await;
        let ticket = person.ticket(&channel).await;
        let answer = person.answer(&ticket, "Good day").await;
        sent(&person, &ticket, &answer).await;
        let path = format!("/tickets/{ticket}");
        let before = person.get(&path).await;
        // Two days later.
        engine.database.run(three_days_ago(size)).await;
        let after = person
            .waiting(&path, |shown| {
                let messages = shown["messages"].as_array().unwrap();
                messages.iter().all(|message| message["content"] == "[deleted]")
            })
            .await;
        for message in after["messages"].as_array().unwrap() {
            assert!(message["contentDeletedAt"].is_string(), "{message}");
        }
        for kept in ["id", "status", "createdAt", "updatedAt", "_count"] {
            assert_eq!(after[kept], before[kept], "{kept}");
        }
        let left = "select count(*) from messages where text is not null";
        assert_eq!(engine.database.count(left).await, 0);
        // What comes now stays for its time, and what came before is not taken for new.
        let again = [linkedin::notification("COMMENT", "1", ANA, "Hello"), linkedin::notification("COMMENT", "2", ANA, "New")];
        linkedin::tell(&engine, &channel, &again).await;
        texts(&engine, &["New"]).await;
        assert_eq!(engine.database.count("select count(*) from messages").await, 3);
        engine.finish().await;
    }
}

fn three_days_ago(size: Size) -> &'static str {
    if size == Size::Embedded {
        "update messages set created_at = strftime('%Y-%m-%dT%H:%M:%S+00:00', created_at, '-3 days')"
    } else {
        "update messages set created_at = created_at - interval '3 days'"
    }
}

async fn start(size: Size) -> (Engine, LinkedIn) {
    let file = "retention.content_every = \"1s\"\nsessions.starting = \"1s\"".to_owned();
    let engine = Engine::start_with(size, Settings { file, ..Settings::default() }).await;
    (engine, LinkedIn::start().await)
}

/// LinkedIn asks whether the webhook is ours.
async fn challenged(engine: &Engine, channel: &str) {
    let code = "890e4665-4dfe-4ab1-b689-ed553bceeed0";
    let url = engine.url(&format!("/webhook/{channel}?challengeCode={code}"));
    let answer = engine.http.get(&url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let mut mac = Hmac::<Sha256>::new_from_slice(linkedin::SECRET.as_bytes()).unwrap();
    mac.update(code.as_bytes());
    let response = hex::encode(mac.finalize().into_bytes());
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer, json!({"challengeCode": code, "challengeResponse": response}));
    let url = engine.url(&format!("/webhook/{channel}"));
    assert_eq!(engine.http.get(url).send().await.unwrap().status(), 400);
}

/// After news the connector asks nothing for a moment.
async fn rested(engine: &Engine) {
    until("the connector to have rested", PATIENCE, || async {
        let cursors = engine.database.texts("select poll_cursor from channels where poll_cursor is not null").await;
        let cursor: Value = serde_json::from_str(cursors.first()?).unwrap();
        (cursor["rests_until"].as_u64()? <= linkedin::now()).then_some(())
    })
    .await;
}

async fn sent(person: &Person, ticket: &str, message: &str) {
    person
        .waiting(&format!("/tickets/{ticket}/messages"), |messages| {
            let is_sent = |found: &Value| found["id"] == message && found["status"] == "SENT";
            messages.as_array().unwrap().iter().any(is_sent)
        })
        .await;
}

async fn stored(engine: &Engine, count: i64) {
    until("messages to be stored", PATIENCE, || async {
        let stored = engine.database.count("select count(*) from messages where direction = 'INBOUND'").await;
        (stored == count).then_some(())
    })
    .await;
}

async fn texts(engine: &Engine, wanted: &[&str]) {
    until("the texts of the messages", PATIENCE, || async {
        let query = "select text from messages where text is not null order by sequence";
        (engine.database.texts(query).await == wanted).then_some(())
    })
    .await;
}
