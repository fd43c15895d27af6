//! Choices. Plain ones are a poll, whose votes come back as answers; what a poll cannot show makes them a list.

use super::compose::Piece;
use patchbay_plugin_sdk::{Choice, Choices, Failure};
use serde_json::{Map, Value, json};

pub const LIST: &str = "sendList";
/// What opens a list whose sender named nothing.
const OPEN: &str = "☰";

pub fn piece(text: Option<&str>, choices: &Choices) -> Result<Piece<'static>, Failure> {
    if choices.items.is_empty() {
        return Err(Failure::rejected("there is nothing to choose from"));
    }
    let Some(title) = choices.header.as_deref().or(text).filter(|title| !title.is_empty()) else {
        return Err(Failure::rejected("choices need a text above them"));
    };
    let plain = choices.items.iter().all(|choice| choice.description.is_none());
    if plain && choices.header.is_none() && choices.footer.is_none() && choices.button.is_none() {
        let options: Vec<&str> = choices.items.iter().map(|choice| choice.title.as_str()).collect();
        let poll = json!({"name": title, "options": options, "multipleAnswers": false});
        return Ok(Piece::new("sendPoll", [("poll", poll)]));
    }
    let rows: Vec<Value> = choices.items.iter().map(row).collect();
    let mut message = Map::from_iter([
        ("title".to_owned(), json!(title)),
        ("button".to_owned(), json!(choices.button.as_deref().unwrap_or(OPEN))),
        ("sections".to_owned(), json!([{"title": title, "rows": rows}])),
    ]);
    // With a header above it, the text describes.
    let description = text.filter(|_| choices.header.is_some());
    for (name, text) in [("description", description), ("footer", choices.footer.as_deref())] {
        if let Some(text) = text {
            message.insert(name.to_owned(), json!(text));
        }
    }
    Ok(Piece::new(LIST, [("message", Value::Object(message))]))
}

fn row(choice: &Choice) -> Value {
    let mut row = json!({"title": choice.title, "rowId": choice.id});
    if let (Some(description), Some(fields)) = (&choice.description, row.as_object_mut()) {
        fields.insert("description".to_owned(), json!(description));
    }
    row
}
