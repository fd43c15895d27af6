//! Those who call, what is known by name, and how a case is played.

use std::{collections::BTreeMap, time::Duration};

use chrono::{SecondsFormat, TimeDelta, Utc};
use reqwest::{Response, header::HeaderMap};
use serde_json::Value;
use tokio::time::timeout;

use super::case::{Case, difference};
use crate::support::{api::Person, engine::Engine, platform::Platform, twilio, waha, wait::until};

const NOBODY: &str = "nobody";
/// The protocol is another one from here on.
const SWITCHED: u16 = 101;
const PATIENCE: Duration = Duration::from_secs(30);

pub struct World<'a> {
    engine: &'a Engine,
    tokens: BTreeMap<String, String>,
    known: BTreeMap<String, String>,
}

struct Told {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Told {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if status == SWITCHED {
            // What follows is no answer.
            return Self { status, headers, body: Value::Null };
        }
        let text = response.text().await.unwrap();
        // What is no JSON is a text, such as a handshake's.
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }
}

impl<'a> World<'a> {
    pub async fn of(engine: &'a Engine, platform: &Platform) -> Self {
        let (admin, stranger) = (Person::sign_up(engine).await, Person::sign_up(engine).await);
        let agent = admin.colleague("Bea", "AGENT").await;
        let known = [
            ("organisation", admin.organisation.as_str()),
            ("admin.id", &admin.id),
            ("agent.id", &agent.id),
            ("unknown", "01900000-0000-7000-8000-000000000000"),
            ("platform", &platform.address),
            ("engine", &engine.address),
            ("tomorrow", &(Utc::now() + TimeDelta::days(1)).to_rfc3339_opts(SecondsFormat::Secs, true)),
            ("random", &uuid::Uuid::new_v4().simple().to_string()),
        ];
        let known = known.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let tokens = [("admin", admin.token), ("agent", agent.token), ("stranger", stranger.token)];
        Self { engine, tokens: tokens.map(|(name, token)| (name.to_owned(), token)).into(), known }
    }

    pub async fn play(&mut self, case: &Case) -> Result<(), String> {
        let mut told = self.ask(case).await;
        if case.eventually {
            let wanted = until(&case.name, PATIENCE * 2, || async {
                Some(self.ask(case).await).filter(|told| self.judge(case, told).is_ok())
            });
            // What it is otherwise is told below.
            told = match timeout(PATIENCE, wanted).await {
                Ok(told) => told,
                Err(_) => self.ask(case).await,
            };
        }
        self.judge(case, &told).map_err(|problem| format!("{problem}; it is {} {}", told.status, told.body))?;
        for (name, place) in &case.keep {
            let pointer = format!("/{}", place.replace('.', "/"));
            let value = told.body.pointer(&pointer).and_then(Value::as_str).ok_or(format!("{place} is no text"))?;
            self.known.insert(name.clone(), value.to_owned());
        }
        Ok(())
    }

    async fn ask(&self, case: &Case) -> Told {
        let url = self.engine.url(&self.filled(case.path()));
        let mut call = self.engine.http.request(case.method().parse().unwrap(), &url);
        if case.caller != NOBODY {
            let token = self.tokens.get(&case.caller).or_else(|| self.known.get(&case.caller));
            call = call.bearer_auth(token.unwrap_or_else(|| panic!("nobody is {}", case.caller)));
        }
        for (name, value) in &case.headers {
            call = call.header(name, self.filled(value));
        }
        if let Some(body) = &case.body {
            let body = self.filled_in(body).to_string();
            if let Some(key) = &case.signed_by_waha {
                call = call.header("x-webhook-hmac", waha::signature(key, &body));
            }
            call = call.header("content-type", "application/json").body(body);
        }
        if !case.form.is_empty() {
            let form: BTreeMap<_, _> =
                case.form.iter().map(|(name, value)| (name.as_str(), self.filled(value))).collect();
            if let Some(token) = &case.signed_by_twilio {
                let fields = form.iter().map(|(name, value)| (*name, value.as_str()));
                call = call.header("x-twilio-signature", twilio::signature(token, &url, fields));
            }
            call = call.form(&form);
        }
        if let Some(file) = &case.file {
            let part = reqwest::multipart::Part::text(self.filled(file)).file_name("contacts.csv");
            call = call.multipart(reqwest::multipart::Form::new().part("file", part));
        }
        Told::of(call.send().await.unwrap()).await
    }

    fn judge(&self, case: &Case, told: &Told) -> Result<(), String> {
        if told.status != case.status {
            return Err(format!("the status should be {}", case.status));
        }
        for (name, wanted) in &case.answer_headers {
            let found = told.headers.get(name).map(|value| Value::from(value.to_str().unwrap()));
            difference(&Value::from(self.filled(wanted)), found.as_ref(), &format!(" header {name}"))?;
        }
        case.answer.as_ref().map_or(Ok(()), |wanted| difference(&self.filled_in(wanted), Some(&told.body), ""))
    }

    /// With values in the place of names: `${ticket}`.
    fn filled(&self, text: &str) -> String {
        let mut parts = text.split("${");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            filled.push_str(self.known.get(name).unwrap_or_else(|| panic!("nothing is called {name}")));
            filled.push_str(rest);
        }
        filled
    }

    fn filled_in(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.filled(text).into(),
            Value::Array(items) => items.iter().map(|item| self.filled_in(item)).collect(),
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| (self.filled(name), self.filled_in(value));
                Value::Object(fields.iter().map(field).collect())
            }
            other => other.clone(),
        }
    }
}
