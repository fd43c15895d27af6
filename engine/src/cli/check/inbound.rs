//! Rules about webhooks, tried with the recorded ones.

use patchbay_domain::platform::{Acceptance, Event, Rejection, Webhook};
use serde_json::Value;

use super::{
    challenge,
    fixture::{ADDRESS, Fixture, encode, now},
    judge::{self, Verdict},
    mutate,
    report::Tally,
    rules,
    settings::Settings,
    subject::Subject,
};

const NO_WEBHOOKS: &str = "there are no fixtures of kind \"webhook\"; give them with --fixtures";
const NO_SIGNATURES: &str =
    "there is no fixture of kind \"signature\": secret, header and raw body of a signed webhook";
pub(super) const STRANGE: &str = "a secret that nobody has";

/// A recorded webhook, and what it means.
struct Recorded {
    name: String,
    webhook: Webhook,
    events: Vec<Event>,
}

impl Recorded {
    /// Its body, where that is JSON.
    fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.webhook.body).ok()
    }
}

pub async fn try_rules(subject: &Subject, fixtures: &[Fixture]) -> Vec<Tally> {
    let (read, recorded) = webhooks_read(subject, fixtures).await;
    vec![
        read,
        handshakes(subject, fixtures).await,
        signatures(subject, fixtures).await,
        forgeries(subject, fixtures, &recorded).await,
        duplicates(subject, &recorded).await,
        truncated(subject, &recorded).await,
        garbage(subject).await,
        large(subject, &recorded).await,
        unknown_fields(subject, &recorded).await,
        unknown_kinds(subject, &recorded).await,
    ]
}

async fn webhooks_read(subject: &Subject, fixtures: &[Fixture]) -> (Tally, Vec<Recorded>) {
    let mut tally = Tally::untried(&rules::WEBHOOKS_READ, NO_WEBHOOKS);
    let mut recorded = Vec::new();
    for fixture in fixtures.iter().filter(|fixture| fixture.kind().starts_with("webhook")) {
        for webhook in fixture.webhooks() {
            let events = judge::answered(subject.read(&webhook).await);
            tally.add(&fixture.name, events.as_ref().map_err(Clone::clone).and_then(judge::is_read));
            if let Ok(Ok(events)) = events {
                recorded.push(Recorded { name: fixture.name.clone(), webhook, events });
            }
        }
    }
    (tally, recorded)
}

async fn handshakes(subject: &Subject, fixtures: &[Fixture]) -> Tally {
    let mut tally = Tally::moot(&rules::HANDSHAKES, "no handshake is recorded");
    for fixture in fixtures.iter().filter(|fixture| fixture.kind() == "handshake") {
        if let Some(request) = fixture.object("request") {
            tally.add(&fixture.name, handshake(subject, fixture, request).await);
        }
    }
    tally
}

/// Which of the parameters is the token is for the connector to know: each is tried as the secret.
async fn handshake(subject: &Subject, fixture: &Fixture, request: &serde_json::Map<String, Value>) -> Verdict {
    let query = request.get("query").and_then(Value::as_object).cloned().unwrap_or_default();
    let pairs: Vec<(String, String)> =
        query.into_iter().map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned())).collect();
    let encoded: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let webhook = Webhook {
        method: request.get("method").and_then(Value::as_str).unwrap_or("GET").to_owned(),
        url: format!("{ADDRESS}?{}", encoded.join("&")),
        headers: Vec::new(),
        body: Vec::new(),
        received_at: now(),
    };
    if let Some((secret, answer)) = challenge::recorded(fixture) {
        return challenge::answered(subject, &webhook, secret, answer).await;
    }
    let expected =
        fixture.object("response_if_token_matches").and_then(|answer| answer.get("body_text")).and_then(Value::as_str);
    let answers = |answer: &Result<Acceptance, Rejection>| match answer {
        Ok(Acceptance::Answer(reply)) => {
            reply.status == 200 && expected.is_none_or(|text| reply.body == text.as_bytes())
        }
        _ => false,
    };
    let mut known = false;
    for (_, value) in &pairs {
        known |= answers(&accept(subject, &subject.with_every_secret(value), &webhook).await?);
    }
    if !known {
        return Err("whichever parameter is the token, it is not answered as recorded".to_owned());
    }
    judge::is_forged(&accept(subject, &subject.with_every_secret(STRANGE), &webhook).await?)
}

