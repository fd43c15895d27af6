//! Who may do what.

use serde::{Deserialize, Serialize};

use crate::{LoginId, OrganisationId, UserId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    Owner,
    Admin,
    Agent,
}

impl Role {
    #[must_use]
    pub const fn is_admin(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

/// The REST dialect a login was made in; its token answers in the same one everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    Helpdesk,
    Inbox,
    Business,
    Sessions,
}

/// On whose behalf a service call is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub organisation_id: OrganisationId,
    pub user_id: UserId,
    pub login_id: LoginId,
    pub name: String,
    pub role: Role,
    pub dialect: Dialect,
}
