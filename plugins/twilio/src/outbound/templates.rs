//! The account's content templates, with what WhatsApp says to them.

use super::answer::{self, Effect};
use super::{Api, CONTENT};
use patchbay_plugin_sdk::{Failure, Outcome, Request, Response, Step, TransportError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const PER_PAGE: &str = "100";
/// Requests that the engine makes for one command.
const PAGES: usize = 8;

/// What was listed so far.
#[derive(Default, Serialize, Deserialize)]
struct Listed {
    pages: usize,
    templates: Vec<Value>,
}

#[derive(Deserialize)]
struct Page {
    contents: Vec<Value>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    next_page_url: Option<String>,
}

pub fn list(api: &Api<'_>) -> Result<Step, Failure> {
    page(api, &Listed::default(), &format!("PageSize={PER_PAGE}"))
}

pub fn resume(api: &Api<'_>, state: &[u8], response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let response = answer::success(Effect::Repeatable, response)?;
    let page: Page = response.json().map_err(|error| Effect::Repeatable.unreadable(&error))?;
    let mut listed: Listed = serde_json::from_slice(state)
        .map_err(|error| Failure::temporary(format!("the state of the command cannot be read: {error}")))?;
    listed.pages += 1;
    listed.templates.extend(page.contents.into_iter().map(template));
    match page.meta.and_then(|meta| meta.next_page_url) {
        None => Ok(Outcome::Templates(Value::Array(listed.templates).to_string()).into()),
        Some(_) if listed.pages == PAGES => Err(Failure::rejected(format!(
            "the account has more than the {} templates that fit",
            listed.templates.len()
        ))),
        Some(next) => {
            let query = next.split_once('?').map_or("", |(_, query)| query);
            self::page(api, &listed, query)
        }
    }
}

/// Only the query of the next page's address is used: the credentials go where the channel says.
fn page(api: &Api<'_>, listed: &Listed, query: &str) -> Result<Step, Failure> {
    let request = Request::get(format!("{}/v1/ContentAndApprovals?{query}", api.base(CONTENT)?));
    let state = serde_json::to_vec(listed).map_err(|error| Failure::rejected(error.to_string()))?;
    Ok(api.authorised(request).state(state).into())
}

/// As Twilio describes it; `name` is what a send has to say, the SID.
fn template(mut content: Value) -> Value {
    let approval = content.get("approval_requests").cloned().unwrap_or_default();
    let sid = content.get("sid").cloned().unwrap_or_default();
    if let Some(fields) = content.as_object_mut() {
        fields.insert("name".to_owned(), sid);
        for name in ["status", "category", "rejection_reason"] {
            fields.insert(name.to_owned(), approval.get(name).cloned().unwrap_or(json!(null)));
        }
    }
    content
}
