//! The broker and the database stopped and started under load: no accepted
//! webhook is lost, the engine recovers by itself, `/ops/ready` tells the truth.

use std::time::Duration;

use crate::support::{
    api::Person,
    engine::{Engine, Settings},
    load::{Load, Sent, settled, stored},
    outage::Server,
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

async fn through_an_outage(engine: &Engine, server: &mut Server, what: &str) -> Sent {
    let person = Person::sign_up(engine).await;
    let channel = person.channel("WHATSAPP", whatsapp::config("http://127.0.0.1:9")).await;
    let load = Load { calls: 2_000, contacts: 100, seed: 23, senders: 8 };
    let outage = async {
        until("some webhooks to be accepted", Duration::from_mins(1), || async {
            (accepted(engine).await > 200.0).then_some(())
        })
        .await;
        server.down().await;
        until("not ready to be told", Duration::from_secs(30), || async {
            let answer = engine.http.get(engine.url("/ops/ready")).send().await.ok()?;
            let told = answer.status() == 503 && answer.text().await.is_ok_and(|text| text.contains(what));
            told.then_some(())
        })
        .await;
        server.up().await;
        engine.ready().await;
    };
    let (sent, ()) = tokio::join!(load.send(engine, &channel), outage);
    settled(engine, &sent).await;
    sent
}

async fn accepted(engine: &Engine) -> f64 {
    let Ok(answer) = engine.http.get(engine.url("/ops/metrics")).send().await else { return 0.0 };
    let text = answer.text().await.unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("patchbay_webhooks_accepted_total"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}
