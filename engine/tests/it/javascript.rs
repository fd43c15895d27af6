//! A connector that somebody else wrote, in JavaScript: from a webhook to a ticket, and from an answer to Telegram.

use serde_json::{Value, json};

use crate::{
    on_each_database,
    support::{
        api::Person,
        engine::{Engine, Settings, examples},
        platform::{Answer, Call, Platform},
        size::Size,
    },
};

const TOKEN: &str = "123456789:AAExampleExampleExampleExampleExamp";
const SECRET: &str = "s3cr3t_Token-42";

on_each_database! {
    async fn a_conversation_passes_through_it(size: Size) {
        let (engine, platform, person, channel) = start(size).await;
        assert_eq!(post(&engine, &channel, &update(1, json!({"text": "Hello"})), "forged").await, 401);
        for _ in 0..2 {
            // Twice, as after a lost answer.
            assert_eq!(post(&engine, &channel, &update(1, json!({"text": "Hello"})), SECRET).await, 200);
        }
        let ticket = person.ticket(&channel).await;
        person.answer(&ticket, "How can I help?").await;
        engine.drained().await;
        let calls = sends(&platform);
        assert_eq!(calls.len(), 1, "{calls:?}");
        assert_eq!(calls[0].path, format!("/bot{TOKEN}/sendMessage"));
        assert_eq!(calls[0].json(), json!({"chat_id": 1_111_111, "text": "How can I help?"}));
        let messages = engine.database.texts("select direction || ' ' || external_id || ' ' || text from messages \
            order by sequence").await;
        assert_eq!(messages, ["INBOUND 1111111:1 Hello", "OUTBOUND 1111111:900 How can I help?"]);
        assert!(!engine.log().contains(TOKEN), "the token is in the log");
        engine.finish().await;
    }
}

on_each_database! {
    async fn its_files_are_fetched_and_what_it_is_refused_is_tried_again(size: Size) {
        let (engine, platform, person, channel) = start(size).await;
        let photo = json!({"photo": [{"file_id": "AgAC", "width": 9, "height": 9}], "caption": "see"});
        assert_eq!(post(&engine, &channel, &update(1, photo), SECRET).await, 200);
        let ticket = person.ticket(&channel).await;
        // Who wrote is asked for beside, and where the webhook is was told before.
        let beside = |path: &String| ["/getChat", "/setWebhook"].iter().any(|end| path.ends_with(end));
        let files = platform.calls().into_iter().map(|call| call.path).filter(|path| !beside(path));
        let paths: Vec<String> = files.collect();
        assert_eq!(paths, [format!("/bot{TOKEN}/getFile"), format!("/file/bot{TOKEN}/photos/file_1.jpg")]);
        assert_eq!(engine.database.count("select count(*) from media where size = 4").await, 1);

        let mut refusals = 1;
        platform.behave(move |call| {
            if refusals == 0 || !call.path.ends_with("/sendMessage") {
                return answered(call);
            }
            refusals -= 1;
            let parameters = json!({"retry_after": 1});
            let description = "Too Many Requests: retry after 1";
            Answer::Json(429, json!({"ok": false, "error_code": 429, "description": description, "parameters": parameters}))
        });
        person.answer(&ticket, "later").await;
        engine.drained().await;
        let calls = sends(&platform);
        assert_eq!(calls.len(), 2, "{calls:?}");
        assert!(calls[1].at - calls[0].at >= std::time::Duration::from_secs(1), "it did not wait");
        assert_eq!(engine.database.texts("select state from messages where direction = 'OUTBOUND'").await, ["SENT"]);
        engine.finish().await;
    }
}

async fn start(size: Size) -> (Engine, Platform, Person, String) {
    let folder = examples();
    assert!(
        folder.join("telegram-js.wasm").is_file(),
        "run `cargo xtask plugins --examples`, as `cargo xtask test` does"
    );
    let engine = Engine::start_with(size, Settings { plugins: Some(folder), ..Settings::default() }).await;
    let platform = Platform::start(answered).await;
    let person = Person::sign_up(&engine).await;
    let config = json!({"token": TOKEN, "webhookSecret": SECRET, "apiBaseUrl": platform.address, "limits": []});
    let channel = person.channel("TELEGRAM", config).await;
    (engine, platform, person, channel)
}

/// A message of the test's contact.
fn update(number: u32, fields: Value) -> Value {
    let contact = json!({"id": 1_111_111, "is_bot": false, "first_name": "Ana"});
    let mut message = json!({
        "message_id": number,
        "from": contact,
        "chat": {"id": 1_111_111, "type": "private", "first_name": "Ana"},
        "date": 1_750_000_000 + number,
    });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"update_id": number, "message": message})
}

async fn post(engine: &Engine, channel: &str, update: &Value, secret: &str) -> u16 {
    let call = engine.http.post(engine.url(&format!("/webhook/{channel}"))).json(update);
    call.header("X-Telegram-Bot-Api-Secret-Token", secret).send().await.unwrap().status().as_u16()
}

fn sends(platform: &Platform) -> Vec<Call> {
    platform.calls().into_iter().filter(|call| call.path.contains("/send")).collect()
}

fn answered(call: &Call) -> Answer {
    if call.path.contains("/file/") {
        return Answer::Bytes(
            200,
            vec![("content-type".to_owned(), "image/jpeg".to_owned())],
            vec![0xff, 0xd8, 0xff, 0xe0],
        );
    }
    let result = if call.path.ends_with("/getFile") {
        json!({"file_id": "AgAC", "file_path": "photos/file_1.jpg", "file_size": 4})
    } else {
        json!({"message_id": 900, "chat": {"id": 1_111_111, "type": "private"}, "date": 1_750_000_100})
    };
    Answer::Json(200, json!({"ok": true, "result": result}))
}
