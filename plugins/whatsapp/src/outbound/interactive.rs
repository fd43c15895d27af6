//! Choices: up to three as buttons, up to ten as a list.

use super::limits::{at_most, at_most_if_any};
use patchbay_plugin_sdk::{Choice, Choices, Failure};
use serde_json::{Map, Value, json};

const BUTTONS: usize = 3;
const BUTTON_TITLE: usize = 20;
const BUTTON_ID: usize = 256;
const BUTTONS_BODY: usize = 1024;
const ROWS: usize = 10;
const ROW_TITLE: usize = 24;
const ROW_ID: usize = 200;
const ROW_DESCRIPTION: usize = 72;
const LIST_BODY: usize = 4096;
const HEADER: usize = 60;
/// What opens a list whose sender named nothing.
const OPEN: &str = "☰";

pub fn choices(text: &str, choices: &Choices) -> Result<Value, Failure> {
    at_most_if_any("the header", choices.header.as_deref(), HEADER)?;
    at_most_if_any("the footer", choices.footer.as_deref(), HEADER)?;
    let (kind, limit, action) = match choices.items.len() {
        0 => return Err(Failure::rejected("there is nothing to choose from")),
        1..=BUTTONS if choices.items.iter().all(fits_button) => ("button", BUTTONS_BODY, buttons(&choices.items)?),
        1..=ROWS => ("list", LIST_BODY, list(choices)?),
        count => return Err(Failure::rejected(format!("there are {count} choices, WhatsApp takes {ROWS}"))),
    };
    at_most("the text above the choices", text, limit)?;
    let mut interactive = Map::new();
    interactive.insert("type".to_owned(), json!(kind));
    if let Some(header) = &choices.header {
        interactive.insert("header".to_owned(), json!({"type": "text", "text": header}));
    }
    interactive.insert("body".to_owned(), json!({"text": text}));
    if let Some(footer) = &choices.footer {
        interactive.insert("footer".to_owned(), json!({"text": footer}));
    }
    interactive.insert("action".to_owned(), action);
    Ok(Value::Object(interactive))
}

/// A button has a shorter title than a row, and no description.
fn fits_button(choice: &Choice) -> bool {
    choice.description.is_none() && choice.title.chars().count() <= BUTTON_TITLE
}

fn buttons(items: &[Choice]) -> Result<Value, Failure> {
    let button = |choice: &Choice| {
        at_most("a button's title", &choice.title, BUTTON_TITLE)?;
        at_most("a button's id", &choice.id, BUTTON_ID)?;
        Ok(json!({"type": "reply", "reply": {"id": choice.id, "title": choice.title}}))
    };
    let buttons: Vec<Value> = items.iter().map(button).collect::<Result<_, Failure>>()?;
    Ok(json!({"buttons": buttons}))
}

fn list(choices: &Choices) -> Result<Value, Failure> {
    let open = choices.button.as_deref().unwrap_or(OPEN);
    at_most("what opens the list", open, BUTTON_TITLE)?;
    let rows: Vec<Value> = choices.items.iter().map(row).collect::<Result<_, Failure>>()?;
    Ok(json!({"button": open, "sections": [{"rows": rows}]}))
}

fn row(choice: &Choice) -> Result<Value, Failure> {
    at_most("a choice's title", &choice.title, ROW_TITLE)?;
    at_most("a choice's id", &choice.id, ROW_ID)?;
    at_most_if_any("a choice's description", choice.description.as_deref(), ROW_DESCRIPTION)?;
    let mut row = json!({"id": choice.id, "title": choice.title});
    if let (Some(description), Some(fields)) = (&choice.description, row.as_object_mut()) {
        fields.insert("description".to_owned(), json!(description));
    }
    Ok(row)
}
