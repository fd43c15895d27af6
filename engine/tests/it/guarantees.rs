//! The tests that the table of promises names are there.

const GUARANTEES: &str = include_str!("../../docs/guarantees.md");
const MODULES: &str = include_str!("main.rs");

#[test]
fn every_test_that_is_named_is_a_module_here() {
    let named: Vec<_> = GUARANTEES
        .split("`it::")
        .skip(1)
        .filter_map(|rest| rest.split('`').next())
        .filter(|name| name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'))
        .collect();
    assert!(named.len() > 20, "only {} were found", named.len());
    for name in named {
        assert!(MODULES.lines().any(|line| line == format!("mod {name};")), "it::{name} is not there");
    }
}
