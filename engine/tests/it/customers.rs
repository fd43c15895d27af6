//! Customers: found by name, by platform, by channel, and counted.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{api::Person, engine::Engine, mock},
};

/// A message of somebody with a name of their own.
fn from(contact: &str, name: &str, id: &str) -> Value {
    json!({"senderPhone": contact, "senderName": name, "message": format!("I am {name}"), "messageId": id})
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|customer| customer["name"].as_str().unwrap()).collect()
}

on_each_database! {
    async fn customers_are_found_and_counted(size: Size) {
        let engine = Engine::start(size).await;
        let person = Person::sign_up(&engine).await;
        let (one, other) = (person.channel("MOCK", json!({})).await, person.channel("MOCK", json!({})).await);
        for (number, (channel, name)) in
            [(&one, "José Ñandú"), (&one, "Mary-Jose"), (&other, "Zoë")].into_iter().enumerate()
        {
            let contact = format!("+49151000000{number}");
            mock::post(&engine, channel, &from(&contact, name, &number.to_string())).await;
            // One after the other, so that it is known who wrote last.
            person.waiting("/customers", |all| all.as_array().unwrap().len() == number + 1
                && all[0]["lastMessage"] == format!("I am {name}")).await;
        }
        let all = person.get("/customers").await;
        assert_eq!(names(&all), ["Zoë", "Mary-Jose", "José Ñandú"], "who wrote last comes first");
        let zoe = &all[0];
        assert_eq!((&zoe["platform"], &zoe["externalId"]), (&json!("MOCK"), &json!("+491510000002")));
        assert_eq!((&zoe["lastMessage"], &zoe["_count"]["tickets"]), (&json!("I am Zoë"), &json!(1)));
        assert_eq!((&zoe["orgId"], &zoe["isActive"]), (&json!(person.organisation), &json!(true)));

        assert_eq!(names(&person.get("/customers?search=JOSE").await), ["Mary-Jose", "José Ñandú"]);
        assert_eq!(names(&person.get("/customers?search=nand").await), ["José Ñandú"]);
        assert_eq!(names(&person.get("/customers?search=0000002").await), ["Zoë"], "by the platform's identifier");
        assert_eq!(names(&person.get("/customers?search=%25").await), [""; 0]);
        assert_eq!(names(&person.get("/customers?platform=mock&search=zoe").await), ["Zoë"]);
        assert_eq!(names(&person.get("/customers?platform=WHATSAPP").await), [""; 0]);
        let (status, refused) = person.call(Method::GET, "/customers?platform=PIGEON", json!({})).await;
        assert_eq!(status, 400);
        assert!(refused["message"][0].as_str().unwrap().starts_with("platform: must be one of "), "{refused}");
        assert_eq!(names(&person.get(&format!("/channels/{other}/customers")).await), ["Zoë"]);

        let page = person.request(Method::GET, "/customers?limit=2").send().await.unwrap();
        assert_eq!(page.headers()["x-total-count"], "3");
        let cursor = page.headers()["x-next-cursor"].to_str().unwrap().to_owned();
        assert_eq!(names(&page.json().await.unwrap()), ["Zoë", "Mary-Jose"]);
        assert_eq!(names(&person.get(&format!("/customers?cursor={cursor}")).await), ["José Ñandú"]);

        assert_eq!(
            person.get("/customers/stats/platforms").await,
            json!({"FACEBOOK": 0, "INSTAGRAM": 0, "LINKEDIN": 0, "TWITTER": 0, "WHATSAPP": 0, "MOCK": 3})
        );
        let dashboard = person.get("/customers/overview/dashboard").await;
        assert_eq!(dashboard["platformStats"], json!([{"platform": "MOCK", "count": 3}]));
        assert_eq!((&dashboard["totalCustomers"], &dashboard["customers"]), (&json!(3), &all));

        let stranger = Person::sign_up(&engine).await;
        assert_eq!(stranger.get("/customers").await, json!([]));
        assert_eq!(stranger.get("/customers/overview/dashboard").await["totalCustomers"], 0);
        assert_eq!(stranger.get("/customers/stats/platforms").await.get("MOCK"), None);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_customer_is_shown_with_tickets(size: Size) {
        let engine = Engine::start(size).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("MOCK", json!({})).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "1", "first")).await;
        let ticket = person.ticket(&channel).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "2", "second")).await;
        let messages = format!("/tickets/{ticket}/messages");
        person.waiting(&messages, |messages| messages.as_array().unwrap().len() == 2).await;
        let id = person.get("/customers").await[0]["id"].as_str().unwrap().to_owned();
        let shown = person.get(&format!("/customers/{id}")).await;
        assert_eq!((&shown["name"], &shown["tickets"][0]["id"]), (&json!("Ana"), &json!(ticket)));
        let tickets = person.get(&format!("/customers/{id}/tickets")).await;
        assert_eq!((&tickets[0]["id"], tickets.as_array().unwrap().len()), (&json!(ticket), 1));
        let newest = tickets[0]["messages"].as_array().unwrap();
        assert_eq!((newest.len(), &newest[0]["content"]), (1, &json!("second")));
        for path in ["/customers/00000000-0000-7000-8000-000000000000", "/customers/nobody"] {
            assert_eq!(person.call(Method::GET, path, json!({})).await.0, 404);
        }
        engine.finish().await;
    }
}
