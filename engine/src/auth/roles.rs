//! Who acts, and what their role allows. To add a permission: a type that only
//! its rule makes, so that a service that needs it cannot be called without.

use std::{net::IpAddr, ops::Deref};

use patchbay_domain::people::Caller;

/// A caller and where the call came from, as the audit log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub caller: Caller,
    pub origin: Origin,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub method: String,
    pub path: String,
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
}

impl Deref for Principal {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only administrators may do this")]
pub struct Forbidden;

/// A principal who is an administrator of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin(Principal);

impl Admin {
    pub fn of(principal: Principal) -> Result<Self, Forbidden> {
        if principal.role.is_admin() { Ok(Self(principal)) } else { Err(Forbidden) }
    }
}

impl Deref for Admin {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use patchbay_domain::{
        LoginId, OrganisationId, UserId,
        people::{Dialect, Role},
    };

    use super::*;

    #[test]
    fn owners_and_admins_are_administrators_and_agents_are_not() {
        let now = DateTime::UNIX_EPOCH;
        let may = |role| {
            let caller = Caller {
                organisation_id: OrganisationId::at(now),
                user_id: UserId::at(now),
                login_id: LoginId::at(now),
                name: "Ada".into(),
                role,
                dialect: Dialect::Helpdesk,
            };
            Admin::of(Principal { caller, origin: Origin::default() }).is_ok()
        };
        assert_eq!([Role::Owner, Role::Admin, Role::Agent].map(may), [true, true, false]);
    }
}
