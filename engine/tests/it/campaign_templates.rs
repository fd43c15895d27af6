//! Campaigns on a platform that lets nobody be written to out of the blue, but with its own templates.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    campaigns::{ANA, count},
    inbound::post,
    on_every_size,
    support::{
        api::Person,
        engine::Engine,
        platform::{Call, Platform},
        whatsapp,
    },
};

const STRANGER: &str = "+4917000000001";

on_every_size! {
    async fn a_platforms_template_goes_to_everybody_with_their_own_values(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(whatsapp::accept()).await;
        let admin = Person::sign_up(&engine).await;
        let mut config = whatsapp::config(&platform.address);
        config["limits"] = json!([]);
        let channel = admin.channel("WHATSAPP", config).await;
        let hello = whatsapp::text(ANA.trim_start_matches('+'), "wamid.1", chrono::Utc::now().timestamp(), "hello");
        post(&engine, &channel, &whatsapp::webhook(&[hello], &[])).await;
        let ticket = admin.ticket(&channel).await;

        let parameters = json!([{"type": "body", "parameters": [
            {"type": "text", "text": "{{name|friend}}"},
            {"type": "text", "text": "{{organisation.name}}"},
        ]}]);
        let template = json!({"name": "spring_offer", "language": "en", "parameters": parameters});
        let id = made(&admin, &channel, &template, &[ANA, STRANGER]).await;
        completed(&admin, &id).await;
        let told: BTreeMap<String, Value> = (platform.calls().iter().filter(|call| call.method == "POST"))
            .map(Call::json)
            .map(|body| (body["to"].as_str().unwrap().to_owned(), body["template"].clone()))
            .collect();
        let expected = |name: &str| {
            let parameters = json!([{"type": "text", "text": name}, {"type": "text", "text": "Acme"}]);
            let components = json!([{"type": "body", "parameters": parameters}]);
            json!({"name": "spring_offer", "language": {"code": "en"}, "components": components})
        };
        let numbers = [(ANA, "Contact 4915112345678"), (STRANGER, "friend")];
        let expected: BTreeMap<String, Value> = numbers.map(|(number, name)| (number.to_owned(), expected(name))).into();
        assert_eq!(told, expected);
        let messages = admin.get(&format!("/tickets/{ticket}/messages")).await;
        assert_eq!(messages[1]["content"], "spring_offer");

        // A text of one's own reaches only those who wrote lately.
        let id = made(&admin, &channel, &json!("Hi {{firstName}}"), &[ANA, STRANGER]).await;
        completed(&admin, &id).await;
        let stats = admin.get(&format!("/campaigns/{id}/stats")).await;
        assert_eq!((count(&stats, "sentCount"), count(&stats, "failedCount")), (1, 1), "{stats}");
        let failed = admin.get(&format!("/campaigns/{id}/recipients?status=FAILED")).await;
        assert_eq!((&failed[0]["recipientContact"], &failed[0]["reason"]), (&json!(STRANGER), &json!("OUTSIDE_WINDOW")));

        // What the platform has not approved is told to whoever plans it.
        let template = "insert into templates (id, organisation_id, channel_id, name, language, category, status, components, \
             created_at, updated_at) select id, organisation_id, id, 'autumn_offer', 'en', 'MARKETING', 'REJECTED', '[]', \
             created_at, created_at from channels";
        engine.database.run(template).await;
        let template = json!({"name": "autumn_offer", "language": "en"});
        let body = json!({"channelId": channel, "name": "Autumn", "messageTemplate": template});
        let (status, refused) = admin.call(Method::POST, "/campaigns", body).await;
        assert_eq!((status, &refused["code"]), (422, &json!("TEMPLATE_NOT_APPROVED")), "{refused}");
        engine.finish().await;
    }
}

/// A campaign that says this and has started.
async fn made(admin: &Person, channel: &str, says: &Value, contacts: &[&str]) -> String {
    let body = json!({"channelId": channel, "name": "Spring", "messageTemplate": says});
    let made = admin.post("/campaigns", body).await;
    assert_eq!((made["messageTemplate"].is_string(), made["template"].is_object()), (true, says.is_object()), "{made}");
    let id = made["id"].as_str().unwrap().to_owned();
    admin.post(&format!("/campaigns/{id}/recipients"), json!({"recipients": contacts})).await;
    admin.post(&format!("/campaigns/{id}/start"), json!({})).await;
    id
}

async fn completed(admin: &Person, id: &str) {
    admin.waiting(&format!("/campaigns/{id}"), |campaign| campaign["status"] == "COMPLETED").await;
}
