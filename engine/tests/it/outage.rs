//! The broker and the database stopped and started under load: no accepted
//! webhook is lost, the engine recovers by itself, `/ops/ready` tells the truth.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::sync::Notify;

use crate::support::{
    api::Person,
    engine::{Engine, Settings},
    load::{Load, Sent, settled, stored},
    mock,
    outage::Server,
    platform::{Answer, Platform},
    size::Size,
    wait::until,
    whatsapp,
};

mod the_broker_stops_and_starts_under_load {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn scale() {
        if Size::Scale.is_left_out() {
            return;
        }
        let mut broker = Server::rabbit().await;
        let settings = Settings { amqp_url: Some(broker.url()), ..Settings::default() };
        let engine = Engine::start_with(Size::Scale, settings).await;
        let sent = through_an_outage(&engine, &mut broker, "bus").await;
        assert_eq!(stored(&engine).await, sent.expected());
        engine.finish().await;
    }
}

mod the_database_stops_and_starts_under_load {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres() {
        run(Size::Postgres).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn scale() {
        run(Size::Scale).await;
    }

    async fn run(size: Size) {
        if size.is_left_out() {
            return;
        }
        let mut server = Server::postgres().await;
        let settings = Settings { database_server: Some(server.url()), ..Settings::default() };
        let engine = Engine::start_with(size, settings).await;
        let sent = through_an_outage(&engine, &mut server, "database").await;
        assert_eq!(stored(&engine).await, sent.expected());
        engine.finish().await;
    }
}

mod a_node_that_starts_during_an_outage_waits_for_its_end {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres() {
        run(Size::Postgres).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn scale() {
        run(Size::Scale).await;
    }

    async fn run(size: Size) {
        if size.is_left_out() {
            return;
        }
        let mut server = Server::postgres().await;
        let settings = Settings { database_server: Some(server.url()), ..Settings::default() };
        let engine = Engine::start_with(size, settings).await;
        let person = Person::sign_up(&engine).await;
        engine.stop().await;
        server.down().await;
        engine.launch();
        until("the start to wait", Duration::from_mins(1), || async {
            engine.log().contains("the start waits for it").then_some(())
        })
        .await;
        server.up().await;
        engine.ready().await;
        let channel = person.channel("WHATSAPP", whatsapp::config("http://127.0.0.1:9")).await;
        let load = Load { calls: 20, contacts: 5, seed: 3, senders: 2 };
        let sent = load.send(&engine, &channel).await;
        settled(&engine, &sent).await;
        assert_eq!(stored(&engine).await, sent.expected());
        engine.finish().await;
    }
}

mod a_database_that_only_reads_is_not_ready {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres() {
        if Size::Postgres.is_left_out() {
            return;
        }
        let server = Server::postgres().await;
        if matches!(server, Server::Door { .. }) {
            return;
        }
        let settings = Settings { database_server: Some(server.url()), ..Settings::default() };
        let engine = Engine::start_with(Size::Postgres, settings).await;
        for (setting, status, told) in [
            ("alter system set default_transaction_read_only = on", 503, "takes nothing that is written"),
            ("alter system set default_transaction_read_only = off", 200, "ready"),
        ] {
            engine.database.run(setting).await;
            engine.database.run("select pg_reload_conf()").await;
            until(setting, Duration::from_secs(30), || async {
                let answer = engine.http.get(engine.url("/ops/ready")).send().await.ok()?;
                let so = answer.status() == status && answer.text().await.is_ok_and(|text| text.contains(told));
                so.then_some(())
            })
            .await;
        }
        engine.finish().await;
    }
}

async fn through_an_outage(engine: &Engine, server: &mut Server, what: &str) -> Sent {
    let person = Person::sign_up(engine).await;
    let channel = person.channel("WHATSAPP", whatsapp::config("http://127.0.0.1:9")).await;
    let load = Load { calls: 2_000, contacts: 100, seed: 23, senders: 8 };
    let answers = Answers::prepare(engine, &person).await;
    let outage = async {
        until("some webhooks to be accepted", Duration::from_mins(1), || async {
            (accepted(engine).await > 200.0).then_some(())
        })
        .await;
        // The platform has taken some of the answers, and what it says comes while nothing can be stored.
        answers.write(&person).await;
        server.down().await;
        answers.release();
        until("not ready to be told", Duration::from_secs(30), || async {
            let answer = engine.http.get(engine.url("/ops/ready")).send().await.ok()?;
            let told = answer.status() == 503 && answer.text().await.is_ok_and(|text| text.contains(what));
            told.then_some(())
        })
        .await;
        server.up().await;
        engine.ready().await;
    };
    let (mut sent, ()) = tokio::join!(load.send(engine, &channel), outage);
    sent.per_contact.extend(CONTACTS.map(|contact| (contact.to_owned(), 1)));
    settled(engine, &sent).await;
    answers.went_once(engine).await;
    sent
}

const CONTACTS: [&str; 5] = ["900000000001", "900000000002", "900000000003", "900000000004", "900000000005"];
const EACH: usize = 10;

/// Answers to people, on a platform that holds back what it says of them.
struct Answers {
    platform: Platform,
    said: Arc<Notify>,
    tickets: Vec<String>,
}

impl Answers {
    async fn prepare(engine: &Engine, person: &Person) -> Self {
        let said = Arc::new(Notify::new());
        let held = Arc::clone(&said);
        let platform =
            Platform::start(move |_| Answer::Held(Arc::clone(&held), Box::new(Answer::Json(200, json!({}))))).await;
        let channel = person.channel("MOCK", mock::config(&platform.address)).await;
        for contact in CONTACTS {
            mock::post(engine, &channel, &mock::text(contact, contact, "0")).await;
        }
        let path = format!("/tickets?channelId={channel}");
        let tickets = person.waiting(&path, |found| found.as_array().unwrap().len() == CONTACTS.len()).await;
        let tickets = tickets.as_array().unwrap().iter().map(|ticket| ticket["id"].as_str().unwrap().to_owned());
        Self { platform, said, tickets: tickets.collect() }
    }

    async fn write(&self, person: &Person) {
        for (number, ticket) in (0..EACH).flat_map(|number| self.tickets.iter().map(move |ticket| (number, ticket))) {
            person.answer(ticket, &format!("{ticket} {number}")).await;
        }
        until("the platform to have one of each", Duration::from_secs(30), || async {
            (self.platform.calls().len() >= CONTACTS.len()).then_some(())
        })
        .await;
    }

    fn release(&self) {
        self.platform.behave(|_| Answer::Json(200, json!({})));
        self.said.notify_waiters();
    }

    /// Each of them, in order, and nobody has to be asked.
    async fn went_once(&self, engine: &Engine) {
        let sent = "select count(*) from messages where direction = 'OUTBOUND' and state = 'SENT'";
        assert_eq!(usize::try_from(engine.database.count(sent).await).unwrap(), CONTACTS.len() * EACH);
        let told: Vec<String> =
            self.platform.calls().iter().map(|call| call.json()["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!(told.len(), CONTACTS.len() * EACH, "{told:?}");
        for ticket in &self.tickets {
            let theirs: Vec<_> = told.iter().filter(|text| text.starts_with(ticket)).cloned().collect();
            assert_eq!(theirs, (0..EACH).map(|number| format!("{ticket} {number}")).collect::<Vec<_>>());
        }
    }
}

async fn accepted(engine: &Engine) -> f64 {
    let Ok(answer) = engine.http.get(engine.url("/ops/metrics")).send().await else { return 0.0 };
    let text = answer.text().await.unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("patchbay_webhooks_accepted_total"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}
