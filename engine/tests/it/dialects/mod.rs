//! Compatibility as data: what a dialect's document says, case by case, in `engine/tests/dialects/NAME/*.yaml`, one file
//! per section of the document; [`case`] says what a case can say.
//!
//! A file's cases run one after the other in an organisation of their own. `${organisation}`, `${admin.id}`,
//! `${agent.id}`, `${unknown}` (the id of nothing), `${tomorrow}` and `${platform}` (the address of a platform that takes everything)
//! are there from the beginning, and `admin`, `agent` and `stranger` (of another organisation) may call. A token that an
//! answer gave may call as well, by the name under which it was kept.
//!
//! To add a dialect: its folder, a line in [`DIALECTS`], and a test beside the others.

mod case;
mod world;

use std::{collections::BTreeSet, path::PathBuf};

use case::Case;
use world::World;

use crate::{
    on_each_database,
    support::{
        business::Cloud,
        engine::{Engine, Settings},
        platform::{Answer, Platform},
        size::Size,
        waha::Waha,
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

/// A folder of cases, and which routes they are about: those below a place, but for places of another dialect.
struct Dialect {
    name: &'static str,
    below: &'static [&'static str],
    but: &'static [&'static str],
}

const DIALECTS: [Dialect; 4] = [
    Dialect { name: "helpdesk", below: &["/auth/", "/orgs/", "/webhook/"], but: &[] },
    Dialect { name: "inbox", below: &["/api/v1/", "/ws/"], but: &[] },
    Dialect {
        name: "business",
        below: &[
            "/api/auth/register",
            "/api/messages",
            "/api/conversations",
            "/api/templates",
            "/api/analytics",
            "/api/settings",
            "/api/contacts",
            "/api/webhook",
            "/api/media/upload",
        ],
        but: &[],
    },
    Dialect {
        name: "sessions",
        below: &["/api/auth/", "/api/users", "/api/teams", "/api/sessions", "/api/webhooks/waha"],
        but: &["/api/auth/register"],
    },
];

impl Dialect {
    /// The method and the path of each route, as they are matched.
    fn routes(&self) -> impl Iterator<Item = (String, &'static str)> {
        let words = |line: &'static str| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_uppercase(), words.next()?))
        };
        ROUTES.lines().filter_map(words).filter(move |(_, path)| self.has(path))
    }

    fn has(&self, path: &str) -> bool {
        let is_in = |places: &[&str]| places.iter().any(|place| is_below(path, place));
        is_in(self.below) && !is_in(self.but)
    }

    /// The first route that fits is the one that is taken.
    fn route_of(&self, case: &Case) -> Option<(String, &'static str)> {
        self.routes().find(|(method, path)| *method == case.method() && is_of(case.path(), path))
    }
}

async fn answers_as_documented(size: Size, dialect: &str) {
    let platform = Platform::start(|_| Answer::Json(200, serde_json::json!({}))).await;
    play(size, dialect, &platform).await;
}

async fn play(size: Size, dialect: &str, platform: &Platform) {
    let waha = Waha::start().await;
    let engine = Engine::start_with(size, Settings { file: waha.hosting(), ..Settings::default() }).await;
    let mut wrong = Vec::new();
    for (file, cases) in files(dialect) {
        let mut world = World::of(&engine, platform).await;
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

on_each_database! {
    async fn helpdesk_answers_as_its_document_says(size: Size) {
        answers_as_documented(size, "helpdesk").await;
    }
}

on_each_database! {
    async fn inbox_answers_as_its_document_says(size: Size) {
        answers_as_documented(size, "inbox").await;
    }
}

on_each_database! {
    async fn business_answers_as_its_document_says(size: Size) {
        play(size, "business", &Cloud::start().await.platform).await;
    }
}

on_each_database! {
    async fn sessions_answers_as_its_document_says(size: Size) {
        answers_as_documented(size, "sessions").await;
    }
}

/// Of each route of each dialect, something that is answered and something that is refused.
#[test]
fn each_route_has_its_cases() {
    for dialect in &DIALECTS {
        let mut tried = BTreeSet::new();
        for case in files(dialect.name).iter().flat_map(|(_, cases)| cases) {
            // A case may also look at what another dialect says of it.
            if let Some((method, path)) = dialect.route_of(case) {
                tried.insert((method, path, case.status < 400));
            }
        }
        let missing: Vec<_> = dialect
            .routes()
            .flat_map(|(method, path)| [(method.clone(), path, true), (method, path, false)])
            .filter(|wanted| !tried.contains(wanted))
            .map(|(method, path, is_answered)| {
                format!("{method} {path}: {}", if is_answered { "answered" } else { "refused" })
            })
            .collect();
        let name = dialect.name;
        assert!(missing.is_empty(), "{name}: no case says of these how they are answered or refused: {missing:#?}");
    }
}

#[test]
fn each_case_is_about_a_route() {
    // Also about one that is refused to nobody, and stands in no dialect's list.
    let all = Dialect { name: "all", below: &["/"], but: &[] };
    for dialect in &DIALECTS {
        for case in files(dialect.name).iter().flat_map(|(_, cases)| cases) {
            assert!(all.route_of(case).is_some(), "{}: {}: there is no such route", dialect.name, case.name);
        }
    }
}

fn is_below(path: &str, place: &str) -> bool {
    let rest = path.strip_prefix(place.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_of(path: &str, route: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').count() == route.split('/').count()
        && path.split('/').zip(route.split('/')).all(|(part, named)| named.starts_with('{') || part == named)
}
