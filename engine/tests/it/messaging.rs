//! Messenger and Instagram against a platform that behaves like them: windows that close, a bucket that runs empty,
//! tokens that are taken back, answers that are lost, and webhooks before the answer.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::json;
use tokio::sync::Notify;

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::Engine,
        messaging::{self, Graph, Product},
        platform::Answer,
        size::Size,
        wait::until,
    },
};

const PATIENCE: Duration = Duration::from_mins(1);
const PRODUCTS: [Product; 2] = [Product::Messenger, Product::Instagram];

on_each_database! {
    async fn what_is_told_twice_and_out_of_order_is_one_conversation(size: Size) {
        for product in PRODUCTS {
            let (engine, graph, person, channel) = start(size, product).await;
            let picture = json!({"attachments": [{"type": "image", "payload": {"url": graph.file()}}]});
            let first = messaging::written("m_1", json!({"text": "hello"}));
            let second = messaging::written("m_2", picture);
            graph.tell(&engine, &channel, &[first.clone(), second.clone()]).await;
            graph.tell(&engine, &channel, &[second, first]).await;
            let ticket = person.ticket(&channel).await;
            // The picture is fetched before its message is told.
            came_in(&engine, 2).await;

            let (account, release) = (graph.account.clone(), Arc::new(Notify::new()));
            let held = Arc::clone(&release);
            graph.platform.behave(move |call| match account.answer(call) {
                answer if call.path.contains("/messages") => Answer::Held(Arc::clone(&held), Box::new(answer)),
                answer => answer,
            });
            let message = person.answer(&ticket, "good day").await;
            until("the send", PATIENCE, || async { graph.account.accepted().first().cloned() }).await;
            // The echo and the receipt are quicker than the answer.
            let sent = graph.account.accepted()[0].clone();
            graph.tell(&engine, &channel, &[messaging::echo(&messaging::mid(1), &sent)]).await;
            graph.tell(&engine, &channel, &[messaging::read(product, &messaging::mid(1))]).await;
            graph.tell(&engine, &channel, &[messaging::written("m_3", json!({"text": "later"}))]).await;
            came_in(&engine, 3).await;
            release.notify_one();
            person.told_of(&ticket, &message, "READ").await;
            engine.drained().await;
            assert_eq!(sent["message"]["metadata"], message.as_str());
            assert_eq!(engine.database.texts("select external_id from messages order by sequence").await,
                ["m_1", "m_2", &messaging::mid(1), "m_3"]);
            assert_eq!(engine.database.count("select count(*) from messages where kind = 'image'").await, 1);
            assert!(engine.database.count("select count(*) from media where size = 4").await >= 1);
            assert_eq!(engine.database.count("select count(*) from dead_letters").await, 0);
            engine.finish().await;
        }
    }
}

on_each_database! {
    async fn a_window_that_the_platform_closed_opens_with_the_next_message(size: Size) {
        for product in PRODUCTS {
            let (engine, graph, person, channel) = start(size, product).await;
            graph.tell(&engine, &channel, &[messaging::written("m_1", json!({"text": "hello"}))]).await;
            let ticket = person.ticket(&channel).await;
            graph.account.window(messaging::ANA, false);
            let late = person.answer(&ticket, "too late").await;
            person.told_of(&ticket, &late, "FAILED").await;
            assert_eq!(engine.database.count("select max(number) from attempts").await, 1, "it was tried in vain");

            graph.tell(&engine, &channel, &[messaging::written("m_2", json!({"text": "still there?"}))]).await;
            came_in(&engine, 2).await;
            let answer = person.answer(&ticket, "yes").await;
            person.told_of(&ticket, &answer, "SENT").await;
            assert_eq!(person.get(&format!("/channels/{channel}")).await["status"], "ACTIVE");
            engine.finish().await;
        }
    }
}

