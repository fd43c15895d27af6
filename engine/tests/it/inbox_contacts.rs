//! The inbox dialect: what people note about contacts, and the people themselves.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{api::Person, engine::Engine, inbox::text, mock},
};

on_each_database! {
    async fn contacts_have_numbers_tags_an_owner_and_followers(size: Size) {
        let engine = Engine::start(size).await;
        let (admin, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let bea = admin.colleague("Bea", "AGENT").await;
        let channel = admin.channel("MOCK", json!({})).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "1", "hello")).await;
        mock::post(&engine, &channel, &mock::text("+33612345678", "2", "salut")).await;
        let found = admin.conversations("search=491511", |found| found.len() == 1).await;
        let path = format!("/conversations/{}/contact", text(&found[0], "id"));
        let contact = admin.inbox_get(&path).await;
        assert_eq!(contact, found[0]["contactDetails"]);
        assert_eq!(
            (&contact["phone"], &contact["dnd"], &contact["dndAll"], &contact["tags"], &contact["automations"]),
            (&json!("+4915112345678"), &json!(false), &json!(false), &json!([]), &json!([]))
        );

        let mailed = admin.inbox_post(&format!("{path}/emails"), json!({"email": "Ana@Example.com", "isPrimary": true})).await;
        assert_eq!((&mailed["email"], &mailed["emails"][0]["isPrimary"]), (&json!("ana@example.com"), &json!(true)));
        admin.inbox_post(&format!("{path}/phones"), json!({"phone": "+49 30 1234567"})).await;
        let phones = admin.inbox_post(&format!("{path}/phones"), json!({"phone": "+49 30 7654321", "isPrimary": true})).await;
        assert_eq!((&phones["phone"], phones["phones"].as_array().unwrap().len()), (&json!("+49307654321"), 3));
        let (status, taken) = admin.inbox(Method::POST, &format!("{path}/phones"), json!({"phone": "+33612345678"})).await;
        assert_eq!((status, &taken["error"]["code"]), (409, &json!("ADDRESS_TAKEN")));

        let tags = format!("{path}/tags");
        admin.inbox_post(&tags, json!({"tag": "vip"})).await;
        admin.inbox_post(&tags, json!({"tag": "vip"})).await;
        let tagged = bea.inbox_post(&tags, json!({"tag": "late payer"})).await;
        assert_eq!(tagged["tags"], json!(["late payer", "vip"]));
        assert_eq!(admin.inbox_delete(&format!("{tags}/late%20payer")).await["tags"], json!(["vip"]));
        let followed = admin.inbox_post(&format!("{path}/followers"), json!({"userId": bea.id})).await;
        assert_eq!((&followed["followers"][0]["id"], &followed["followers"][0]["name"]), (&json!(bea.id), &json!("Bea")));
        let left = admin.inbox_delete(&format!("{path}/followers/{}", bea.id)).await;
        assert_eq!(left["followers"], json!([]));

        let all = json!({
            "email": "work@example.com", "phone": "+49301111111", "ownerId": bea.id, "followers": [admin.id],
            "tags": ["a", "b"], "dnd": true, "dndAll": true,
        });
        let changed = admin.inbox_patch(&path, all).await;
        assert_eq!(
            (&changed["email"], &changed["phone"], &changed["owner"]["name"], &changed["tags"], &changed["dnd"]),
            (&json!("work@example.com"), &json!("+49301111111"), &json!("Bea"), &json!(["a", "b"]), &json!(true))
        );
        assert_eq!(admin.inbox_patch(&path, json!({})).await, changed);
        assert!(admin.inbox_patch(&path, json!({"ownerId": null})).await.get("owner").is_none());
        // Found by what was noted.
        admin.conversations("search=work@example", |found| found.len() == 1).await;

        for (body, status) in [
            (json!({"ownerId": stranger.id}), 404), (json!({"followers": [stranger.id]}), 404), (json!({"phone": "1"}), 400),
            (json!({"email": "x"}), 400), (json!({"tags": "vip"}), 400), (json!({"dnd": "yes"}), 400),
        ] {
            assert_eq!(admin.inbox_refused(Method::PATCH, &path, body.clone()).await.0, status, "{body}");
        }
        assert_eq!(admin.inbox_get(&path).await["tags"], json!(["a", "b"]), "all or nothing");
        for (method, rest, body) in [
            (Method::GET, "", json!({})),
            (Method::PATCH, "", json!({"dnd": false})),
            (Method::POST, "/emails", json!({"email": "eve@example.com"})),
            (Method::POST, "/phones", json!({"phone": "+49301234999"})),
            (Method::POST, "/tags", json!({"tag": "x"})),
            (Method::DELETE, "/tags/a", json!({})),
            (Method::POST, "/followers", json!({"userId": stranger.id})),
            (Method::DELETE, format!("/followers/{}", admin.id).as_str(), json!({})),
        ] {
            let refused = stranger.inbox_refused(method.clone(), &format!("{path}{rest}"), body).await;
            assert_eq!(refused, (404, "NOT_FOUND".to_owned()), "{method} {rest}");
        }
        engine.finish().await;
    }
}

on_each_database! {
    async fn users_are_found_by_role_and_name(size: Size) {
        let engine = Engine::start(size).await;
        let (admin, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
        let bea = admin.colleague("Bea", "AGENT").await;
        let found = async |path: &str| -> Vec<Value> { admin.inbox_get(path).await.as_array().unwrap().clone() };
        let all = found("/users").await;
        assert_eq!(all.len(), 2);
        for (path, names) in [
            ("/users?role=USER", vec!["Bea"]), ("/users?role=ADMIN", vec!["Ada"]), ("/users?role=CUST", vec![]),
            // Addresses have hexadecimal digits in them, any of which may be found.
            ("/users?role=USER&search=be", vec!["Bea"]), ("/users/search?role=USER&q=B%C3%89A", vec!["Bea"]),
            ("/users?search=nobody", vec![]), ("/users/search?q=ada-", vec!["Ada"]), (format!("/users?exclude={}", bea.id).as_str(), vec!["Ada"]),
            (format!("/users?exclude[]={}&exclude[]={}", bea.id, admin.id).as_str(), vec![]),
        ] {
            let told: Vec<String> = found(path).await.iter().map(|user| text(user, "name")).collect();
            assert_eq!(told, names, "{path}");
        }
        let bea_shown = &found("/users?role=USER").await[0];
        assert_eq!((&bea_shown["id"], &bea_shown["roles"]), (&json!(bea.id), &json!(["USER"])));
        assert!(text(bea_shown, "email").starts_with("bea-") && bea_shown["username"].is_string());
        assert_eq!(admin.inbox_refused(Method::GET, "/users/search", json!({})).await.0, 400);
        assert_eq!(stranger.inbox_get("/users").await.as_array().unwrap().len(), 1);
        engine.finish().await;
    }
}
