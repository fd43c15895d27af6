//! Analytics over HTTP: what a small day adds up to, who may ask, and that nobody sees another's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::Engine,
        mock,
        platform::{Answer, Platform},
    },
};

async fn ask(person: &Person, path: &str) -> Value {
    let (status, told) = person.call_at(Method::GET, path, json!({})).await;
    assert_eq!(status, 200, "{path}: {told}");
    told
}

on_each_database! {
    async fn a_small_day_adds_up(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let ada = Person::sign_up(&engine).await;
        let bea = ada.colleague("Bea", "AGENT").await;
        let (one, other) =
            (ada.channel("MOCK", mock::config(&platform.address)).await, ada.channel("MOCK", json!({})).await);
        mock::post(&engine, &one, &mock::text("+4915112345678", "1", "hello")).await;
        mock::post(&engine, &other, &mock::text("+4915112345679", "2", "hello")).await;
        let first = ada.ticket(&one).await;
        ada.ticket(&other).await;
        ada.post(&format!("/tickets/{first}/assign"), json!({"assigneeId": bea.id})).await;
        bea.answer(&first, "hi").await;
        engine.drained().await;
        bea.post(&format!("/tickets/{first}/close"), json!({})).await;

        let tickets = ask(&bea, "/orgs/analytics/tickets").await;
        let counts = ["totalTickets", "openTickets", "pendingTickets", "closedTickets"].map(|name| tickets[name].as_u64());
        assert_eq!(counts, [Some(2), Some(1), Some(0), Some(1)], "{tickets}");
        assert_eq!(tickets["ticketsByStatus"], json!({"OPEN": 1, "PENDING": 0, "CLOSED": 1}));
        assert_eq!(tickets["ticketsByChannel"], json!({"MOCK": 2}), "both are called so");
        let days = tickets["dailyStats"].as_array().unwrap();
        assert_eq!(days.len(), 31);
        let opened: u64 = days.iter().map(|day| day["openCount"].as_u64().unwrap()).sum();
        let closed: u64 = days.iter().map(|day| day["closedCount"].as_u64().unwrap()).sum();
        assert_eq!((opened, closed), (2, 1));
        assert!(tickets["avgResponseTime"].is_u64() && tickets["avgResolutionTime"].is_u64(), "{tickets}");

        let channels = ask(&ada, "/orgs/analytics/channels").await;
        assert_eq!((&channels[0]["id"], &channels[0]["tickets"], &channels[0]["messages"]), (&json!(one), &json!(1), &json!(2)));
        assert_eq!((&channels[1]["id"], &channels[1]["messages"]), (&json!(other), &json!(1)));
        let agents = ask(&ada, "/orgs/analytics/agents").await;
        assert_eq!(agents.as_array().unwrap().len(), 1, "the owner has no tickets");
        let counts = ["assignedTickets", "closedTickets", "openTickets", "totalMessages"].map(|name| agents[0][name].as_u64());
        assert_eq!((agents[0]["id"].as_str(), counts), (Some(bea.id.as_str()), [Some(1), Some(1), Some(0), Some(2)]));

        let only = ask(&ada, &format!("/orgs/analytics/tickets?channelId={other}")).await;
        assert_eq!((&only["totalTickets"], &only["openTickets"]), (&json!(1), &json!(1)));
        assert_eq!(ask(&ada, "/orgs/analytics/tickets?toDate=2020-01-01").await["totalTickets"], 0);
        for wrong in ["fromDate=2020-01-01", "timeZone=Nowhere", "from=2026-05-02&to=2026-05-01"] {
            let (status, told) = ada.call_at(Method::GET, &format!("/orgs/analytics/tickets?{wrong}"), json!({})).await;
            assert_eq!(status, 400, "{wrong}: {told}");
        }
        // The organisation is the token's, whatever the query says.
        let stranger = Person::sign_up(&engine).await;
        let theirs = ask(&stranger, &format!("/orgs/analytics/tickets?orgId={}", ada.organisation)).await;
        assert_eq!((&theirs["totalTickets"], &theirs["ticketsByChannel"]), (&json!(0), &json!({})));
        assert_eq!(ask(&stranger, "/orgs/analytics/channels").await, json!([]));
        assert_eq!(ask(&ada, &format!("/orgs/analytics/tickets?assigneeId={}", stranger.id)).await["totalTickets"], 0);
        engine.finish().await;
    }
}