on_each_database! {
    async fn a_bucket_that_is_empty_delays_and_loses_nothing(size: Size) {
        for product in PRODUCTS {
            let (engine, graph, person, channel) = start(size, product).await;
            graph.account.takes(3, Duration::from_secs(1));
            graph.tell(&engine, &channel, &[messaging::written("m_1", json!({"text": "hello"}))]).await;
            let ticket = person.ticket(&channel).await;
            let texts: Vec<String> = (1..=5).map(|number| number.to_string()).collect();
            for text in &texts {
                person.answer(&ticket, text).await;
            }
            until("all to be sent", PATIENCE, || async {
                (graph.account.accepted().len() == texts.len()).then_some(())
            })
            .await;
            engine.drained().await;
            let accepted = graph.account.accepted();
            let found: Vec<&str> = accepted.iter().map(|body| body["message"]["text"].as_str().unwrap()).collect();
            assert_eq!(found, texts);
            let refused = "select count(*) from attempts where outcome <> 'SENT'";
            assert!(engine.database.count(refused).await > 0, "the bucket never ran empty");
            engine.finish().await;
        }
    }
}

on_each_database! {
    async fn an_echo_tells_what_became_of_a_lost_answer(size: Size) {
        for product in PRODUCTS {
            let (engine, graph, person, channel) = start(size, product).await;
            graph.tell(&engine, &channel, &[messaging::written("m_1", json!({"text": "hello"}))]).await;
            let ticket = person.ticket(&channel).await;
            let account = graph.account.clone();
            graph.platform.behave(move |call| match account.answer(call) {
                Answer::Json(200, answer) if answer.get("message_id").is_some() => Answer::Cut,
                answer => answer,
            });
            let lost = person.answer(&ticket, "lost").await;
            until("the outcome to be unknown", PATIENCE, || async {
                (engine.database.texts("select state from messages where direction = 'OUTBOUND'").await == ["UNKNOWN"])
                    .then_some(())
            })
            .await;
            let sent = graph.account.accepted();
            graph.tell(&engine, &channel, &[messaging::echo(&messaging::mid(1), &sent[0])]).await;
            person.told_of(&ticket, &lost, "SENT").await;
            engine.drained().await;
            assert_eq!(graph.account.accepted().len(), 1, "it was silently repeated");
            assert_eq!(engine.database.count("select count(*) from messages").await, 2, "the echo is the message itself");
            engine.finish().await;
        }
    }
}

on_each_database! {
    async fn a_token_that_was_taken_back_stops_the_channel_until_it_is_replaced(size: Size) {
        for product in PRODUCTS {
            let (engine, graph, person, channel) = start(size, product).await;
            graph.tell(&engine, &channel, &[messaging::written("m_1", json!({"text": "hello"}))]).await;
            let ticket = person.ticket(&channel).await;
            graph.account.takes_only("another token");
            let kept = person.answer(&ticket, "kept").await;
            let path = format!("/channels/{channel}");
            person.waiting(&path, |channel| channel["status"] == "NEEDS_REAUTH").await;
            assert_eq!(engine.database.texts("select state from messages where direction = 'OUTBOUND'").await, ["QUEUED"]);

            let mended = json!({"config": {"pageAccessToken": "another token"}});
            let (answered, said) = person.call(Method::PUT, &path, mended).await;
            assert_eq!(answered, 200, "{said}");
            let (answered, said) = person.call(Method::POST, &format!("{path}/test-connection"), json!({})).await;
            assert_eq!(answered, 200, "{said}");
            person.told_of(&ticket, &kept, "SENT").await;
            assert_eq!(graph.account.accepted().len(), 1);
            engine.finish().await;
        }
    }
}

async fn start(size: Size, product: Product) -> (Engine, Graph, Person, String) {
    let engine = Engine::start(size).await;
    let (person, graph) = (Person::sign_up(&engine).await, Graph::start(product).await);
    let channel = person.channel(product.channel_type(), graph.config()).await;
    (engine, graph, person, channel)
}

async fn came_in(engine: &Engine, count: i64) {
    until("messages to be stored", PATIENCE, || async {
        let stored = engine.database.count("select count(*) from messages where direction = 'INBOUND'").await;
        (stored == count).then_some(())
    })
    .await;
}
