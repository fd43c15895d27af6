//! The account's templates: listing them, asking for a new one, changing one and taking one back.

use super::{Api, answer};
use patchbay_plugin_meta::Effect;
use patchbay_plugin_sdk::{Failure, Outcome, Response, Step, TransportError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const FIELDS: &str = "id,name,language,status,category,components,rejected_reason";
const PER_PAGE: &str = "250";
/// What the platform lets be changed of one that it knows.
const CHANGEABLE: [&str; 2] = ["category", "components"];
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
    data: Vec<Value>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    /// There only when a page follows.
    next: Option<String>,
    cursors: Option<Cursors>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

pub fn list(api: &Api) -> Result<Step, Failure> {
    page(api, &Listed::default(), None)
}

pub fn resume_list(api: &Api, state: &[u8], response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let response = answer::success(Effect::Repeatable, response)?;
    let page: Page = response.json().map_err(|error| Effect::Repeatable.unreadable(&error))?;
    let mut listed: Listed = serde_json::from_slice(state)
        .map_err(|error| Failure::temporary(format!("the state of the command cannot be read: {error}")))?;
    listed.pages += 1;
    listed.templates.extend(page.data);
    let following = page.paging.filter(|paging| paging.next.is_some()).and_then(|paging| paging.cursors?.after);
    match following {
        None => Ok(Outcome::Templates(Value::Array(listed.templates).to_string()).into()),
        Some(_) if listed.pages == PAGES => Err(Failure::rejected(format!(
            "the account has more than the {} templates that fit",
            listed.templates.len()
        ))),
        Some(after) => self::page(api, &listed, Some(&after)),
    }
}

fn page(api: &Api, listed: &Listed, after: Option<&str>) -> Result<Step, Failure> {
    let request = api.graph.get([api.settings.account()?, "message_templates"]);
    let request = request.query("fields", FIELDS).query("limit", PER_PAGE);
    let request = after.iter().fold(request, |request, after| request.query("after", after));
    let state = serde_json::to_vec(listed).map_err(|error| Failure::rejected(error.to_string()))?;
    Ok(request.state(state).into())
}

/// The template in the platform's own form: name, language, category, components. With an `id` it is the one that is
/// there already, of which category and components change; with `"deleted": true` as well it is taken back.
pub fn submit(api: &Api, template: &str) -> Result<Step, Failure> {
    let mut template = read(template)?;
    let account = api.settings.account()?;
    let Some(id) = template.get("id").and_then(Value::as_str).map(str::to_owned) else {
        return Ok(api.graph.post([account, "message_templates"]).json(&template).into());
    };
    if template.get("deleted") == Some(&Value::Bool(true)) {
        let name = template.get("name").and_then(Value::as_str).unwrap_or_default();
        let request = api.graph.delete([account, "message_templates"]).query("hsm_id", &id).query("name", name);
        return Ok(request.idempotent().into());
    }
    if let Some(fields) = template.as_object_mut() {
        fields.retain(|field, _| CHANGEABLE.contains(&field.as_str()));
    }
    Ok(api.graph.post([&id]).json(&template).idempotent().into())
}

/// The template with what the platform adds to it: its id, its state, perhaps another category.
pub fn submitted(template: &str, response: Result<Response, TransportError>) -> Result<Step, Failure> {
    let response = answer::success(Effect::Sends, response)?;
    let added: Value = response.json().map_err(|error| Effect::Sends.unreadable(&error))?;
    let mut template = read(template)?;
    if let (Some(fields), Value::Object(added)) = (template.as_object_mut(), added) {
        fields.extend(added);
    }
    Ok(Outcome::Templates(json!([template]).to_string()).into())
}

fn read(template: &str) -> Result<Value, Failure> {
    let template = serde_json::from_str(template).ok().filter(Value::is_object);
    template.ok_or_else(|| {
        Failure::rejected("a template must be a JSON object with name, language, category and components")
    })
}
