//! The address book by the hundred thousand: imported while it arrives, exported while it is written.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::support::{api::Person, engine::Engine, size::Size};

const MANY: usize = 100_000;
/// On two cores that have other work as well; it takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_contacts_are_imported_and_exported_embedded() {
    a_hundred_thousand(Size::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_contacts_are_imported_and_exported_postgres() {
    if !Size::Postgres.is_left_out() {
        a_hundred_thousand(Size::Postgres).await;
    }
}

fn file(text: String) -> Form {
    Form::new().part("file", Part::bytes(text.into_bytes()).file_name("contacts.csv").mime_str("text/csv").unwrap())
}

async fn export(engine: &Engine, person: &Person, path: &str) -> String {
    let call = engine.http.get(engine.url(path)).bearer_auth(&person.token);
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"contacts.csv\"");
    answer.text().await.unwrap()
}

/// The most that the process has held in memory, in bytes.
fn most_memory(engine: &Engine) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", engine.process_id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

async fn a_hundred_thousand(size: Size) {
    let engine = Engine::start(size).await;
    let (person, stranger) = (Person::sign_up(&engine).await, Person::sign_up(&engine).await);
    let first = json!({"phoneNumber": "+4915100000007", "name": "Here already", "email": "seven@example.com"});
    person.business_ok(Method::POST, "/contacts", first).await;

    let mut csv = String::from("phoneNumber,name,email,company,notes,tags\n");
    for number in 0..MANY {
        let (phone, name) = match number {
            10 => ("12".to_owned(), "=HYPERLINK(\"http://x\")".to_owned()),
            11 => ("+4915100000009".to_owned(), "the same number again".to_owned()),
            12 => ("+4915100000012".to_owned(), "=SUM(Quarx)".to_owned()),
            13 => ("+4915100000013".to_owned(), "\"in two\nlines\"".replace('\n', " ")),
            number => (format!("+49151{number:08}"), format!("Person {number}")),
        };
        let email = if number == 14 { "seven@example.com".to_owned() } else { String::new() };
        writeln!(csv, "{phone},{name},{email},Acme,,\"[\"\"a\"\"]\"", name = quoted(&name)).unwrap();
    }
    let before = most_memory(&engine);
    let begun = Instant::now();
    let (status, told) = person.uploads("/api/contacts/import/csv", file(csv)).await;
    let took = begun.elapsed();
    assert_eq!((status, &told["success"]), (200, &json!(true)), "{told}");
    assert_eq!((&told["created"], &told["errors"]), (&json!(MANY - 4), &json!(4)), "{}", told["errorDetails"]);
    let lines: Vec<_> = told["errorDetails"].as_array().unwrap().iter().map(|error| &error["line"]).collect();
    // The first line has the names.
    assert_eq!(lines, [&json!(9), &json!(12), &json!(13), &json!(16)], "{}", told["errorDetails"]);
    assert_eq!(told["errorDetails"][0]["error"], "phoneNumber: belongs to a contact already");
    assert_eq!(told["errorDetails"][3]["error"], "email: belongs to another contact");
    assert_eq!(told["createdContacts"].as_array().unwrap().len(), 1_000);
    assert!(took < PATIENCE, "it took {took:?}");
    let grown = most_memory(&engine) - before;
    assert!(grown < 64 << 20, "{grown} bytes were held of it");

    // Again adds nothing; another organisation has none of them.
    let again = "phoneNumber,name\n+4915100000001,x\n".to_owned();
    let (_, told) = person.uploads("/api/contacts/import", file(again)).await;
    assert_eq!((&told["created"], &told["errors"]), (&json!(0), &json!(1)), "{told}");
    let listed = person.business_get("/contacts?limit=2&search=person%2099999").await;
    assert_eq!((&listed["total"], &listed["contacts"][0]["phoneNumber"]), (&json!(1), &json!("+4915100099999")));
    assert_eq!(listed["contacts"][0]["tags"], json!(["a"]));
    assert_eq!(stranger.business_get("/contacts").await["total"], 0);
    let id = listed["contacts"][0]["id"].as_str().unwrap();
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let (status, _) = stranger.business(method.clone(), &format!("/contacts/{id}"), json!({"name": "mine"})).await;
        assert_eq!(status, 404, "{method}");
    }

    // The whole comes out, nothing in it is a formula, and it goes into another organisation as it was.
    let whole = export(&engine, &person, "/api/contacts/export").await;
    assert!(whole.starts_with("phoneNumber,name,email,company,notes,tags,createdAt\n"));
    assert_eq!(whole.lines().count(), MANY - 4 + 1 + 1);
    assert!(whole.contains("+4915100000012,'=SUM(Quarx),,Acme,,\"[\"\"a\"\"]\","), "the formula is a text");
    assert_eq!(export(&engine, &stranger, "/api/contacts/export/csv").await.lines().count(), 1);
    let part = export(&engine, &person, "/api/contacts/export?search=quarx").await;
    let (_, told) = stranger.uploads("/api/contacts/import/csv", file(part)).await;
    assert_eq!(told["createdContacts"][0]["name"], "=SUM(Quarx)", "{told}");

    all_errors_are_told(&engine, &stranger).await;

    // Other forms of the same: a list as JSON, and the file as it is.
    let list = json!({"contacts": [{"phoneNumber": "+4915200000001", "name": "Ann", "tags": ["x"]}, {"name": "Bea"}]});
    let told = stranger.business_ok(Method::POST, "/contacts/import/csv", list).await;
    assert_eq!((&told["createdCount"], &told["errorDetails"][0]["line"]), (&json!(1), &json!(2)), "{told}");
    let call = engine.http.post(engine.url("/api/contacts/import/csv")).bearer_auth(&stranger.token);
    let raw = call.header("content-type", "text/csv").body("Phone;Name\n+4915200000002;Cem\n").send().await.unwrap();
    assert_eq!(raw.json::<Value>().await.unwrap()["created"], 1);
    let (status, told) = stranger.uploads("/api/contacts/import/csv", file("a,b\n1,2\n".to_owned())).await;
    assert_eq!((status, &told["code"]), (400, &json!("VALIDATION_ERROR")), "{told}");
    a_long_list_is_repeated_under_its_key(&engine, &stranger).await;
    engine.finish().await;
}

