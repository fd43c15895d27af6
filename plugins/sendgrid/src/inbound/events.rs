//! What became of mails that were sent. Events come in any order and more than once; a mail with copies has those of
//! each recipient, of which only the contact's count.

use super::headers::address;
use super::text::beginning;
use crate::identifiers::own;
use crate::outbound::{CORRELATION, RECIPIENT, SENDER};
use crate::settings::Settings;
use patchbay_plugin_sdk::{DeliveryState, DeliveryStatus, Event, Failure, Participant, Timestamp, Webhook};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const LONGEST_REASON: usize = 1000;

/// One event, whatever its shape.
struct Report<'a>(&'a Value);

impl<'a> Report<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Seconds, which may be fractions or text.
    fn at(&self) -> Option<Timestamp> {
        let seconds = match self.0.get("timestamp")? {
            Value::String(text) => text.trim().parse().ok()?,
            number => number.as_f64()?,
        };
        let since = Duration::try_from_secs_f64(seconds).ok()?;
        u64::try_from(since.as_millis()).ok().filter(|at| *at > 0)
    }

    fn person(&self) -> Option<Participant> {
        let id = address(self.text("email")?)?;
        Some(Participant { email: Some(id.clone()), ..Participant::new(id) })
    }
}

/// The senders of the mails, as they were given when those were sent.
pub fn senders(webhook: &Webhook) -> Vec<String> {
    let Ok(reports) = webhook.json::<Vec<Value>>() else { return Vec::new() };
    reports.iter().filter_map(|report| Report(report).text(SENDER).map(str::to_owned)).collect()
}

pub fn read(settings: &Settings, webhook: &Webhook) -> Result<Vec<Event>, String> {
    let Value::Array(reports) = webhook.json::<Value>()? else {
        return Ok(vec![Event::ignored("not a list of events")]);
    };
    let mut seen = BTreeSet::new();
    let mut ignored = BTreeSet::new();
    let mut events = Vec::new();
    for report in &reports {
        let report = Report(report);
        if report.text("sg_event_id").is_some_and(|id| !seen.insert(id)) {
            continue;
        }
        // A shared webhook carries the events of other channels too.
        if report.text(SENDER).is_some_and(|sender| settings.address().is_some() && !settings.is_own(sender)) {
            continue;
        }
        match event(&report, webhook.received_at) {
            Ok(event) => events.push(event),
            // Said once, however many there are.
            Err(reason) if ignored.insert(reason.clone()) => events.push(Event::ignored(reason)),
            Err(_) => {}
        }
    }
    Ok(events)
}

/// The error is why it means nothing.
fn event(report: &Report<'_>, received_at: Timestamp) -> Result<Event, String> {
    let kind = report.text("event").ok_or("an event without a kind")?;
    let state = match kind {
        "processed" | "deferred" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "open" | "click" => DeliveryState::Read,
        "bounce" | "dropped" => DeliveryState::Failed,
        "spamreport" | "unsubscribe" | "group_unsubscribe" => return person(report).map(Event::OptOut),
        "group_resubscribe" => return person(report).map(Event::OptIn),
        other => return Err(format!("an event of another kind: {}", beginning(other, 40))),
    };
    let written_to = report.text(RECIPIENT);
    if written_to.is_some_and(|to| report.text("email").is_some_and(|email| !email.eq_ignore_ascii_case(to))) {
        return Err("what became of a copy".to_owned());
    }
    let id = report.text("sg_message_id").and_then(message_id).map(str::to_owned);
    let carried = || report.text("smtp-id").and_then(own).map(|own| own.id);
    let correlation = report.text(CORRELATION).map(str::to_owned).or_else(carried);
    if id.is_none() && correlation.is_none() {
        return Err("an event of no message that can be told".to_owned());
    }
    let failure = (state == DeliveryState::Failed).then(|| failure(kind, report));
    // Nothing became of it after it was told.
    let at = report.at().map_or(received_at, |at| at.min(received_at));
    Ok(Event::Status(DeliveryStatus { id, correlation, thread: None, up_to: None, state, at, failure }))
}

fn person(report: &Report<'_>) -> Result<Participant, String> {
    report.person().ok_or_else(|| "a consent of nobody".to_owned())
}

/// What `X-Message-Id` said when the mail was accepted: the part before the server that handled it. Some drops name
/// only the server.
fn message_id(text: &str) -> Option<&str> {
    let end = [".filter", ".recvd"].into_iter().filter_map(|mark| text.find(mark)).min().or_else(|| text.find('.'));
    let id = text.get(..end.unwrap_or(text.len()))?;
    (!id.is_empty() && !id.starts_with("filter")).then_some(id)
}

fn failure(kind: &str, report: &Report<'_>) -> Failure {
    let reason = report.text("reason").or_else(|| report.text("response")).unwrap_or("SendGrid gave no reason");
    let reason = beginning(reason, LONGEST_REASON);
    let failure = match (kind, report.text("type")) {
        // Refused this once: the address is not at fault.
        ("bounce", Some(kind)) if kind != "bounce" => Failure::rejected(reason),
        ("dropped", _) if is_about_the_mail(reason) => Failure::rejected(reason),
        _ => Failure::unreachable(reason),
    };
    match report.text("status") {
        Some(status) => failure.code(beginning(status, 40)),
        None => failure,
    }
}

/// Most drops are for the address. These are not.
fn is_about_the_mail(reason: &str) -> bool {
    ["Spam Content", "Invalid SMTPAPI header", "Recipient List over Package Quota"]
        .into_iter()
        .any(|start| reason.starts_with(start))
}
