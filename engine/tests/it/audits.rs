//! The audit log: every change by a person, with what was before and after, for administrators alone.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::Engine,
        mock,
        platform::{Answer, Platform},
        whatsapp,
    },
};

/// Action, entity, and who did it.
fn lines(list: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |entry: &Value| [&entry["action"], &entry["entity"], &entry["user"]["name"]].map(word).join(" ");
    list.as_array().unwrap().iter().map(line).collect()
}

on_each_database! {
    async fn every_change_is_told_with_before_and_after(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Json(200, json!({}))).await;
        let ada = Person::sign_up(&engine).await;
        let bea = ada.colleague("Bea", "AGENT").await;
        ada.call(Method::PATCH, "", json!({"name": "Acme Two"})).await;
        let channel = ada.channel("MOCK", mock::config(&platform.address)).await;
        mock::post(&engine, &channel, &mock::text("+4915112345678", "1", "hello")).await;
        let ticket = ada.ticket(&channel).await;
        ada.post(&format!("/tickets/{ticket}/assign"), json!({"assigneeId": bea.id})).await;
        let changed = bea.call(Method::PUT, &format!("/tickets/{ticket}"), json!({"priority": "HIGH"})).await;
        assert_eq!(changed.0, 200);
        let message = bea.answer(&ticket, "hi").await;
        engine.drained().await;
        ada.call(Method::DELETE, &format!("/channels/{channel}"), json!({})).await;
        let (status, _) = ada.call(Method::POST, &format!("/users/{}/deactivate", bea.id), json!({})).await;
        assert_eq!(status, 200);

        let all = ada.get("/audit-logs").await;
        assert_eq!(
            lines(&all),
            [
                "DELETE USER Ada",
                "DELETE CHANNEL Ada",
                "CREATE MESSAGE Bea",
                "UPDATE TICKET Bea",
                "UPDATE TICKET Ada",
                "CREATE CHANNEL Ada",
                "UPDATE ORGANISATION Ada",
                "CREATE USER Bea",
                "CREATE INVITE Ada",
                "CREATE ORGANISATION Ada",
            ]
        );
        let what = |index: usize| (all[index]["metadata"]["before"].clone(), all[index]["metadata"]["after"].clone());
        assert_eq!(what(0), (json!({"isActive": true}), json!({"isActive": false})));
        assert_eq!(what(3), (json!({"priority": "MEDIUM"}), json!({"priority": "HIGH"})));
        assert_eq!(what(4), (json!({"assigneeId": null}), json!({"assigneeId": bea.id})));
        assert_eq!(what(6), (json!({"name": "Acme"}), json!({"name": "Acme Two"})));
        assert_eq!((&all[2]["entityId"], &all[2]["orgId"]), (&json!(message), &json!(ada.organisation)));
        let metadata = &all[3]["metadata"];
        assert_eq!(
            (&metadata["method"], &metadata["path"], &metadata["ip"]),
            (&json!("PUT"), &json!(format!("/orgs/{}/tickets/{ticket}", ada.organisation)), &json!("127.0.0.1"))
        );

        assert_eq!(lines(&ada.get(&format!("/audit-logs?userId={}&entity=TICKET", bea.id)).await), ["UPDATE TICKET Bea"]);
        assert_eq!(ada.get("/audit-logs?action=delete").await.as_array().unwrap().len(), 2);
        assert_eq!(ada.get(&format!("/audit-logs?entityId={ticket}")).await.as_array().unwrap().len(), 2);
        assert_eq!(lines(&ada.get(&format!("/audit-logs/user/{}", bea.id)).await).len(), 3);
        assert_eq!(ada.get("/audit-logs?toDate=2020-01-01").await, json!([]));
        assert_eq!(ada.get("/audit-logs?fromDate=2020-01-01").await, all);
        assert_eq!(lines(&ada.get("/audit-logs?limit=2&offset=3").await), ["UPDATE TICKET Bea", "UPDATE TICKET Ada"]);
        let page = ada.request(Method::GET, "/audit-logs?limit=4").send().await.unwrap();
        let cursor = page.headers()["x-next-cursor"].to_str().unwrap().to_owned();
        assert_eq!(page.headers()["x-total-count"], "10");
        let rest = ada.get(&format!("/audit-logs?cursor={cursor}")).await;
        assert_eq!(rest.as_array().unwrap()[..], all.as_array().unwrap()[4..]);
        assert_eq!(
            ada.get("/audit-logs/summary").await,
            json!([{"action": "CREATE", "count": 5}, {"action": "DELETE", "count": 2}, {"action": "UPDATE", "count": 3}])
        );
        let refused = ada.call(Method::GET, "/audit-logs?userId=x&fromDate=y", json!({})).await;
        assert_eq!((refused.0, refused.1["message"].as_array().unwrap().len()), (400, 2));

        let stranger = Person::sign_up(&engine).await;
        assert_eq!(lines(&stranger.get("/audit-logs").await), ["CREATE ORGANISATION Ada"]);
        assert_eq!(stranger.call(Method::GET, &format!("/audit-logs/user/{}", ada.id), json!({})).await.0, 404);
        engine.finish().await;
    }
}

on_each_database! {
    async fn a_replaced_secret_is_named_and_not_told(size: Size) {
        let engine = Engine::start(size).await;
        let ada = Person::sign_up(&engine).await;
        let agent = ada.colleague("Bea", "AGENT").await;
        let channel = ada.channel("WHATSAPP", whatsapp::config("http://127.0.0.1:9")).await;
        let path = format!("/channels/{channel}");
        let change = json!({"name": "Renamed", "config": {"accessToken": "EAAG-another", "appSecret": "********"}});
        assert_eq!(ada.call(Method::PUT, &path, change).await.0, 200);
        let told = ada.get("/audit-logs?entity=CHANNEL").await;
        let (update, create) = (&told[0]["metadata"], &told[1]["metadata"]);
        assert_eq!(update["before"], json!({"name": "WHATSAPP", "secretsReplaced": []}));
        assert_eq!(update["after"], json!({"name": "Renamed", "secretsReplaced": ["accessToken"]}));
        assert_eq!(create["before"], json!(null));
        for secret in ["EAAG-another", whatsapp::APP_SECRET] {
            assert!(!told.to_string().contains(secret), "{told}");
        }
        for path in ["/audit-logs", "/audit-logs/summary", &format!("/audit-logs/user/{}", ada.id)] {
            assert_eq!(agent.call(Method::GET, path, json!({})).await.0, 403, "{path}");
        }
        engine.finish().await;
    }
}