/// Longer than other bodies may be.
async fn a_long_list_is_repeated_under_its_key(engine: &Engine, person: &Person) {
    let unread = "x".repeat(60_000);
    let lines: Vec<_> = (0..20).map(|number| format!("+49153000000{number:02},{unread}")).collect();
    let list = format!("phoneNumber,unread\n{}\n", lines.join("\n"));
    assert!(list.len() > 1 << 20);
    for replayed in [false, true] {
        let call = engine.http.post(engine.url("/api/contacts/import")).bearer_auth(&person.token);
        let call = call.header("content-type", "text/csv").header("Idempotency-Key", "the list").body(list.clone());
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers().contains_key("idempotency-replayed"), replayed);
        assert_eq!(answer.json::<Value>().await.unwrap()["created"], 20);
    }
}

/// In the answer the first thousand, in a file all of them.
async fn all_errors_are_told(engine: &Engine, person: &Person) {
    const WRONG: usize = 3_000;
    let wrong = (0..WRONG).map(|number| format!("{number},=Person {number}")).collect::<Vec<_>>().join("\n");
    let (_, told) = person.uploads("/api/contacts/import", file(format!("phoneNumber,name\n{wrong}"))).await;
    assert_eq!((&told["created"], &told["errors"]), (&json!(0), &json!(WRONG)));
    assert_eq!(told["errorDetails"].as_array().unwrap().len(), 1_000);
    let answer = engine.http.get(told["errorsUrl"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    let errors = answer.text().await.unwrap();
    assert_eq!(errors.lines().count(), WRONG + 1);
    assert!(errors.starts_with("\"line\",\"error\",\"phoneNumber\",\"name\","), "{errors:.200}");
    for (number, line) in errors.lines().skip(1).enumerate() {
        assert!(line.starts_with(&format!("\"{}\",\"phoneNumber: must be", number + 2)), "{line}");
        assert!(line.contains(&format!("\"{number}\",\"'=Person {number}\"")), "{line}");
    }
    // It has the columns of an import, and says the same again.
    let (_, told) = person.uploads("/api/contacts/import", file(errors)).await;
    assert_eq!(told["errors"], json!(WRONG), "{told}");
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
