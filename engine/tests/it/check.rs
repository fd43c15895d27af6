//! `patchbay plugin check`: every rule is broken by one connector, and noticed; those that are shipped break none.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    engine::{examples, guests, plugins},
    whatsapp::signature,
};

const KEY: &str = "a key of a test";
const BODY: &str = r#"{"id":"m1","from":"ada","text":"hello","type":"text"}"#;

/// What only a running connector can break; rules about what it declares are tried where they are written.
const FLAWS: [&str; 20] = [
    "webhooks-read",
    "handshakes",
    "signatures",
    "forgeries",
    "duplicates",
    "truncated",
    "garbage",
    "large",
    "unknown-fields",
    "unknown-kinds",
    "commands",
    "claims",
    "lost-answer",
    "not-sent",
    "slow-down",
    "retry-after",
    "server-error",
    "redirect",
    "unreadable-answer",
    "refused-credentials",
];

struct Checked {
    passed: bool,
    text: String,
}

impl Checked {
    fn report(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The rules that do not hold.
    fn broken(&self) -> Vec<String> {
        let report = self.report();
        let rules = report["rules"].as_array().unwrap().iter();
        let broken = rules.filter(|rule| rule["verdict"] == "broken");
        broken.map(|rule| rule["rule"].as_str().unwrap().to_owned()).collect()
    }
}

fn check(file: &Path, fixtures: Option<&Path>, arguments: &[&str]) -> Checked {
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchbay"));
    command.args(["plugin", "check"]).arg(file).args(arguments).env("PATCHBAY_DATA_DIR", data.path());
    if let Some(fixtures) = fixtures {
        command.arg("--fixtures").arg(fixtures);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Checked { passed: output.status.success(), text }
}

/// Fixtures of every kind, for a channel with this flaw.
fn fixtures(flaw: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let signature = signature(KEY, BODY.as_bytes());
    let files = [
        ("channel", json!({"kind": "channel", "config": flaw.map_or(json!({}), |flaw| json!({"flaw": flaw}))})),
        ("text", json!({"kind": "webhook", "body": serde_json::from_str::<Value>(BODY).unwrap()})),
        (
            "signed",
            json!({
                "kind": "signature",
                "secret": KEY,
                "raw": BODY,
                "header": {"X-Careless-Signature": signature.strip_prefix("sha256=").unwrap()},
            }),
        ),
        (
            "handshake",
            json!({
                "kind": "handshake",
                "request": {"method": "GET", "query": {"token": "known", "challenge": "1158201444"}},
                "response_if_token_matches": {"body_text": "1158201444"},
            }),
        ),
        ("refused", json!({"kind": "response", "status": 400, "body": {"error": "no such contact"}})),
    ];
    for (name, fixture) in files {
        std::fs::write(folder.path().join(name).with_extension("json"), fixture.to_string()).unwrap();
    }
    folder
}

fn careless() -> PathBuf {
    guests().join("careless.wasm")
}

#[test]
fn a_connector_without_fault_gets_the_best_grade() {
    let checked = check(&careless(), Some(fixtures(None).path()), &["--json"]);
    let report = checked.report();
    assert!(checked.passed && report["grade"] == "A", "{report:#}");
    assert_eq!(report["manifest"]["id"], "careless");
    for flaw in FLAWS {
        assert!(report["rules"].as_array().unwrap().iter().any(|rule| rule["rule"] == flaw), "{flaw}");
    }
}

#[test]
fn each_rule_that_is_broken_is_noticed() {
    for flaw in FLAWS.into_iter().chain(["recorded-answers"]) {
        let checked = check(&careless(), Some(fixtures(Some(flaw)).path()), &["--json"]);
        let broken = checked.broken();
        assert!(!checked.passed && broken.iter().any(|rule| rule == flaw), "{flaw}: {broken:?}");
        let comfort = ["retry-after", "refused-credentials"].contains(&flaw);
        assert_eq!(checked.report()["grade"], if comfort { "C" } else { "F" }, "{flaw}: {broken:?}");
    }
}

#[test]
fn what_cannot_be_tried_is_said() {
    let checked = check(&careless(), None, &[]);
    assert!(checked.passed, "{}", checked.text);
    assert!(checked.text.contains("untried  signatures") && checked.text.contains("--fixtures"), "{}", checked.text);
    assert!(checked.text.ends_with("Grade B: no rule is broken, but some could not be tried\n"), "{}", checked.text);
}

#[test]
fn a_crash_is_told_and_a_file_that_is_no_connector_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trap.json"), r#"{"kind": "webhook", "body": {"parse": "trap"}}"#).unwrap();
    let checked = check(&guests().join("misbehaving.wasm"), Some(folder.path()), &[]);
    assert!(!checked.passed && checked.text.contains("trap: the connector crashed"), "{}", checked.text);

    let nonsense = folder.path().join("nonsense.wasm");
    std::fs::write(&nonsense, "nonsense").unwrap();
    let checked = check(&nonsense, None, &["--json"]);
    assert!(!checked.passed && checked.broken() == ["loads"], "{}", checked.text);
}

/// With every recorded file: handshakes, signatures and answers too.
mod those_that_are_shipped_get_the_best_grade {
    use super::{best, plugins};

    macro_rules! shipped {
        ($($connector:ident)*) => { $(
            #[test]
            fn $connector() {
                let name = stringify!($connector);
                best(&plugins().join(name).with_extension("wasm"), &format!("{name}/tests/fixtures"));
            }
        )* };
    }

    shipped! { facebook instagram linkedin mock sendgrid twilio twitter waha whatsapp }
}

#[test]
fn one_that_is_not_rust_gets_the_best_grade() {
    best(&examples().join("telegram-js.wasm"), "examples/telegram-js/fixtures");
}

/// What `cargo xtask new-connector` writes, which `cargo xtask test` has done, tested and built.
#[test]
fn one_that_was_just_begun_gets_the_best_grade() {
    let fixtures = examples().join("../new-connector/plugins/acme-chat/tests/fixtures");
    let checked = check(&examples().join("acme-chat.wasm"), Some(&fixtures), &[]);
    assert!(checked.passed && checked.text.ends_with("Grade A: every rule holds\n"), "{}", checked.text);
}

fn best(file: &Path, fixtures: &str) {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../plugins").join(fixtures);
    let checked = check(file, Some(&fixtures), &[]);
    assert!(checked.passed && checked.text.ends_with("Grade A: every rule holds\n"), "{}", checked.text);
}
