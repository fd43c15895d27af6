//! Echoes: what the business wrote, as a platform tells of it. One of a message that the channel has already says only
//! that the platform took it. It opens no conversation: some platforms do not name the other side of an answer, and its
//! echo would look like the beginning of another one.

use std::collections::HashSet;

use patchbay_domain::{
    MessageId,
    platform::{DeliveryStatus, InboundMessage, ReportedState},
};
use patchbay_store::StoreError;

use super::{
    Shared,
    desk::Desk,
    inbound::{Found, Part},
};
use crate::{conversation::Input, retry};

/// An echo with our own identifier in it.
pub fn own(message: &InboundMessage) -> Option<DeliveryStatus> {
    let correlation = message.correlation.clone().filter(|text| message.echo && text.parse::<MessageId>().is_ok())?;
    Some(DeliveryStatus { correlation: Some(correlation), ..taken(message) })
}

/// Echoes of messages whose identifier the channel knows become reports of them.
pub async fn settle_known<'a>(
    shared: &Shared,
    desk: &Desk,
    found: impl Iterator<Item = &'a mut Found>,
) -> Result<(), StoreError> {
    let mut echoes: Vec<&mut Found> = found.filter(|found| echo(found).is_some()).collect();
    let ids: Vec<String> = echoes.iter().filter_map(|found| Some(echo(found)?.id.clone())).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let look = || shared.store.known_external_ids(desk.channel_id, &ids);
    let known: HashSet<String> = retry::while_unavailable("known_external_ids", look).await?;
    for found in &mut echoes {
        if let Some(message) = echo(found).filter(|message| known.contains(&message.id)) {
            **found = Found::Part(Part::Status(taken(message)));
        }
    }
    Ok(())
}

fn echo(found: &Found) -> Option<&InboundMessage> {
    match found {
        Found::Open(_, Input::Message { message, .. }) if message.echo => Some(message),
        _ => None,
    }
}

fn taken(message: &InboundMessage) -> DeliveryStatus {
    DeliveryStatus {
        id: Some(message.id.clone()),
        correlation: None,
        thread: Some(message.thread.clone()),
        up_to: None,
        state: ReportedState::Sent,
        at: message.sent_at,
        failure: None,
    }
}
