//! What a connector's tests have exercised: events that were shown, commands that were run, and how they ended. Written
//! down where `PATCHBAY_TEST_COVERAGE_DIR` says, a file for each process; `cargo xtask coverage` makes a table of it.

use super::command::Run;
use super::snapshot::kebab;
use crate::types::{Command, Content, Detail, FailureKind};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The package under test and a file of its own.
static RECORD: LazyLock<Option<Mutex<Record>>> = LazyLock::new(|| {
    let folder = std::env::var_os("PATCHBAY_TEST_COVERAGE_DIR")?;
    let name = format!("{}.{}", std::env::var("CARGO_PKG_NAME").ok()?, std::process::id());
    let file = std::fs::File::create(Path::new(&folder).join(name)).expect("the coverage folder can be written");
    Some(Mutex::new(Record { file, known: BTreeSet::new() }))
});

struct Record {
    file: std::fs::File,
    known: BTreeSet<String>,
}

/// A case of one of the contract's types.
pub(super) fn seen(group: &str, case: &str) {
    let Some(record) = RECORD.as_ref() else { return };
    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
    let line = format!("{} {case}", kebab(group));
    if record.known.insert(line.clone()) {
        writeln!(record.file, "{line}").expect("the coverage file can be written");
    }
}

/// A command from `perform` to its end. What is unsupported was not exercised.
pub(super) fn ran(command: &Command, run: &Run) {
    let unsupported = run.result.as_ref().is_err_and(|failure| failure.kind == FailureKind::Unsupported);
    for kind in kinds(command).iter().filter(|_| !unsupported) {
        seen("Command", kind);
    }
    // Showing it writes down how it ended.
    super::snapshot(&run.result);
}

fn kinds(command: &Command) -> Vec<String> {
    match command {
        Command::Send(outgoing) => contents(&outgoing.content).into_iter().map(|kind| format!("send {kind}")).collect(),
        other => vec![other.name().to_owned()],
    }
}

fn contents(content: &Content) -> Vec<String> {
    let detail = content.detail.as_ref().map(|detail| match detail {
        Detail::Location(_) => "location",
        Detail::Contacts(_) => "contacts",
        Detail::Choice(_) => "choice",
        Detail::Choices(_) => "choices",
        Detail::Template(_) => "template",
        Detail::Email(_) => "email",
        Detail::Unsupported(_) => "unsupported",
    });
    let text = content.text.as_ref().filter(|_| detail.is_none()).map(|_| "text".to_owned());
    let files = content
        .attachments
        .iter()
        .map(|attachment| kebab(&format!("{:?}", attachment.kind).replace("MediaKind::", "")));
    detail.map(str::to_owned).into_iter().chain(text).chain(files).collect()
}

#[cfg(test)]
mod tests {
    use super::kinds;
    use crate::testing::outgoing;
    use crate::types::{Attachment, Command, Content, Detail, MediaKind, MediaSource};

    #[test]
    fn a_send_is_told_by_everything_in_it() {
        let image = Attachment::new(MediaKind::Image, MediaSource::Url("https://x".to_owned()));
        let content = Content { attachments: vec![image], ..Content::text("see") };
        assert_eq!(kinds(&Command::Send(outgoing("ada", content))), ["send text", "send image"]);
        let contacts = Content { detail: Some(Detail::Contacts(Vec::new())), ..Content::empty() };
        assert_eq!(kinds(&Command::Send(outgoing("ada", contacts))), ["send contacts"]);
        assert_eq!(kinds(&Command::Qr), ["show a QR code"]);
    }
}
