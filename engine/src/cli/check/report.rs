//! What was found, graded, as text and as JSON.

use std::path::Path;

use patchbay_domain::platform::Manifest;
use patchbay_plugin_host::{HostError, Plugin, Redactor};
use serde_json::{Value, json};

use super::rules::{LOADS, Rule, Weight};
use crate::cli::{plugins::describe, table::table};

/// As many reasons as are shown of one rule; one mistake often shows in every fixture.
const REASONS: usize = 3;

/// How one rule fared.
#[derive(Debug)]
pub struct Tally {
    rule: &'static Rule,
    tried: usize,
    broken: Vec<String>,
    /// Why it could not be tried.
    missing: &'static str,
    /// It does not apply to this connector: nothing is missing.
    moot: bool,
}

impl Tally {
    /// Nothing tried yet; `missing` says what would be needed.
    pub fn untried(rule: &'static Rule, missing: &'static str) -> Self {
        Self { rule, tried: 0, broken: Vec::new(), missing, moot: false }
    }

    pub fn moot(rule: &'static Rule, reason: &'static str) -> Self {
        Self { moot: true, ..Self::untried(rule, reason) }
    }

    pub fn held(rule: &'static Rule) -> Self {
        Self { tried: 1, ..Self::untried(rule, "") }
    }

    pub fn one(rule: &'static Rule, about: &str, verdict: Result<(), String>) -> Self {
        let mut tally = Self::untried(rule, "");
        tally.add(about, verdict);
        tally
    }

    pub fn add(&mut self, about: &str, verdict: Result<(), String>) {
        self.tried += 1;
        if let Err(reason) = verdict {
            self.broken.push(format!("{about}: {reason}"));
        }
    }

    /// Without what a connector repeated of a secret.
    pub fn redacted(self, redactor: &Redactor) -> Self {
        let broken = self.broken.iter().map(|reason| redactor.text(reason).into_owned()).collect();
        Self { broken, ..self }
    }

    fn word(&self) -> &'static str {
        match (self.broken.is_empty(), self.tried) {
            (false, _) => "broken",
            (true, 0) if self.moot => "moot",
            (true, 0) => "untried",
            (true, _) => "held",
        }
    }

    fn says(&self) -> String {
        match self.broken.as_slice() {
            [] if self.tried == 0 => self.missing.to_owned(),
            [] if self.tried == 1 => self.rule.says.to_owned(),
            [] => format!("{} ({} tries)", self.rule.says, self.tried),
            reasons => format!("{}, but {}", self.rule.says, few(reasons)),
        }
    }

    fn json(&self) -> Value {
        let weight = match self.rule.weight {
            Weight::Must => "must",
            Weight::Should => "should",
        };
        json!({
            "rule": self.rule.name,
            "says": self.rule.says,
            "weight": weight,
            "verdict": self.word(),
            "tried": self.tried,
            "reasons": self.broken,
            "missing": (self.tried == 0).then_some(self.missing),
        })
    }
}

fn few(reasons: &[String]) -> String {
    let shown = reasons.iter().take(REASONS).cloned().collect::<Vec<_>>().join("; ");
    match reasons.len().saturating_sub(REASONS) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

/// How good a connector is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// Every rule was tried and holds.
    A,
    /// No rule is broken, but some could not be tried.
    B,
    /// It loses and endangers nothing, but could be better.
    C,
    /// It is not to be installed.
    F,
}

impl Grade {
    fn of(tallies: &[Tally]) -> Self {
        let breaks = |weight| tallies.iter().any(|tally| !tally.broken.is_empty() && tally.rule.weight == weight);
        if breaks(Weight::Must) {
            Self::F
        } else if breaks(Weight::Should) {
            Self::C
        } else if tallies.iter().any(|tally| tally.word() == "untried") {
            Self::B
        } else {
            Self::A
        }
    }

    fn means(self) -> &'static str {
        match self {
            Self::A => "every rule holds",
            Self::B => "no rule is broken, but some could not be tried",
            Self::C => "it could be better",
            Self::F => "it must not be installed",
        }
    }
}

