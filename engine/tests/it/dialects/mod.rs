//! Compatibility as data: what a dialect's document says, case by case, in `engine/tests/dialects/NAME/*.yaml`, one file
//! per section of the document; [`case`] says what a case can say.
//!
//! A file's cases run one after the other in an organisation of their own. `${organisation}`, `${admin.id}`,
//! `${agent.id}`, `${unknown}` (the id of nothing), `${tomorrow}` and `${platform}` (the address of a platform that takes everything)
//! are there from the beginning, and `admin`, `agent` and `stranger` (of another organisation) may call.

mod case;
mod world;

use std::{collections::BTreeSet, path::PathBuf};

use case::Case;
use world::World;

use crate::{
    on_every_size,
    support::{
        engine::Engine,
        platform::{Answer, Platform},
    },
};

const ROUTES: &str = include_str!("../../../src/api/snapshots/patchbay__api__tests__the_route_table.snap");

/// The files of a dialect, by name.
fn files(dialect: &str) -> Vec<(String, Vec<Case>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dialects").join(dialect);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let cases = serde_yaml_ng::from_str(&std::fs::read_to_string(&path).unwrap());
        (name.clone(), cases.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    paths.into_iter().map(read).collect()
}

on_every_size! {
    async fn helpdesk_answers_as_its_document_says(size: Size) {
        let engine = Engine::start(size).await;
        let platform = Platform::start(|_| Answer::Json(200, serde_json::json!({}))).await;
        let mut wrong = Vec::new();
        for (file, cases) in files("helpdesk") {
            let mut world = World::of(&engine, &platform).await;
            for case in &cases {
                // What follows builds upon it.
                if let Err(problem) = world.play(case).await {
                    wrong.push(format!("{file}: {}: {problem}", case.name));
                    break;
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        engine.finish().await;
    }
}

/// Of each route of the helpdesk, something that is answered and something that is refused.
#[test]
fn each_route_of_the_helpdesk_has_its_cases() {
    let mut tried = BTreeSet::new();
    for case in files("helpdesk").iter().flat_map(|(_, cases)| cases) {
        let route = routes().find(|(method, path)| *method == case.method() && is_of(case.path(), path));
        let (method, path) = route.unwrap_or_else(|| panic!("{}: there is no such route", case.name));
        tried.insert((method, path, case.status < 400));
    }
    let missing: Vec<_> = routes()
        .flat_map(|(method, path)| [(method.clone(), path, true), (method, path, false)])
        .filter(|wanted| !tried.contains(wanted))
        .map(|(method, path, is_answered)| {
            format!("{method} {path}: {}", if is_answered { "answered" } else { "refused" })
        })
        .collect();
    assert!(missing.is_empty(), "no case says of these how they are answered or refused: {missing:#?}");
}

/// The method and the path of each route of the helpdesk, as they are matched.
fn routes() -> impl Iterator<Item = (String, &'static str)> {
    let words = |line: &'static str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_uppercase(), words.next()?))
    };
    let ours = |path: &str| ["/auth/", "/orgs/", "/webhook/"].iter().any(|scope| path.starts_with(scope));
    ROUTES.lines().filter_map(words).filter(move |(_, path)| ours(path))
}

fn is_of(path: &str, route: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').count() == route.split('/').count()
        && path.split('/').zip(route.split('/')).all(|(part, named)| named.starts_with('{') || part == named)
}
