//! `cargo xtask new-connector NAME`: a connector to begin with, in `plugins/NAME`, which compiles, passes
//! `patchbay plugin check` and has tests with fixtures. What it writes is in `template`, where `{{name}}` stands for
//! the name as folders have it, `{{Name}}` for that of the type, `{{NAME}}` for the channel type, `{{crate}}` for Rust's.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::command::Project;

#[derive(Args)]
pub struct Arguments {
    /// What the platform is called: lower-case letters, digits and dashes
    name: String,
}

macro_rules! template {
    ($($path:literal),* $(,)?) => { [$(($path, include_str!(concat!("../template/", $path)))),*] };
}

const TEMPLATE: [(&str, &str); 13] = template![
    "Cargo.toml",
    "src/lib.rs",
    "src/wire.rs",
    "src/inbound.rs",
    "src/outbound.rs",
    "tests/it/main.rs",
    "tests/it/inbound.rs",
    "tests/it/outbound.rs",
    "tests/fixtures/text.json",
    "tests/fixtures/unknown.json",
    "tests/fixtures/signed.json",
    "tests/fixtures/accepted.json",
    "tests/fixtures/refused.json",
];

pub fn new_connector(Arguments { name }: &Arguments) -> Result<()> {
    write(&Project::find()?.root, name)?;
    println!(
        "plugins/{name} is a connector. Next:\n  cargo test --package patchbay-plugin-{name}\n  cargo xtask plugins {name}\n  \
         cargo run -- plugin check target/plugins/{name}.wasm --fixtures plugins/{name}/tests/fixtures"
    );
    Ok(())
}

/// Writes the connector below the workspace's root, and names it among its members.
pub fn write(root: &Path, name: &str) -> Result<()> {
    let name = Name::parse(name)?;
    let folder = root.join("plugins").join(&name.folder);
    ensure!(!folder.exists(), "{} is there already", folder.display());
    let manifest = root.join("Cargo.toml");
    let workspace = fs::read_to_string(&manifest).with_context(|| format!("{} cannot be read", manifest.display()))?;
    let workspace = with_member(&workspace, &name.folder)?;
    for (path, template) in TEMPLATE {
        let file = folder.join(path);
        let written =
            fs::create_dir_all(file.parent().unwrap_or(&folder)).and_then(|()| fs::write(&file, name.fill(template)));
        written.with_context(|| format!("{} cannot be written", file.display()))?;
    }
    fs::write(&manifest, workspace).with_context(|| format!("{} cannot be written", manifest.display()))
}

/// The workspace's manifest with one member more.
fn with_member(workspace: &str, folder: &str) -> Result<String> {
    let Some((before, rest)) = workspace.split_once("members = [") else { bail!("Cargo.toml names no members") };
    let Some((members, after)) = rest.split_once(']') else { bail!("the members in Cargo.toml have no end") };
    let members = members.trim_end();
    let comma = if members.is_empty() || members.ends_with(',') { "" } else { "," };
    Ok(format!("{before}members = [{members}{comma}\n    \"plugins/{folder}\",\n]{after}"))
}

/// A platform's name in each of its spellings.
struct Name {
    folder: String,
    type_name: String,
}

impl Name {
    fn parse(name: &str) -> Result<Self> {
        let words: Vec<&str> = name.split('-').collect();
        let is_word = |word: &&str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
        ensure!(
            begins && words.iter().all(is_word),
            "{name:?} is no name for a connector: write words of lower-case letters and digits, joined by single dashes"
        );
        Ok(Self { folder: name.to_owned(), type_name: words.into_iter().map(capitalised).collect() })
    }

    fn fill(&self, template: &str) -> String {
        let module = self.folder.replace('-', "_");
        template
            .replace("{{name}}", &self.folder)
            .replace("{{Name}}", &self.type_name)
            .replace("{{NAME}}", &module.to_ascii_uppercase())
            .replace("{{crate}}", &module)
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_parses_and_is_a_member_of_the_workspace() {
        let root = tempfile::tempdir().unwrap();
        let manifest = root.path().join("Cargo.toml");
        fs::write(&manifest, "[workspace]\nmembers = [\n    \"engine\",\n]\ndefault-members = [\"engine\"]\n").unwrap();
        write(root.path(), "acme-chat").unwrap();
        let workspace: toml::Table = fs::read_to_string(&manifest).unwrap().parse().unwrap();
        let members = workspace["workspace"]["members"].as_array().unwrap();
        assert_eq!(members.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>(), ["engine", "plugins/acme-chat"]);
        for (path, template) in TEMPLATE {
            assert!(template.ends_with('\n'), "{path}");
            let text = fs::read_to_string(root.path().join("plugins/acme-chat").join(path)).unwrap();
            assert!(!text.contains("{{"), "{path} has a place that was not filled");
            match path.rsplit('.').next() {
                Some("toml") => assert!(text.parse::<toml::Table>().is_ok(), "{path}"),
                Some("json") => assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{path}"),
                _ => {}
            }
        }
        let again = write(root.path(), "acme-chat").unwrap_err();
        assert!(again.to_string().ends_with("is there already"), "{again}");
    }

    #[test]
    fn a_name_has_every_spelling_or_is_refused() {
        let filled = Name::parse("acme-chat2").unwrap().fill("{{name}} {{Name}} {{NAME}} {{crate}}");
        assert_eq!(filled, "acme-chat2 AcmeChat2 ACME_CHAT2 acme_chat2");
        for wrong in ["", "Acme", "2x", "a--b", "-a", "a-", "a_b", "../a", "ä"] {
            assert!(Name::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_of_members_may_end_as_it_likes() {
        for members in ["members = []", "members = [\"a\"]", "members = [\n    \"a\",\n]"] {
            let workspace: toml::Table = with_member(members, "x").unwrap().parse().unwrap();
            assert_eq!(workspace["members"].as_array().unwrap().last().unwrap().as_str(), Some("plugins/x"));
        }
        assert!(with_member("", "x").is_err());
    }
}
