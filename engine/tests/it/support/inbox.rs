//! The inbox dialect, as a front end calls it.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{api::Person, wait::until};

impl Person {
    /// The status and the body of an answer of the inbox dialect, for a path such as `/conversations`.
    pub async fn inbox(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.call_at(method, &format!("/api/v1{path}"), body).await
    }

    /// The data of what is there.
    pub async fn inbox_get(&self, path: &str) -> Value {
        data(200, path, self.inbox(Method::GET, path, Value::Null).await)
    }

    /// The data of what was made.
    pub async fn inbox_post(&self, path: &str, body: Value) -> Value {
        data(201, path, self.inbox(Method::POST, path, body).await)
    }

    /// The data of what was changed.
    pub async fn inbox_patch(&self, path: &str, body: Value) -> Value {
        data(200, path, self.inbox(Method::PATCH, path, body).await)
    }

    pub async fn inbox_delete(&self, path: &str) -> Value {
        data(200, path, self.inbox(Method::DELETE, path, Value::Null).await)
    }

    /// The status and the code of a refusal, in the dialect's shape.
    pub async fn inbox_refused(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.inbox(method, path, body).await;
        assert_eq!(answer["success"], false, "{path}: {answer}");
        assert!(answer["message"].is_string(), "{path}: {answer}");
        (status, answer["error"]["code"].as_str().unwrap().to_owned())
    }

    /// The conversations of a list, once they are as wanted.
    pub async fn conversations(&self, query: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        until(&format!("conversations?{query} to be as wanted"), Duration::from_secs(30), || async {
            let list = self.inbox_get(&format!("/conversations?{query}")).await["data"].clone();
            let Value::Array(found) = list else { panic!("{list} is no list") };
            Some(found).filter(|found| wanted(found))
        })
        .await
    }

    /// The messages of a conversation, once they are as wanted.
    pub async fn messages(&self, conversation: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let path = format!("/conversations/{conversation}/messages");
        until(&format!("{path} to be as wanted"), Duration::from_secs(30), || async {
            let Value::Array(found) = self.inbox_get(&path).await["data"].clone() else { panic!("no list") };
            Some(found).filter(|found| wanted(found))
        })
        .await
    }
}

fn data(wanted: u16, path: &str, (status, answer): (u16, Value)) -> Value {
    assert_eq!((status, &answer["success"]), (wanted, &json!(true)), "{path}: {answer}");
    answer["data"].clone()
}

/// A text of an object.
pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{value} has no {name}")).to_owned()
}
