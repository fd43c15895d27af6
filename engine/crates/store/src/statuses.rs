//! What platforms report of messages.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, platform::DeliveryStatus};

use crate::{Store, StoreError};

#[derive(Clone, Debug, PartialEq)]
pub struct StatusReport {
    pub channel_id: ChannelId,
    pub status: DeliveryStatus,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusCounts {
    pub applied: u64,
    pub pending: u64,
    pub unchanged: u64,
}

impl Store {
    pub async fn apply_statuses(
        &self,
        _reports: &[StatusReport],
        _now: DateTime<Utc>,
    ) -> Result<StatusCounts, StoreError> {
        Err(StoreError::pending())
    }

    pub async fn expire_pending_statuses(&self, _before: DateTime<Utc>) -> Result<u64, StoreError> {
        Err(StoreError::pending())
    }
}
