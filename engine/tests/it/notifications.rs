//! Notifications: each of the four kinds reaches whom it concerns, and is read by each person alone.

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

fn kinds(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|told| told["type"].as_str().unwrap()).collect()
}

async fn unread(person: &Person) -> Value {
    person.get("/notifications/unread-count").await["count"].clone()
}

on_each_database! {
    async fn people_are_told_what_concerns_them(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let admin = Person::sign_up(&engine).await;
        let (bea, cem) = (admin.colleague("Bea", "AGENT").await, admin.colleague("Cem", "AGENT").await);
        let channel = admin.channel("MOCK", mock::config(&platform.address)).await;
        let contact = "+4915112345678";
        mock::post(&engine, &channel, &mock::text(contact, "1", "hello")).await;
        let ticket = admin.ticket(&channel).await;
        for person in [&admin, &bea, &cem] {
            let list = person.get("/notifications").await;
            assert_eq!(kinds(&list), ["NEW_MESSAGE"], "nobody has the ticket: all are told");
            assert_eq!((&list[0]["title"], &list[0]["message"]), (&json!("New message from Ana"), &json!("hello")));
            assert_eq!((&list[0]["isRead"], &list[0]["readAt"]), (&json!(false), &json!(null)));
            let data = &list[0]["data"];
            assert_eq!((&data["ticketId"], &data["channelId"]), (&json!(ticket), &json!(channel)));
            assert_eq!((&data["platform"], data["customerId"].is_string()), (&json!("MOCK"), true));
        }
        admin.post(&format!("/tickets/{ticket}/assign"), json!({"assigneeId": bea.id})).await;
        assert_eq!(kinds(&bea.get("/notifications").await), ["TICKET_ASSIGNED", "NEW_MESSAGE"]);
        assert_eq!(kinds(&cem.get("/notifications").await), ["NEW_MESSAGE"]);
        bea.answer(&ticket, "hi").await;
        mock::post(&engine, &channel, &mock::text(contact, "2", "thanks")).await;
        let mut comment = mock::text(contact, "3", "nice post");
        comment["metadata"] = json!({"type": "comment", "postId": "p"});
        bea.waiting("/notifications", |list| kinds(list).len() == 3).await;
        mock::post(&engine, &channel, &comment).await;
        let all = ["NEW_COMMENT", "CUSTOMER_REPLY", "TICKET_ASSIGNED", "NEW_MESSAGE"];
        let list = bea.waiting("/notifications", |list| kinds(list).len() == 4).await;
        assert_eq!(kinds(&list), all);
        assert_eq!(kinds(&admin.get("/notifications").await), ["NEW_MESSAGE"], "another's ticket");

        let one = list[1]["id"].as_str().unwrap();
        let path = format!("/notifications/{one}/read");
        let (status, read) = bea.call(Method::PATCH, &path, json!({})).await;
        assert_eq!((status, &read["isRead"], read["readAt"].is_string()), (200, &json!(true), true), "{read}");
        assert_eq!(bea.call(Method::PATCH, &path, json!({})).await.1, read, "it stays read since then");
        assert_eq!(cem.call(Method::PATCH, &path, json!({})).await.0, 404, "it is not theirs");
        assert_eq!((unread(&bea).await, unread(&cem).await), (json!(3), json!(1)));
        let left = bea.get("/notifications?unreadOnly=true").await;
        assert_eq!(kinds(&left), ["NEW_COMMENT", "TICKET_ASSIGNED", "NEW_MESSAGE"]);
        let second = bea.get("/notifications?limit=1&page=2").await;
        assert_eq!(second[0]["id"], one);
        let (status, marked) = bea.call(Method::PATCH, "/notifications/mark-all-read", json!({})).await;
        assert_eq!((status, marked), (200, json!({"count": 3})));
        assert_eq!((unread(&bea).await, unread(&admin).await, unread(&cem).await), (json!(0), json!(1), json!(1)));
        assert_eq!(bea.get("/notifications?unreadOnly=true").await, json!([]));

        let stranger = Person::sign_up(&engine).await;
        assert_eq!(stranger.get("/notifications").await, json!([]));
        assert_eq!(stranger.call(Method::PATCH, &path, json!({})).await.0, 404);
        engine.finish().await;
    }
}
