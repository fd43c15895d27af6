//! E-mail against an account that behaves like SendGrid's: threads, events in any order, mails that are dropped, and a
//! moment until which it is too busy.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::Engine,
        platform::Answer,
        sendgrid::{self, SendGrid},
        size::Size,
        wait::until,
    },
};

const PATIENCE: Duration = Duration::from_mins(1);
const FIRST: &str = "Message-ID: <first@mail.example.com>";

on_each_database! {
    async fn an_answer_joins_the_thread_and_its_answer_comes_back(size: Size) {
        let (engine, sendgrid, person, channel) = start(size).await;
        assert_eq!(sendgrid::receive(&engine, &channel, "another token", FIRST, "hello").await, 401);
        for _ in 0..2 {
            sendgrid::written(&engine, &channel, FIRST, "hello").await;
        }
        let ticket = person.ticket(&channel).await;
        let message = person.answer(&ticket, "good day").await;
        person.told_of(&ticket, &message, "SENT").await;
        let mail = sendgrid.account.accepted()[0].clone();
        let headers = [&mail["headers"], &mail["personalizations"][0]["headers"]];
        let headers = headers.into_iter().find(|headers| headers.is_object()).unwrap();
        assert_eq!(headers["In-Reply-To"], "<first@mail.example.com>");

        let own = headers["Message-ID"].as_str().unwrap();
        let answered = format!("Message-ID: <second@mail.example.com>\nIn-Reply-To: {own}");
        sendgrid::written(&engine, &channel, &answered, "thank you").await;
        let another = "Message-ID: <third@mail.example.com>";
        sendgrid::written(&engine, &channel, another, "something else").await;
        until("the mails to be stored", PATIENCE, || async {
            let stored = "select count(*) from messages where direction = 'INBOUND'";
            (engine.database.count(stored).await == 3).then_some(())
        })
        .await;
        let texts: Vec<String> = person.get(&format!("/tickets/{ticket}/messages")).await.as_array().unwrap().iter()
            .map(|message| message["content"].as_str().unwrap().to_owned()).collect();
        assert_eq!(texts, ["hello", "good day", "thank you"]);
        assert_eq!(engine.database.count("select count(*) from conversations").await, 2);
        engine.finish().await;
    }
}

on_each_database! {
    async fn events_in_any_order_and_twice_tell_what_became_of_a_mail(size: Size) {
        let (engine, sendgrid, person, channel) = start(size).await;
        sendgrid::written(&engine, &channel, FIRST, "hello").await;
        let ticket = person.ticket(&channel).await;
        // The answer to this send is lost, and its events are all that is told of it.
        let account = sendgrid.account.clone();
        sendgrid.platform.behave(move |call| match account.answer(call) {
            Answer::Bytes(202, ..) => Answer::Cut,
            answer => answer,
        });
        let lost = person.answer(&ticket, "lost").await;
        until("the outcome to be unknown", PATIENCE, || async {
            let states = engine.database.texts("select state from messages where direction = 'OUTBOUND'").await;
            (states == ["UNKNOWN"]).then_some(())
        })
        .await;
        let mail = sendgrid.account.accepted()[0].clone();
        let of = |kind| sendgrid::event(kind, 1, &mail, json!({}));
        sendgrid.tell(&engine, &channel, &[of("delivered"), of("processed"), of("delivered"), of("a new one")]).await;
        person.told_of(&ticket, &lost, "DELIVERED").await;

        sendgrid.platform.behave(sendgrid.account.usual());
        let dropped = person.answer(&ticket, "dropped").await;
        person.told_of(&ticket, &dropped, "SENT").await;
        let mail = sendgrid.account.accepted()[1].clone();
        let filter = json!({"sg_message_id": "filterdrecv-p3mdw1-756b745b58-kmzbl", "reason": "Bounced Address"});
        sendgrid.tell(&engine, &channel, &[sendgrid::event("dropped", 2, &mail, filter)]).await;
        person.told_of(&ticket, &dropped, "FAILED").await;
        engine.drained().await;
        assert_eq!(sendgrid.account.accepted().len(), 2, "a mail was silently repeated");
        engine.finish().await;
    }
}

on_each_database! {
    async fn nothing_is_sent_before_the_moment_that_it_names(size: Size) {
        let (engine, sendgrid, person, channel) = start(size).await;
        sendgrid::written(&engine, &channel, FIRST, "hello").await;
        let ticket = person.ticket(&channel).await;
        let reset = chrono::Utc::now().timestamp() + 3;
        sendgrid.account.is_busy(1, reset);
        for text in ["1", "2"] {
            person.answer(&ticket, text).await;
        }
        until("all to be sent", PATIENCE, || async {
            let sent = "select count(*) from messages where direction = 'OUTBOUND' and state = 'SENT'";
            (engine.database.count(sent).await == 2).then_some(())
        })
        .await;
        let calls = sendgrid.platform.calls();
        assert_eq!(calls.len(), 3, "one was refused and came again");
        let waited = calls[1].at - calls[0].at;
        assert!(waited >= Duration::from_secs(1), "{waited:?}");
        let texts: Vec<Value> =
            sendgrid.account.accepted().iter().map(|mail| mail["content"][0]["value"].clone()).collect();
        assert_eq!(texts, ["1", "2"]);
        engine.finish().await;
    }
}

async fn start(size: Size) -> (Engine, SendGrid, Person, String) {
    let engine = Engine::start(size).await;
    let (person, sendgrid) = (Person::sign_up(&engine).await, SendGrid::start().await);
    let channel = person.channel("EMAIL", sendgrid.config()).await;
    (engine, sendgrid, person, channel)
}
