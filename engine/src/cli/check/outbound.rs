//! Rules about commands, tried with answers that a platform might give. Nothing is sent: a connector only says what
//! to send, and is told what came of it.

use patchbay_domain::platform::{Auth, Command, FailureKind, Header, Request, Response, Step, TransportError};
use patchbay_plugin_host::egress::{
    address::AllowRules,
    policy::{Grants, Policy},
};
use serde_json::Value;

use super::{
    commands,
    fixture::Fixture,
    judge::{self, Verdict},
    report::Tally,
    rules,
    settings::{is_secret, properties},
    subject::{Answer, Subject},
};

const NO_SEND: &str =
    "it asks for no request to send a text; give settings or a \"contact\" in a fixture of kind \"channel\"";
const ELSEWHERE: &str = "elsewhere.example";
const WAIT_SECONDS: u64 = 7;

pub async fn try_rules(subject: &Subject, fixtures: &[Fixture]) -> Vec<Tally> {
    let mut tallies = vec![every_command(subject).await, claims(subject).await];
    let text = commands::text(&subject.settings.contact);
    match subject.perform(&text).await {
        Ok(Step::Request(request)) => {
            let send = Send { subject, command: text, request };
            tallies.extend(send.try_rules().await);
            tallies.push(send.recorded_answers(fixtures).await);
        }
        first => tallies.extend(unsent(subject, first.is_ok_and(|step| is_unsupported(&step)))),
    }
    tallies
}

/// The rules about a send where there is none.
fn unsent(subject: &Subject, unsupported: bool) -> Vec<Tally> {
    let rules = [
        &rules::LOST_ANSWER,
        &rules::NOT_SENT,
        &rules::SLOW_DOWN,
        &rules::RETRY_AFTER,
        &rules::SERVER_ERROR,
        &rules::REDIRECT,
        &rules::UNREADABLE_ANSWER,
        &rules::REFUSED_CREDENTIALS,
        &rules::RECORDED_ANSWERS,
    ];
    let moot = unsupported && !subject.manifest().can("text");
    let tally = |rule| if moot { Tally::moot(rule, "it sends no text") } else { Tally::untried(rule, NO_SEND) };
    rules.into_iter().map(tally).collect()
}

fn is_unsupported(step: &Step) -> bool {
    matches!(step, Step::Failed(failure) if failure.kind == FailureKind::Unsupported)
}

async fn every_command(subject: &Subject) -> Tally {
    let mut tally = Tally::untried(&rules::COMMANDS, "");
    for command in commands::all(&subject.settings.contact) {
        let verdict = match judge::answered(subject.perform(&command).await) {
            Ok(Step::Request(request)) => is_allowed(subject, &request),
            Ok(Step::Done(_) | Step::Failed(_)) => Ok(()),
            Err(error) => Err(error),
        };
        tally.add(command.word(), verdict);
    }
    tally
}

/// Whether the engine would send it: to a host that is declared, with a secret that a channel can have.
fn is_allowed(subject: &Subject, request: &Request) -> Verdict {
    let policy = Policy { grants: Grants::Declared, rules: AllowRules::new(Vec::new()) };
    let url = request.url.parse().map_err(|error| format!("{:?} is no address: {error}", request.url))?;
    let config = Value::Object(subject.settings.config.clone());
    policy.check(&url, subject.manifest(), &config).map_err(|refusal| refusal.to_string())?;
    let secret = match &request.auth {
        Auth::None => return Ok(()),
        Auth::Bearer(secret)
        | Auth::Path(secret)
        | Auth::Basic(_, secret)
        | Auth::Header(_, secret)
        | Auth::Query(_, secret) => secret,
    };
    let mut known = properties(&subject.manifest().config_schema);
    if known.any(|(name, property)| name == secret && is_secret(property)) {
        Ok(())
    } else {
        Err(format!("it asks for the secret {secret:?}, which is not in its schema"))
    }
}