pub(super) async fn accept(
    subject: &Subject,
    settings: &Settings,
    webhook: &Webhook,
) -> Result<Result<Acceptance, Rejection>, String> {
    let mut channel = settings.channel();
    webhook.url.clone_into(&mut channel.webhook_url);
    judge::answered(subject.accept(&channel, webhook).await)
}

/// The channel of a recorded signature: its secret for every secret, unless the fixture names them.
fn signed_settings(subject: &Subject, fixture: &Fixture) -> Settings {
    let secret = ["secret", "auth_token"].into_iter().find_map(|field| fixture.text(field));
    let mut settings = secret.map_or_else(|| subject.settings.clone(), |secret| subject.with_every_secret(secret));
    settings.config.extend(fixture.object("config").cloned().unwrap_or_default());
    for (name, value) in fixture.object("secrets").into_iter().flatten() {
        settings.secrets.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    settings
}

fn vectors(fixtures: &[Fixture]) -> impl Iterator<Item = (&Fixture, Webhook)> {
    let of = |fixture| fixture_webhooks(fixture).map(move |webhook| (fixture, webhook));
    fixtures.iter().filter(|fixture| fixture.kind() == "signature").flat_map(of)
}

fn fixture_webhooks(fixture: &Fixture) -> impl Iterator<Item = Webhook> + use<> {
    fixture.webhooks().into_iter()
}

async fn signatures(subject: &Subject, fixtures: &[Fixture]) -> Tally {
    let mut tally = Tally::untried(&rules::SIGNATURES, NO_SIGNATURES);
    for (fixture, webhook) in vectors(fixtures) {
        let valid = fixture.value.get("valid").and_then(Value::as_bool).unwrap_or(true);
        let answer = accept(subject, &signed_settings(subject, fixture), &webhook).await;
        let judged = if valid { judge::is_authentic } else { judge::is_forged };
        tally.add(&fixture.name, answer.and_then(|answer| judged(&answer)));
    }
    tally
}

async fn forgeries(subject: &Subject, fixtures: &[Fixture], recorded: &[Recorded]) -> Tally {
    let mut tally = Tally::untried(&rules::FORGERIES, NO_SIGNATURES);
    for (fixture, webhook) in vectors(fixtures) {
        let signing: Vec<String> = fixture.headers().into_iter().map(|header| header.name).collect();
        // A secret in a header says nothing of the body.
        let body_counts = !fixture.text("algorithm").is_some_and(|algorithm| algorithm.starts_with("none"));
        let settings = signed_settings(subject, fixture);
        for (change, forged) in mutate::forged(&webhook, &signing, body_counts) {
            let answer = accept(subject, &settings, &forged).await;
            tally.add(&format!("{} {change}", fixture.name), answer.and_then(|answer| judge::is_forged(&answer)));
        }
        if !subject.settings.secrets.is_empty() && fixture.text("secret").is_some() {
            let answer = accept(subject, &subject.with_every_secret(STRANGE), &webhook).await;
            tally.add(
                &format!("{} under another secret", fixture.name),
                answer.and_then(|answer| judge::is_forged(&answer)),
            );
        }
    }
    // Recorded webhooks come without their secrets.
    for Recorded { name, webhook, .. } in recorded.iter().filter(|_| !subject.settings.secrets.is_empty()) {
        let answer = accept(subject, &subject.with_every_secret(STRANGE), webhook).await;
        tally.add(&format!("{name}, unsigned"), answer.and_then(|answer| judge::is_forged(&answer)));
    }
    tally
}

async fn duplicates(subject: &Subject, recorded: &[Recorded]) -> Tally {
    let mut tally = Tally::untried(&rules::DUPLICATES, NO_WEBHOOKS);
    for Recorded { name, webhook, events } in recorded {
        let again = judge::answered(subject.read(webhook).await);
        tally.add(name, again.and_then(|again| judge::is_same(&Ok(events.clone()), &again)));
        tally.add(&format!("{name} on one instance"), twice(subject, webhook).await);
    }
    tally
}

/// One instance is asked twice: what it remembers must not matter.
async fn twice(subject: &Subject, webhook: &Webhook) -> Verdict {
    let mut instance = subject.instance();
    for settings in judge::answered(subject.addressed(webhook).await)? {
        let channel = settings.channel();
        let first = judge::answered(instance.parse(&channel, webhook).await)?;
        let second = judge::answered(instance.parse(&channel, webhook).await)?;
        judge::is_same(&first, &second)?;
    }
    Ok(())
}

async fn truncated(subject: &Subject, recorded: &[Recorded]) -> Tally {
    let mut tally = Tally::untried(&rules::TRUNCATED, NO_WEBHOOKS);
    for recording in recorded {
        let is_json = recording.json().is_some();
        for body in mutate::cut(&recording.webhook.body) {
            let about = format!("{} cut after {} bytes", recording.name, body.len());
            let verdict = unharmed(subject, &mutate::with_body(&recording.webhook, body)).await;
            // A form that is cut off is a shorter form.
            tally.add(&about, verdict.and_then(|events| if is_json { judge::is_quiet(&events) } else { Ok(()) }));
        }
    }
    tally
}

/// Accepts and reads it, whatever comes of it, and says what it read.
async fn unharmed(subject: &Subject, webhook: &Webhook) -> Result<Result<Vec<Event>, String>, String> {
    accept(subject, &subject.settings, webhook).await.map_err(|error| format!("while accepting, {error}"))?.ok();
    judge::answered(subject.read(webhook).await).map_err(|error| format!("while reading, {error}"))
}

async fn garbage(subject: &Subject) -> Tally {
    let mut tally = Tally::untried(&rules::GARBAGE, "");
    for (name, body) in mutate::garbage() {
        for content_type in ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
        {
            let verdict = unharmed(subject, &posted(content_type, body.clone())).await;
            tally.add(&format!("{name} as {content_type}"), verdict.and_then(|events| judge::is_quiet(&events)));
        }
    }
    tally
}

fn posted(content_type: &str, body: Vec<u8>) -> Webhook {
    let header = patchbay_domain::platform::Header { name: "content-type".to_owned(), value: content_type.to_owned() };
    Webhook { method: "POST".to_owned(), url: ADDRESS.to_owned(), headers: vec![header], body, received_at: now() }
}

async fn large(subject: &Subject, recorded: &[Recorded]) -> Tally {
    let mut tally = Tally::untried(&rules::LARGE, "");
    let verdict = unharmed(subject, &posted("application/json", mutate::large())).await;
    tally.add("10 MB of nothing", verdict.and_then(|events| judge::is_quiet(&events)));
    let real = recorded.iter().find_map(|recording| Some((recording, mutate::padded(&recording.json()?)?)));
    if let Some((recording, body)) = real {
        let verdict = unharmed(subject, &mutate::with_body(&recording.webhook, body)).await;
        let about = format!("{} with 10 MB in a field", recording.name);
        tally.add(&about, verdict.and_then(|events| judge::is_alike(&recording.events, &events)));
    }
    tally
}

async fn unknown_fields(subject: &Subject, recorded: &[Recorded]) -> Tally {
    let mut tally = Tally::moot(&rules::UNKNOWN_FIELDS, "no recorded webhook is JSON");
    for recording in recorded {
        let Some(body) = recording.json() else { continue };
        let body = mutate::with_unknown_fields(&body).to_string().into_bytes();
        let verdict = unharmed(subject, &mutate::with_body(&recording.webhook, body)).await;
        tally.add(&recording.name, verdict.and_then(|events| judge::is_alike(&recording.events, &events)));
    }
    tally
}

async fn unknown_kinds(subject: &Subject, recorded: &[Recorded]) -> Tally {
    let mut tally = Tally::moot(&rules::UNKNOWN_KINDS, "no recorded webhook has a field that says what it is");
    for recording in recorded {
        let Some(body) = recording.json() else { continue };
        for (pointer, body) in mutate::with_unknown_kinds(&body) {
            let webhook = mutate::with_body(&recording.webhook, body.to_string().into_bytes());
            let verdict = unharmed(subject, &webhook).await;
            tally.add(
                &format!("{} with another {pointer}", recording.name),
                verdict.as_ref().map_err(Clone::clone).and_then(judge::is_read),
            );
        }
    }
    tally
}