/// What a connector declares, and how it fared.
#[derive(Debug)]
pub struct Report {
    file: String,
    /// What it declares, unless it was refused.
    described: Option<(Manifest, String)>,
    tallies: Vec<Tally>,
    grade: Grade,
}

impl Report {
    pub fn new(file: &Path, plugin: &Plugin, tallies: Vec<Tally>) -> Self {
        let described = Some((plugin.manifest().clone(), plugin.digest().to_owned()));
        Self { file: file.display().to_string(), described, grade: Grade::of(&tallies), tallies }
    }

    pub fn refused(file: &Path, error: &HostError) -> Self {
        let file = file.display().to_string();
        let tallies = vec![Tally::one(&LOADS, &format!("{file} is refused"), Err(error.to_string()))];
        Self { file, described: None, grade: Grade::F, tallies }
    }

    /// Whether no rule is broken.
    pub fn passed(&self) -> bool {
        matches!(self.grade, Grade::A | Grade::B)
    }

    pub fn text(&self) -> String {
        let described =
            self.described.as_ref().map(|(manifest, digest)| describe(manifest, digest)).unwrap_or_default();
        let row = |tally: &Tally| vec![format!("  {}", tally.word()), tally.rule.name.to_owned(), tally.says()];
        let rows: Vec<Vec<String>> = self.tallies.iter().map(row).collect();
        format!("{described}{}\nGrade {:?}: {}\n", table(&rows), self.grade, self.grade.means())
    }

    pub fn json(&self) -> Value {
        let (manifest, digest) = self.described.as_ref().map(|(manifest, digest)| (manifest, digest)).unzip();
        json!({
            "file": self.file,
            "sha256": digest,
            "manifest": manifest,
            "grade": format!("{:?}", self.grade),
            "passed": self.passed(),
            "rules": self.tallies.iter().map(Tally::json).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::rules::{ALL, CLAIMS, RETRY_AFTER};

    fn grade(tallies: Vec<Tally>) -> Grade {
        Grade::of(&tallies)
    }

    #[test]
    fn the_grade_is_that_of_the_worst_rule() {
        let broken = |rule| Tally::one(rule, "x", Err("no".to_owned()));
        assert_eq!(grade(vec![Tally::held(&LOADS), Tally::moot(&CLAIMS, "it claims nothing")]), Grade::A);
        assert_eq!(grade(vec![Tally::held(&LOADS), Tally::untried(&CLAIMS, "fixtures")]), Grade::B);
        assert_eq!(grade(vec![broken(&RETRY_AFTER), Tally::untried(&CLAIMS, "fixtures")]), Grade::C);
        assert_eq!(grade(vec![broken(&RETRY_AFTER), broken(&CLAIMS)]), Grade::F);
    }

    #[test]
    fn a_rule_tells_a_few_of_its_reasons_in_text_and_all_in_json() {
        let mut tally = Tally::untried(&CLAIMS, "nothing was claimed");
        assert_eq!((tally.word(), tally.says().as_str()), ("untried", "nothing was claimed"));
        for number in 1..=5 {
            tally.add(&format!("case {number}"), Err("no".to_owned()));
        }
        assert!(tally.says().ends_with("case 3: no; and 2 more"), "{}", tally.says());
        assert_eq!(tally.json()["reasons"].as_array().unwrap().len(), 5);
    }

    #[test]
    fn a_report_holds_no_secret_that_a_fixture_gave() {
        let redactor = Redactor::of(&[("token".to_owned(), "a real token".to_owned())].into_iter().collect());
        let tally = Tally::one(&CLAIMS, "a text", Err("it calls /bota%20real%20token/".to_owned())).redacted(&redactor);
        assert!(tally.says().ends_with("a text: it calls /bot[redacted]/"), "{}", tally.says());
    }

    #[test]
    fn no_two_rules_share_a_name() {
        let mut names: Vec<_> = ALL.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
