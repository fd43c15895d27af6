//! What was not imported, as a file of the columns that an import reads: corrected, it can be imported again.

use super::contact_export::{COLUMNS, neutral};
use crate::service::contact_imports::{Form, NotImported, Row};

pub const FORM: Form = Form { header, line };

fn header() -> Vec<u8> {
    let [phone, name, email, company, notes, tags, _] = COLUMNS;
    cells(&["line", "error", phone, name, email, company, notes, tags].map(str::to_owned))
}

fn line(refused: &NotImported) -> Vec<u8> {
    let NotImported { line, row, problem } = refused;
    let Row { phone_number, name, email, company, notes, tags } = row.clone();
    let phone = if is_number(&phone_number) { phone_number } else { neutral(phone_number) };
    let [problem, name, email, company, notes] = [problem.clone(), name, email, company, notes].map(neutral);
    let tags = serde_json::json!(tags).to_string();
    cells(&[line.to_string(), problem, phone, name, email, company, notes, tags])
}

/// In E.164, which is no formula.
fn is_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn cells(cells: &[String; 8]) -> Vec<u8> {
    let quoted = cells.each_ref().map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
    (quoted.join(",") + "\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wrong_stands_beside_what_was_read_and_is_no_formula() {
        let of = |phone: &str| {
            let row = Row { phone_number: phone.into(), name: "=1+1".into(), tags: vec!["a".into()], ..Row::default() };
            let line = line(&NotImported { line: 7, row, problem: "it \"is\"".into() });
            String::from_utf8(line).unwrap()
        };
        assert_eq!(of("+12"), "\"7\",\"it \"\"is\"\"\",\"+12\",\"'=1+1\",\"\",\"\",\"\",\"[\"\"a\"\"]\"\n");
        assert!(of("+1+cmd").contains("\"'+1+cmd\""));
        assert!(header().starts_with(b"\"line\",\"error\",\"phoneNumber\""));
    }
}
