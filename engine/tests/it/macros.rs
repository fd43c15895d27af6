//! Macros: who may change one, and what it says in a ticket.

use reqwest::Method;
use serde_json::json;

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::Engine,
        mock,
        platform::{Answer, Platform},
    },
};

on_each_database! {
    async fn a_macro_belongs_to_whoever_wrote_it(size: Size) {
        let engine = Engine::start(size).await;
        let admin = Person::sign_up(&engine).await;
        let (bea, cem) = (admin.colleague("Bea", "AGENT").await, admin.colleague("Cem", "AGENT").await);
        let all = admin.macros("");
        let (status, made) = bea.call_at(Method::POST, &all, json!({"name": "hello", "content": "Hi {{name}}"})).await;
        assert_eq!((status, &made["createdByUser"]["name"]), (201, &json!("Bea")), "{made}");
        assert_eq!((&made["orgId"], &made["createdBy"]), (&json!(admin.organisation), &json!(bea.id)));
        let (status, taken) = cem.call_at(Method::POST, &all, json!({"name": "hello", "content": "x"})).await;
        assert_eq!((status, &taken["code"]), (409, &json!("NAME_TAKEN")));
        let (status, later) = cem.call_at(Method::POST, &all, json!({"name": "later", "content": "x"})).await;
        assert_eq!(status, 201);
        let (_, listed) = admin.call_at(Method::GET, &all, json!({})).await;
        assert_eq!((&listed[0]["id"], &listed[1]["id"]), (&later["id"], &made["id"]), "the newest first");

        let one = admin.macros(&format!("/{}", made["id"].as_str().unwrap()));
        for other in [&cem, &admin] {
            assert_eq!(other.call_at(Method::PUT, &one, json!({"name": "mine"})).await.0, 403);
        }
        assert_eq!(cem.call_at(Method::DELETE, &one, json!({})).await.0, 403);
        assert_eq!(bea.call_at(Method::PUT, &one, json!({"name": "later"})).await.0, 409);
        let (status, changed) = bea.call_at(Method::PUT, &one, json!({"content": "Hello {{name}}"})).await;
        assert_eq!((status, &changed["name"], &changed["content"]), (200, &json!("hello"), &json!("Hello {{name}}")));
        assert_eq!(admin.call_at(Method::DELETE, &one, json!({})).await, (200, json!({"success": true})));
        assert_eq!(bea.call_at(Method::PUT, &one, json!({})).await.0, 404);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_macro_is_sent_with_its_values(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let person = Person::sign_up(&engine).await;
        let channel = person.channel("MOCK", mock::config(&platform.address)).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "1", "hello")).await;
        let ticket = person.ticket(&channel).await;
        let written = |name: &'static str, content: &'static str| {
            let person = &person;
            async move {
                let body = json!({"name": name, "content": content});
                person.call_at(Method::POST, &person.macros(""), body).await.1["id"].clone()
            }
        };
        let known = written("a", "Hi {{ customer.name }}, I am {{agent.name}} of {{organisation.name}}.").await;
        let path = format!("/tickets/{ticket}/messages");
        let (status, sent) = person.call(Method::POST, &path, json!({"macroId": known})).await;
        assert_eq!((status, &sent["content"]), (201, &json!("Hi Ana, I am Ada of Acme.")), "{sent}");
        let unknown = written("b", "Your order {{order.number}}").await;
        let (status, refused) = person.call(Method::POST, &path, json!({"macroId": unknown})).await;
        let told = json!(["macroId: {{order.number}} stands for nothing that is known here"]);
        assert_eq!((status, &refused["message"]), (400, &told));
        let nobody = json!({"macroId": "00000000-0000-7000-8000-000000000000"});
        assert_eq!(person.call(Method::POST, &path, nobody).await.0, 404);
        engine.drained().await;
        assert_eq!(platform.calls().len(), 1);
        engine.finish().await;
    }
}