async fn claims(subject: &Subject) -> Tally {
    let mut tally = Tally::moot(&rules::CLAIMS, "it claims nothing that is a command");
    for capability in &subject.manifest().capabilities {
        if let Some(command) = commands::claimed(capability, &subject.settings.contact) {
            let step = judge::answered(subject.perform(&command).await);
            tally.add(capability, step.and_then(|step| judge::is_supported(&step)));
        }
    }
    tally
}

/// A text on its way, from which every answer is tried.
struct Send<'a> {
    subject: &'a Subject,
    command: Command,
    request: Request,
}

impl Send<'_> {
    async fn try_rules(&self) -> Vec<Tally> {
        let request = &self.request;
        let lost = Err(TransportError::Unknown("the answer was lost".to_owned()));
        let not_sent = Err(TransportError::NotSent("connection refused".to_owned()));
        let too_many = || Ok(answer(429, &[("retry-after", &WAIT_SECONDS.to_string())], "{}"));
        let location = format!("https://{ELSEWHERE}/messages");
        let mut errors = Tally::untried(&rules::SERVER_ERROR, NO_SEND);
        for (status, body) in [(500, ""), (502, "<html>Bad gateway</html>"), (503, "{}"), (504, "")] {
            let step = self.answered(Ok(answer(status, &[], body))).await;
            errors.add(&status.to_string(), step.and_then(|step| judge::after_server_error(&step)));
        }
        let mut redirects = Tally::untried(&rules::REDIRECT, NO_SEND);
        for status in [301, 302, 303, 307, 308] {
            let step = self.answered(Ok(answer(status, &[("location", &location)], ""))).await;
            redirects.add(&status.to_string(), step.and_then(|step| judge::after_redirect(&step, ELSEWHERE)));
        }
        let mut unreadable = Tally::untried(&rules::UNREADABLE_ANSWER, NO_SEND);
        for body in ["", "{", "null", "[]", "<html>OK</html>"] {
            let step = self.answered(Ok(answer(200, &[], body))).await;
            unreadable.add(&format!("200 with {body:?}"), step.and_then(|step| judge::after_unreadable_answer(&step)));
        }
        vec![
            self.one(&rules::LOST_ANSWER, lost, |step| judge::after_lost_answer(request, step)).await,
            self.one(&rules::NOT_SENT, not_sent, judge::after_not_sent).await,
            self.one(&rules::SLOW_DOWN, too_many(), judge::after_too_many).await,
            self.one(&rules::RETRY_AFTER, too_many(), |step| judge::waits(step, WAIT_SECONDS * 1000)).await,
            errors,
            redirects,
            unreadable,
            self.one(&rules::REFUSED_CREDENTIALS, Ok(answer(401, &[], "{}")), judge::after_refused_credentials).await,
        ]
    }

    async fn recorded_answers(&self, fixtures: &[Fixture]) -> Tally {
        let mut tally = Tally::untried(&rules::RECORDED_ANSWERS, "there are no fixtures of kind \"response\"");
        for fixture in fixtures.iter().filter(|fixture| fixture.kind() == "response") {
            let response = fixture.response();
            let is_error = response.status >= 400;
            let step = self.answered(Ok(response)).await;
            let judged = |step: Step| if is_error { judge::after_recorded_error(&step) } else { Ok(()) };
            tally.add(&fixture.name, step.and_then(judged));
        }
        tally
    }

    async fn one(&self, rule: &'static rules::Rule, answer: Answer, judge: impl Fn(&Step) -> Verdict) -> Tally {
        Tally::one(rule, "a text", self.answered(answer).await.and_then(|step| judge(&step)))
    }

    async fn answered(&self, answer: Answer) -> Result<Step, String> {
        judge::answered(self.subject.resume(&self.command, &self.request.state, answer).await)
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| Header { name: (*name).to_owned(), value: (*value).to_owned() });
    Response { status, headers: headers.collect(), body: body.as_bytes().to_vec(), saved: None }
}
