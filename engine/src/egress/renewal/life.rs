//! How long a token lives, and what it takes to have another.

use chrono::{DateTime, TimeDelta, Utc};
use patchbay_domain::{
    platform::{OAuth2, Request},
    renewal::renew_at,
};
use patchbay_store::channels::renewal::TokenLife;

use super::exchange;
use crate::channels::ActiveChannel;

/// What it takes to renew the channel's token, if its connector says how and the channel has it all.
pub(super) fn means(channel: &ActiveChannel) -> Option<(&OAuth2, Request)> {
    let oauth2 = channel.manifest().oauth2.as_ref()?;
    Some((oauth2, exchange::request(channel, oauth2)?))
}

pub(super) fn lifetime(oauth2: &OAuth2) -> Option<TimeDelta> {
    oauth2.details.lifetime_ms.and_then(|lifetime| i64::try_from(lifetime).ok()).map(TimeDelta::milliseconds)
}

pub(super) fn life(now: DateTime<Utc>, lifetime: Option<TimeDelta>) -> TokenLife {
    TokenLife {
        expires_at: lifetime.map(|lifetime| now + lifetime),
        renew_at: lifetime.map(|lifetime| renew_at(now, lifetime)),
        try_at: None,
    }
}

/// When the token is to be renewed.
pub(super) fn next(life: &TokenLife) -> Option<DateTime<Utc>> {
    life.renew_at.map(|at| life.try_at.map_or(at, |later| at.max(later)))
}
