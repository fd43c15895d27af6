//! `cargo xtask coverage`: which kinds of events and commands the tests of each connector exercise, as a table in
//! `engine/docs/connectors.md`. The tests write it down themselves, by `patchbay_plugin_sdk::testing`; `cargo xtask test`
//! compares the table with what it saw.
//!
//! To show another kind, add it to [`KINDS`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command::{Project, cargo, run};
use crate::plugins;

const TABLE: &str = "engine/docs/connectors.md";

/// Sections of the table: a title, how the tests call the kinds, and the kinds.
const KINDS: [(&str, &str, &[&str]); 6] = [
    (
        "Events",
        "event",
        &[
            "message",
            "status",
            "reaction",
            "message-edited",
            "message-deleted",
            "typing",
            "session",
            "template",
            "contact",
            "opt-out",
            "opt-in",
            "ignored",
        ],
    ),
    ("Files in messages", "media-kind", &["image", "video", "audio", "voice", "document", "sticker"]),
    ("What messages say", "detail", &["location", "contacts", "choice", "choices", "email", "unsupported"]),
    ("Delivery states", "delivery-state", &["accepted", "sent", "delivered", "read", "failed"]),
    (
        "Commands",
        "command",
        &[
            "send text",
            "send image",
            "send video",
            "send audio",
            "send voice",
            "send document",
            "send sticker",
            "send location",
            "send contacts",
            "send choices",
            "send template",
            "send email",
            "react",
            "edit",
            "delete",
            "mark messages as read",
            "show typing",
            "test the connection",
            "register a webhook",
            "fetch media",
            "fetch a profile",
            "list contacts",
            "list templates",
            "submit a template",
            "poll",
            "start a session",
            "stop a session",
            "restart a session",
            "log a session out",
            "tell a session's status",
            "show a QR code",
            "make a pairing code",
        ],
    ),
    (
        "Failures",
        "failure-kind",
        &[
            "temporary",
            "rate-limited",
            "rejected",
            "unreachable",
            "outside-window",
            "blocked",
            "unauthorized",
            "unsupported",
            "unknown",
        ],
    ),
];

pub fn coverage() -> Result<()> {
    let project = Project::find()?;
    let coverage = Coverage::begin(&project)?;
    let mut tests = cargo(&project.root);
    tests.args(["nextest", "run"]);
    for (package, _) in plugins::packages(&project) {
        tests.args(["--package", &package]);
    }
    // A connector that was just begun has none.
    run(coverage.record(tests.args(["--no-tests", "pass"])))?;
    fs::write(project.root.join(TABLE), coverage.table(&project)?)?;
    println!("{TABLE} is what the tests exercise");
    Ok(())
}

/// Where the tests write down what they exercise.
pub struct Coverage {
    folder: PathBuf,
}

impl Coverage {
    pub fn begin(project: &Project) -> Result<Self> {
        let folder = project.target.join("connector-coverage");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(Self { folder })
    }

    pub fn record<'a>(&self, tests: &'a mut Command) -> &'a mut Command {
        tests.env("PATCHBAY_TEST_COVERAGE_DIR", &self.folder)
    }

    /// Fails where the table in the documentation is not what was seen.
    pub fn compare(&self, project: &Project) -> Result<()> {
        let written = fs::read_to_string(project.root.join(TABLE)).unwrap_or_default();
        let differs = "is not what the tests exercise: run `cargo xtask coverage` and look at the difference";
        ensure!(written == self.table(project)?, "{TABLE} {differs}");
        Ok(())
    }

    fn table(&self, project: &Project) -> Result<String> {
        let mut seen = BTreeMap::<String, BTreeSet<String>>::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let package = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let lines = fs::read_to_string(&path)?;
            seen.entry(package).or_default().extend(lines.lines().map(str::to_owned));
        }
        let none = BTreeSet::new();
        let packages = plugins::packages(project);
        let columns: Vec<(&str, &BTreeSet<String>)> =
            packages.iter().map(|(package, folder)| (folder.as_str(), seen.get(package).unwrap_or(&none))).collect();
        Ok(table(&columns)?)
    }
}

fn table(connectors: &[(&str, &BTreeSet<String>)]) -> Result<String, std::fmt::Error> {
    let mut text = "# What the connectors' tests exercise\n\n\
        Written by `cargo xtask coverage`, of what the tests saw; `cargo xtask test` fails where they see something else. An empty\n\
        place is what a platform does not have, or what no test tries.\n"
        .to_owned();
    for (title, group, kinds) in KINDS {
        write!(text, "\n| {title} |")?;
        for (connector, _) in connectors {
            write!(text, " {connector} |")?;
        }
        writeln!(text, "\n|---|{}", ":-:|".repeat(connectors.len()))?;
        for kind in kinds {
            write!(text, "| {kind} |")?;
            for (_, seen) in connectors {
                text.push_str(if seen.contains(&format!("{group} {kind}")) { " ✓ |" } else { "   |" });
            }
            text.push('\n');
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_marked() {
        let seen: BTreeSet<String> = ["event message", "command send text"].map(str::to_owned).into();
        let table = table(&[("one", &seen), ("two", &BTreeSet::new())]).unwrap();
        for line in ["| Events | one | two |", "| message | ✓ |   |", "| send text | ✓ |   |", "| send image |   |   |"]
        {
            assert!(table.lines().any(|written| written == line), "{line}: {table}");
        }
    }
}
