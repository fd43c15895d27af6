//! Tokens that expire: renewed once over all nodes, before their end or when one is refused; what the platform answers
//! is kept whatever happens, and what waits to be sent is never lost.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, Settings},
        expiring::{self, Server},
        platform::Answer,
        size::Size,
        wait::until,
    },
};

const PATIENCE: Duration = Duration::from_mins(1);
const ASKED: &str = "select count(*) from manual_actions where kind = 'CHANNEL_UNAUTHORIZED' and status = 'PENDING'";

on_each_database! {
    async fn a_refused_token_is_renewed_once_and_what_waits_is_sent(size: Size) {
        let (engine, server, person, channel) = start(size, Settings::default()).await;
        let tickets = tickets(&engine, &person, &channel, 5).await;
        join_all(tickets.iter().map(|ticket| person.answer(ticket, "good day"))).await;
        sent(&engine, 5).await;
        assert_eq!(server.renewals(), 1, "several were refused, one renewal is enough");

        // The platform has taken the first refresh token back: the next renewal needs the one that it gave.
        engine.stop().await;
        engine.restart().await;
        person.answer(&tickets[0], "good night").await;
        sent(&engine, 6).await;
        assert_eq!(server.renewals(), 1, "the token was kept");
        server.platform.behave({
            let (tokens, mut refusals) = (server.tokens.clone(), 1);
            move |call| {
                if call.path == "/messages" && refusals > 0 {
                    refusals -= 1;
                    return Answer::Json(401, json!({}));
                }
                tokens.answer(call)
            }
        });
        person.answer(&tickets[1], "good night").await;
        sent(&engine, 7).await;
        assert_eq!(server.renewals(), 2);
        assert_eq!(status(&person, &channel).await, "ACTIVE");
        assert_eq!(engine.database.count("select count(*) from manual_actions").await, 0);
        engine.finish().await;
    }
}

