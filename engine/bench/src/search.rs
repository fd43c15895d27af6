//! Searches and lists over many messages: how long each takes, beside what it may.
//!
//! The messages are made by the database itself ([`super::filling`]), and indexed as those are that were stored before there
//! was an index. `--messages 1000000` is what the figures are wanted for.

use std::time::{Duration, Instant};

use anyhow::Context;
use patchbay_domain::{OrganisationId, search::Query};
use patchbay_store::{Store, StoreOptions, search::SearchFilter};

use crate::{
    Bench, Size,
    database::{Database, Pool},
    engine::{self, Account},
    filling,
    load::Report,
    missed,
};

/// How often each is asked.
const TIMES: usize = 200;
const WANTED_OF_SEARCH: u64 = 50;
const WANTED_OF_LISTS: u64 = 20;
const TELLING: Duration = Duration::from_secs(15);
const UNINDEXED: &str = "select count(*) from unindexed_messages";
/// What a search gives at once.
const HITS: u32 = 50;

pub async fn measure(bench: &Bench, size: Size) -> anyhow::Result<()> {
    if size == Size::Scale {
        println!("as on PostgreSQL: a search does not touch the broker");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let database = Database::make(size, &folder).await?;
    let process = engine::engine(bench, size, &database, &folder).await?;
    let account = engine::sign_up(process.port).await?;
    let channel = engine::channel(&account, "http://127.0.0.1:9", &serde_json::json!([])).await?;
    process.stop().await?;
    let pool = database.pool().await?;
    filling::fill(&pool, &account, &channel, bench.messages).await?;
    let store = Store::connect(&database.url, StoreOptions::default()).await?;
    let start = Instant::now();
    index(&store, &pool).await?;
    println!("{} messages were indexed in {:.1} s", bench.messages, start.elapsed().as_secs_f64());
    if let Pool::Postgres(_) = pool {
        pool.run("vacuum analyze").await?;
    }
    let organisation: OrganisationId = account.organisation.parse()?;
    searches(&store, organisation, bench.messages).await?;
    store.close().await;

    let process = engine::engine(bench, size, &database, &folder).await?;
    let account = Account { port: process.port, ..account };
    lists(&account, &channel).await?;
    process.stop().await?;
    database.drop().await
}

/// Says now and then how much is left.
async fn index(store: &Store, pool: &Pool) -> anyhow::Result<()> {
    let telling = async {
        loop {
            tokio::time::sleep(TELLING).await;
            println!("{} messages are still to be indexed", pool.count(UNINDEXED).await?);
        }
    };
    tokio::select! {
        migrated = store.migrate() => Ok(migrated?),
        told = telling => told,
    }
}

async fn searches(store: &Store, organisation: OrganisationId, messages: usize) -> anyhow::Result<()> {
    let number = |round: usize, of: usize| round * 7_919 % of;
    let of: [(&str, &dyn Fn(usize) -> String); 7] = [
        ("a word of one in 1,000", &|round| format!("w{} ", number(round, 1_000))),
        ("a word of one in 50,000", &|round| format!("v{} ", number(round, 50_000))),
        ("a word of one in 100,000", &|_| "unicorn ".to_owned()),
        ("a word of every message", &|_| "parcel ".to_owned()),
        ("a phrase", &|_| "\"red shoes\"".to_owned()),
        ("two words of all and one of few", &|round| format!("where shoes w{}", number(round, 1_000))),
        ("a beginning", &|round| format!("v{}", number(round, 500))),
    ];
    for (name, text) in of {
        let mut answers = Vec::with_capacity(TIMES);
        let mut found = 0;
        for round in 0..TIMES {
            let query = Query::parse(&text(round)).context("no query")?;
            let start = Instant::now();
            let hits = store.search_messages(organisation, &query, SearchFilter::default(), None, HITS).await?;
            answers.push(start.elapsed());
            found += hits.len();
        }
        // What cannot be there in so few is not missed.
        anyhow::ensure!(found > 0 || messages < 100_000, "{name} was not found");
        tell(name, &Report { answers }, WANTED_OF_SEARCH);
    }
    Ok(())
}

async fn lists(account: &Account, channel: &str) -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    let user = &account.user;
    let (ticket, conversation, customer) = (id("7", "1"), id("5", "1"), id("4", "1"));
    let orgs = |path: String| format!("/orgs/{}{path}", account.organisation);
    let figures = |of: &str| format!("/orgs/analytics/{of}?timeZone=Europe/Berlin");
    let listed = [
        ("tickets", orgs("/tickets?limit=20".into())),
        ("tickets, page 50", orgs("/tickets?page=50&limit=20".into())),
        ("tickets that are closed", orgs("/tickets?status=CLOSED&limit=20".into())),
        ("tickets of a channel", orgs(format!("/tickets?channelId={channel}&limit=20"))),
        ("a ticket with its messages", orgs(format!("/tickets/{ticket}"))),
        ("messages of a ticket", orgs(format!("/tickets/{ticket}/messages?limit=20"))),
        ("customers", orgs("/customers?limit=20".into())),
        ("customers of a platform", orgs("/customers?platform=WHATSAPP&limit=20".into())),
        ("customers of a channel", orgs(format!("/channels/{channel}/customers?limit=20"))),
        ("tickets of a customer", orgs(format!("/customers/{customer}/tickets?limit=20"))),
        ("customers at a glance", orgs("/customers/overview/dashboard?limit=20".into())),
        ("notifications", orgs("/notifications?limit=20".into())),
        ("notifications unread", orgs("/notifications?unreadOnly=true&limit=20".into())),
        ("notifications, how many unread", orgs("/notifications/unread-count".into())),
        ("audit log", orgs("/audit-logs?limit=20".into())),
        ("audit log of an entity", orgs("/audit-logs?entity=CHANNEL&limit=20".into())),
        ("audit log of a thing", orgs(format!("/audit-logs?entityId={channel}&limit=20"))),
        ("audit log of a user", orgs(format!("/audit-logs/user/{user}?limit=20"))),
        ("conversations", "/api/v1/conversations?pageSize=50".into()),
        ("conversations unread", "/api/v1/conversations?filter=unread&pageSize=50".into()),
        ("messages", format!("/api/v1/conversations/{conversation}/messages?pageSize=50")),
        ("analytics of tickets", figures("tickets")),
        ("analytics of channels", figures("channels")),
        ("analytics of agents", figures("agents")),
        ("analytics of campaigns", figures("campaigns")),
    ];
    let searched = [
        ("customers by name", orgs("/customers?search=act%2099&limit=20".into())),
        ("conversations by name", "/api/v1/conversations?search=contact%2099&pageSize=50".into()),
        ("conversations searched", "/api/v1/conversations/search?q=unicorn".into()),
    ];
    let lists = listed.into_iter().map(|(name, path)| (name, path, WANTED_OF_LISTS));
    let paths = lists.chain(searched.into_iter().map(|(name, path)| (name, path, WANTED_OF_SEARCH)));
    for (name, path, wanted) in paths {
        let mut answers = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let start = Instant::now();
            let call = http.get(format!("http://127.0.0.1:{}{path}", account.port)).bearer_auth(&account.token);
            let answer = call.send().await?;
            anyhow::ensure!(answer.status() == 200, "{path} was answered {}", answer.status());
            answer.bytes().await?;
            answers.push(start.elapsed());
        }
        tell(name, &Report { answers }, wanted);
    }
    Ok(())
}

fn tell(name: &str, report: &Report, wanted: u64) {
    let milliseconds = |percent| report.percentile(percent).as_secs_f64() * 1000.0;
    let kept = missed(report.percentile(99) < Duration::from_millis(wanted));
    println!(
        "{name:<32} p50 {:>6.1} ms, p99 {:>6.1} ms (wanted: under {wanted} ms{kept})",
        milliseconds(50),
        milliseconds(99)
    );
}

/// The id that the filling made of a number.
fn id(table: &str, number: &str) -> String {
    let digits = format!("{table}{number:0>31}");
    uuid::Uuid::try_parse(&digits).map(|id| id.to_string()).unwrap_or_default()
}
