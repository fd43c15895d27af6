//! A secret that stands in an address, as Telegram's token does, is nowhere to be read: not in a log line, an answer, a
//! dead letter, a timeline or the database, whatever becomes of the request and whatever the platform repeats of it.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    on_every_size,
    support::{
        api::Person,
        engine::{Engine, Settings, examples},
        platform::{Answer, Platform},
        size::Size,
        wait::until,
    },
};

const TOKEN: &str = "987654321:AAFThisMustNotBeReadAnywhere-AtAll";
const SECRET: &str = "neither_must_this-one";
const PATIENCE: Duration = Duration::from_mins(1);

on_every_size! {
    async fn a_secret_in_an_address_is_nowhere_to_be_read(size: Size) {
        let (engine, platform, person, channel) = start(size).await;
        post(&engine, &channel, &update(1)).await;
        let ticket = person.ticket(&channel).await;
        let path = format!("/channels/{channel}");
        let test = format!("{path}/test-connection");

        // It goes well, and the platform says where.
        platform.behave(|call| Answer::Json(200, json!({"ok": true, "called": call.path, "result": sent()})));
        person.answer(&ticket, "well").await;
        settled(&engine, "SENT", 1).await;
        // It is refused, in words that repeat the address.
        platform.behave(|call| refusal(400, &format!("Bad Request: POST {}", call.path)));
        person.answer(&ticket, "refused").await;
        settled(&engine, "FAILED", 1).await;
        let escaped = utf8_percent_encode(TOKEN, NON_ALPHANUMERIC).to_string();
        platform.behave(move |_| refusal(400, &format!("Bad Request: /bot{escaped}/ is {TOKEN}")));
        person.answer(&ticket, "refused again").await;
        settled(&engine, "FAILED", 2).await;
        // It is sent elsewhere, again and again.
        platform.behave(|call| Answer::Bytes(307, vec![("location".into(), call.path.clone())], Vec::new()));
        person.answer(&ticket, "redirected").await;
        settled(&engine, "UNKNOWN", 1).await;
        platform.behave(|_| {
            Answer::Bytes(302, vec![("location".into(), format!("https://elsewhere.example/bot{TOKEN}/"))], Vec::new())
        });
        person.answer(&ticket, "redirected elsewhere").await;
        settled(&engine, "FAILED", 3).await;
        // Nobody answers, or not to the end.
        platform.behave(|_| Answer::Never);
        person.answer(&ticket, "late").await;
        settled(&engine, "UNKNOWN", 2).await;
        platform.behave(|_| Answer::Cut);
        person.answer(&ticket, "cut off").await;
        settled(&engine, "UNKNOWN", 3).await;
        // The credentials are refused, which a person is told of.
        platform.behave(|call| refusal(401, &format!("Unauthorized: {}", call.path)));
        let refused = person.post(&test, json!({})).await;
        until("the channel to stop", PATIENCE, || async {
            (person.get(&path).await["status"] == "NEEDS_REAUTH").then_some(())
        })
        .await;
        // Nobody knows the platform's name.
        let nowhere = json!({"config": {"apiBaseUrl": "https://nowhere.invalid"}});
        let (code, changed) = person.call(Method::PUT, &path, nowhere).await;
        assert_eq!(code, 200, "{changed}");
        let unknown = person.post(&test, json!({})).await;
        assert_eq!(unknown["tests"][0]["status"], "ERROR", "{unknown}");
        // What cannot be read is kept with all that came with it.
        post_text(&engine, &channel, "{").await;
        let letters = person.waiting_at("/ops/dead-letters", |told| told["total"] == 1).await;
        let letter = format!("/ops/dead-letters/{}", letters["deadLetters"][0]["id"].as_str().unwrap());

        let mut told = vec![refused, changed, unknown, letters, person.call_at(Method::GET, &letter, Value::Null).await.1];
        let messages = person.get(&format!("/tickets/{ticket}/messages")).await;
        for message in messages.as_array().unwrap() {
            let id = message["id"].as_str().unwrap();
            told.push(person.get(&format!("/tickets/{ticket}/messages/{id}/timeline")).await);
        }
        for path in ["/channels", &path, "/tickets", "/notifications", "/audit-logs", "/customers"] {
            told.push(person.get(path).await);
        }
        told.push(messages);
        assert!(told.iter().any(|answer| answer.to_string().contains("[redacted]")), "nothing was repeated: {told:?}");
        let told: Vec<String> = told.iter().map(Value::to_string).collect();
        let metrics = engine.metrics().await;
        let places = [
            ("an answer", told.join("\n")),
            ("the log", engine.log()),
            ("the metrics", metrics),
            ("the database", engine.database.everything().await),
        ];
        for (place, text) in &places {
            assert!(text.len() > 1_000, "{place} is all but empty");
            for secret in [TOKEN, SECRET] {
                let escaped = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
                for form in [secret, &escaped, &escaped.to_lowercase()] {
                    let line = text.lines().find(|line| line.contains(form));
                    assert_eq!(line, None, "{place} holds {form}");
                }
            }
        }
        engine.discard().await;
    }
}

async fn start(size: Size) -> (Engine, Platform, Person, String) {
    let settings = Settings {
        plugins: Some(examples()),
        // All that those have to say who see an address.
        log: Some(
            "debug,patchbay=trace,patchbay_plugin_host=trace,hyper=trace,hyper_util=trace,reqwest=trace,h2=trace,\
            rustls=trace,actix_http=trace,actix_web=trace",
        ),
        file: "egress.timeout = \"2s\"".into(),
        ..Settings::default()
    };
    let engine = Engine::start_with(size, settings).await;
    let platform = Platform::start(|_| Answer::Json(200, json!({"ok": true, "result": sent()}))).await;
    let person = Person::sign_up(&engine).await;
    let config = json!({"token": TOKEN, "webhookSecret": SECRET, "apiBaseUrl": platform.address, "limits": []});
    let channel = person.channel("TELEGRAM", config).await;
    (engine, platform, person, channel)
}

fn sent() -> Value {
    json!({"message_id": 900, "chat": {"id": 1_111_111, "type": "private"}, "date": 1_750_000_100})
}

fn refusal(status: u16, description: &str) -> Answer {
    Answer::Json(status, json!({"ok": false, "error_code": status, "description": description}))
}

fn update(number: u32) -> Value {
    let contact = json!({"id": 1_111_111, "is_bot": false, "first_name": "Ana"});
    let chat = json!({"id": 1_111_111, "type": "private", "first_name": "Ana"});
    json!({"update_id": number, "message": {"message_id": number, "from": contact, "chat": chat,
        "date": 1_750_000_000 + number, "text": "Hello"}})
}

async fn post(engine: &Engine, channel: &str, update: &Value) {
    post_text(engine, channel, &update.to_string()).await;
}

async fn post_text(engine: &Engine, channel: &str, body: &str) {
    let call = engine.http.post(engine.url(&format!("/webhook/{channel}"))).header("content-type", "application/json");
    let call = call.header("X-Telegram-Bot-Api-Secret-Token", SECRET).body(body.to_owned());
    assert_eq!(call.send().await.unwrap().status(), 200);
}

async fn settled(engine: &Engine, state: &str, count: usize) {
    until(&format!("{count} messages to be {state}"), PATIENCE, || async {
        let states = engine.database.texts("select state from messages where direction = 'OUTBOUND'").await;
        (states.iter().filter(|known| *known == state).count() == count).then_some(())
    })
    .await;
}