on_each_database! {
    async fn one_renewal_is_under_way_over_all_nodes(size: Size) {
        let (engine, server, person, channel) = start(size, Settings::default()).await;
        // An embedded engine is alone.
        let another = if size == Size::Embedded { None } else { Some(engine.another().await) };
        let release = Arc::new(Notify::new());
        server.platform.behave({
            let (tokens, release) = (server.tokens.clone(), Arc::clone(&release));
            move |call| match call.path.as_str() {
                "/oauth2/token" => Answer::Held(Arc::clone(&release), Box::new(tokens.answer(call))),
                _ => tokens.answer(call),
            }
        });
        let path = format!("/orgs/{}/channels/{channel}/test-connection", person.organisation);
        let nodes: Vec<&Engine> = [Some(&engine), another.as_ref()].into_iter().flatten().collect();
        let tests = join_all((0..6).map(|number| {
            let node = nodes[number % nodes.len()];
            let call = node.http.request(Method::POST, node.url(&path)).bearer_auth(&person.token).json(&json!({}));
            async move { call.send().await.unwrap().json::<Value>().await.unwrap() }
        }));
        let answered = async {
            until("every node to be refused", PATIENCE, || async {
                (server.calls("/me").len() >= 6 && server.renewals() == 1).then_some(())
            })
            .await;
            release.notify_one();
        };
        let (tests, ()) = tokio::join!(tests, answered);
        for test in tests {
            assert_eq!(test["tests"][0]["status"], "PASS", "{test}");
        }
        assert_eq!(server.renewals(), 1);
        // Whichever node is asked now has the new token.
        server.platform.behave(server.tokens.usual());
        let before = server.calls("/me").len();
        for node in &nodes {
            let call = node.http.request(Method::POST, node.url(&path)).bearer_auth(&person.token).json(&json!({}));
            let test: Value = call.send().await.unwrap().json().await.unwrap();
            assert_eq!(test["tests"][0]["status"], "PASS", "{test}");
        }
        assert_eq!(server.calls("/me").len(), before + nodes.len(), "a node went on with the old token");
        if let Some(another) = another {
            another.finish().await;
        }
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_token_is_renewed_before_it_expires(size: Size) {
        let (engine, server, person, channel) = start(size, Settings::default()).await;
        server.tokens.live(4);
        test(&person, &channel).await;
        until("two renewals that nobody asked for", PATIENCE, || async { (server.renewals() >= 3).then_some(()) }).await;
        assert_eq!(server.calls("/me").len(), 2, "the first token was refused, and no other");
        assert_eq!(status(&person, &channel).await, "ACTIVE");
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_refused_refresh_token_asks_a_person_and_keeps_the_queue(size: Size) {
        let (engine, server, person, channel) = start(size, Settings::default()).await;
        let tickets = tickets(&engine, &person, &channel, 2).await;
        server.tokens.revoke();
        server.tokens.revoke();
        join_all(tickets.iter().map(|ticket| person.answer(ticket, "good day"))).await;
        until("the channel to stop", PATIENCE, || async {
            (status(&person, &channel).await == "NEEDS_REAUTH").then_some(())
        })
        .await;
        until("the queue to be kept", PATIENCE, || async {
            let waiting = "select count(*) from messages where state = 'QUEUED'";
            (engine.database.count(waiting).await == 2).then_some(())
        })
        .await;
        assert_eq!(engine.database.count(ASKED).await, 1);
        assert_eq!(engine.database.count("select count(*) from notifications where kind = 'CHANNEL_UNAUTHORIZED'").await, 1);
        let reason = engine.database.texts("select status_reason from channels").await;
        assert!(reason[0].contains("invalid_grant") && !reason[0].contains("cut off"), "{reason:?}");

        let new = json!({"config": {"accessToken": expiring::access_token(2), "refreshToken": expiring::refresh_token(2)}});
        let (code, told) = person.call(Method::PUT, &format!("/channels/{channel}"), new).await;
        assert_eq!(code, 200, "{told}");
        sent(&engine, 2).await;
        assert_eq!(status(&person, &channel).await, "ACTIVE");
        assert_eq!(engine.database.count(ASKED).await, 0);
        engine.finish().await;
    }
}

on_each_database! {
    async fn an_authorisation_server_that_is_away_costs_nothing_but_time(size: Size) {
        let (engine, server, person, channel) = start(size, Settings::default()).await;
        let tickets = tickets(&engine, &person, &channel, 2).await;
        server.platform.behave({
            let (tokens, mut times) = (server.tokens.clone(), 0);
            move |call| {
                times += usize::from(call.path == "/oauth2/token");
                match times {
                    1 if call.path == "/oauth2/token" => Answer::Json(503, json!({})),
                    2 if call.path == "/oauth2/token" => Answer::Bytes(200, Vec::new(), b"<html>back soon</html>".to_vec()),
                    _ => tokens.answer(call),
                }
            }
        });
        join_all(tickets.iter().map(|ticket| person.answer(ticket, "good day"))).await;
        sent(&engine, 2).await;
        let renewals = server.calls("/oauth2/token");
        assert_eq!(renewals.len(), 3, "each node and each message waits for the same time");
        let pauses = [renewals[1].at - renewals[0].at, renewals[2].at - renewals[1].at];
        assert!(pauses[0] >= Duration::from_millis(700) && pauses[1] >= Duration::from_millis(1_400), "{pauses:?}");
        assert_eq!(status(&person, &channel).await, "ACTIVE");
        assert_eq!(engine.database.count("select count(*) from manual_actions").await, 0);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_kill_between_the_answer_and_its_commit_is_made_good_or_told(size: Size) {
        for is_lenient in [true, false] {
            let settings = Settings { failpoints: Some("renewal::answered=pause".into()), ..Settings::default() };
            let (mut engine, server, person, channel) = start(size, settings).await;
            if is_lenient {
                server.tokens.are_lenient();
            }
            let tickets = tickets(&engine, &person, &channel, 1).await;
            let cut_off = person.request(Method::POST, &format!("/channels/{channel}/test-connection")).send();
            let kill = async {
                until("the platform's answer", PATIENCE, || async { (server.renewals() == 1).then_some(()) }).await;
                engine.kill();
            };
            let (cut_off, ()) = tokio::join!(cut_off, kill);
            assert!(cut_off.is_err(), "nobody was told that the test went well");
            engine.without_failpoints();
            engine.restart().await;
            person.answer(&tickets[0], "good day").await;
            if is_lenient {
                sent(&engine, 1).await;
                assert_eq!(status(&person, &channel).await, "ACTIVE");
            } else {
                until("the channel to stop", PATIENCE, || async {
                    (status(&person, &channel).await == "NEEDS_REAUTH").then_some(())
                })
                .await;
                let reason = engine.database.texts("select detail from manual_actions where status = 'PENDING'").await;
                assert!(reason.iter().any(|reason| reason.contains("cut off")), "{reason:?}");
                let new = json!({"accessToken": expiring::access_token(1), "refreshToken": expiring::refresh_token(1)});
                person.call(Method::PUT, &format!("/channels/{channel}"), json!({"config": new})).await;
                sent(&engine, 1).await;
            }
            assert_eq!(server.renewals(), 2);
            engine.finish().await;
        }
    }
}

on_each_database! {
    async fn a_send_that_is_cut_off_while_its_token_is_renewed_is_sent_afterwards(size: Size) {
        let settings = Settings { failpoints: Some("renewal::answered=pause".into()), ..Settings::default() };
        let (mut engine, server, person, channel) = start(size, settings).await;
        server.tokens.are_lenient();
        let tickets = tickets(&engine, &person, &channel, 1).await;
        person.answer(&tickets[0], "good day").await;
        until("the renewal to be answered", PATIENCE, || async { (server.renewals() == 1).then_some(()) }).await;
        engine.kill();
        engine.without_failpoints();
        engine.restart().await;
        sent(&engine, 1).await;
        assert_eq!(server.calls("/messages").len(), 3, "refused before and after, then taken");
        let outcomes = engine.database.texts("select outcome from attempts order by number").await;
        assert_eq!(outcomes, ["RETRY", "RETRY", "SENT"], "what was refused is known");
        assert_eq!(engine.database.count("select count(*) from manual_actions").await, 0);
        engine.finish().await;
    }
}

async fn start(size: Size, settings: Settings) -> (Engine, Server, Person, String) {
    let engine = expiring::engine(size, settings).await;
    let (server, person) = (Server::start().await, Person::sign_up(&engine).await);
    let channel = person.channel("EXPIRING", server.config()).await;
    (engine, server, person, channel)
}

/// So many people write, of whom nobody is asked about.
async fn tickets(engine: &Engine, person: &Person, channel: &str, count: usize) -> Vec<String> {
    for number in 0..count {
        expiring::write(engine, channel, &format!("m{number}")).await;
    }
    until("the tickets", PATIENCE, || async {
        let tickets = person.get("/tickets").await;
        let ids: Vec<String> =
            tickets.as_array()?.iter().filter_map(|ticket| ticket["id"].as_str().map(str::to_owned)).collect();
        (ids.len() == count).then_some(ids)
    })
    .await
}

async fn test(person: &Person, channel: &str) {
    let test = person.post(&format!("/channels/{channel}/test-connection"), json!({})).await;
    assert_eq!(test["tests"][0]["status"], "PASS", "{test}");
}

async fn status(person: &Person, channel: &str) -> String {
    person.get(&format!("/channels/{channel}")).await["status"].as_str().unwrap().to_owned()
}

async fn sent(engine: &Engine, count: i64) {
    until("messages to be sent", PATIENCE, || async {
        let sent = "select count(*) from messages where direction = 'OUTBOUND' and state = 'SENT'";
        (engine.database.count(sent).await == count).then_some(())
    })
    .await;
}
