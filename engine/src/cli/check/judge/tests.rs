use patchbay_domain::platform::{Auth, Body, Reply};

use super::*;

fn failed(kind: FailureKind) -> Step {
    Step::Failed(Failure { kind, code: None, message: String::new(), retry_after_ms: None, scope: None })
}

fn request(method: &str, url: &str) -> Request {
    Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        auth: Auth::None,
        body: Body::Empty,
        timeout_ms: None,
        save_body: false,
        idempotent: false,
        state: Vec::new(),
    }
}

fn sent() -> Step {
    Step::Done(Outcome::Sent(vec!["1".to_owned()]))
}

#[test]
fn a_lost_answer_is_unknown_unless_it_may_be_asked_for_again() {
    let post = request("POST", "https://api.example.com/");
    let safe = Request { idempotent: true, ..post.clone() };
    assert!(after_lost_answer(&post, &failed(FailureKind::Unknown)).is_ok());
    assert!(after_lost_answer(&post, &Step::Request(request("GET", ""))).is_ok());
    assert!(after_lost_answer(&safe, &failed(FailureKind::Temporary)).is_ok());
    for wrong in [failed(FailureKind::Temporary), failed(FailureKind::Rejected), sent(), Step::Request(post.clone())] {
        assert!(after_lost_answer(&post, &wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn each_answer_has_the_kinds_of_failure_that_fit_it() {
    use FailureKind::{RateLimited, Rejected, Temporary, Unauthorized, Unknown};
    type Judgement = fn(&Step) -> Verdict;
    let cases: [(Judgement, &[FailureKind], &[FailureKind]); 5] = [
        (after_not_sent, &[Temporary, RateLimited], &[Unknown, Rejected]),
        (after_too_many, &[Temporary, RateLimited], &[Unknown, Rejected]),
        (after_server_error, &[Temporary, Unknown], &[Rejected, Unauthorized]),
        (after_unreadable_answer, &[Unknown], &[Temporary, Rejected]),
        (after_refused_credentials, &[Unauthorized], &[Rejected, Temporary]),
    ];
    for (judge, right, wrong) in cases {
        assert!(right.iter().all(|kind| judge(&failed(*kind)).is_ok()), "{right:?}");
        assert!(wrong.iter().all(|kind| judge(&failed(*kind)).is_err()), "{wrong:?}");
    }
    assert!(after_not_sent(&sent()).is_err() && after_too_many(&sent()).is_err());
    let asks = |method| Step::Request(request(method, ""));
    assert!(after_server_error(&asks("GET")).is_ok() && after_server_error(&asks("POST")).is_err());
    assert!(after_server_error(&sent()).is_err() && after_refused_credentials(&sent()).is_err());
    assert!(after_unreadable_answer(&sent()).is_ok());
    assert!(after_unreadable_answer(&Step::Done(Outcome::Sent(Vec::new()))).is_err());
    assert!(after_recorded_error(&sent()).is_err() && after_recorded_error(&failed(Rejected)).is_ok());
}

#[test]
fn a_wait_is_not_shortened() {
    let asked = |wait| {
        let Step::Failed(failure) = failed(FailureKind::RateLimited) else { unreachable!("it failed") };
        Step::Failed(Failure { retry_after_ms: wait, ..failure })
    };
    assert!(waits(&asked(Some(7000)), 7000).is_ok());
    assert!(waits(&asked(Some(6999)), 7000).is_err() && waits(&asked(None), 7000).is_err());
}

#[test]
fn a_redirect_leads_nowhere() {
    let elsewhere = Step::Request(request("POST", "https://elsewhere.example/messages"));
    assert!(after_redirect(&elsewhere, "elsewhere.example").is_err());
    assert!(after_redirect(&sent(), "elsewhere.example").is_err());
    assert!(after_redirect(&failed(FailureKind::Rejected), "elsewhere.example").is_ok());
}

#[test]
fn a_forgery_is_unauthentic_and_a_good_webhook_is_answered_well() {
    let keep = |status| Ok(Acceptance::Keep(Reply { status, headers: Vec::new(), body: Vec::new() }));
    let (unauthentic, malformed) =
        (Err(Rejection::Unauthentic("no".to_owned())), Err(Rejection::Malformed("no".to_owned())));
    assert!(is_authentic(&keep(200)).is_ok() && is_authentic(&keep(500)).is_err());
    assert!(is_authentic(&unauthentic).is_err() && is_authentic(&malformed).is_ok());
    assert!(is_forged(&unauthentic).is_ok() && is_forged(&malformed).is_err() && is_forged(&keep(200)).is_err());
}

#[test]
fn events_are_compared_by_what_happened_to_what() {
    let ignored = |reason: &str| vec![Event::Ignored(reason.to_owned())];
    assert!(is_alike(&ignored("a"), &Ok(ignored("b"))).is_ok());
    assert!(is_same(&Ok(ignored("a")), &Ok(ignored("b"))).is_err());
    assert!(is_same(&Err("a".to_owned()), &Err("b".to_owned())).is_ok());
    assert!(is_alike(&ignored("a"), &Err("no".to_owned())).is_err());
    assert!(is_alike(&ignored("a"), &Ok(Vec::new())).unwrap_err().contains("no events"));
    assert!(is_quiet(&Ok(ignored("a"))).is_ok() && is_quiet(&Err(String::new())).is_ok());
}
