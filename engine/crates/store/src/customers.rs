//! Customers: contacts as one platform knows them.

use chrono::{DateTime, Utc};
use patchbay_domain::{ChannelId, ContactId, IdentityId, OrganisationId};
use serde_json::Value;

use crate::{Store, StoreError};

#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    pub id: IdentityId,
    pub organisation_id: OrganisationId,
    pub channel_id: ChannelId,
    pub contact_id: ContactId,
    pub name: String,
    pub avatar: Option<String>,
    /// The channel's type.
    pub platform: String,
    pub external_id: String,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub username: Option<String>,
    pub last_message_at: Option<DateTime<Utc>>,
    pub last_message: Option<String>,
    pub is_active: bool,
    pub metadata: Value,
    pub opted_out_at: Option<DateTime<Utc>>,
    pub unreachable_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub ticket_count: u64,
}

#[derive(Clone, Debug, Default)]
pub struct CustomerFilter {
    pub platform: Option<String>,
    pub channel_id: Option<ChannelId>,
    /// Part of the name or of the platform's identifier, in any case.
    pub search: Option<String>,
}

impl Store {
    pub async fn customer(
        &self,
        _organisation_id: OrganisationId,
        _id: IdentityId,
    ) -> Result<Option<Customer>, StoreError> {
        Err(StoreError::pending())
    }
}
