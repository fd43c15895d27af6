//! Who stands above whom where people and sessions are managed: the owner above everybody and everything, an
//! administrator above those and that which they made, an agent above nothing.

use crate::{
    UserId,
    people::{Caller, Role},
};

/// Whether somebody of one role may make a user of another. There is one owner, who signed up.
#[must_use]
pub const fn may_appoint(role: Role, new: Role) -> bool {
    matches!((role, new), (Role::Owner, Role::Admin | Role::Agent) | (Role::Admin, Role::Agent))
}

/// Whether the caller manages what this user made, or a user whom this user made or invited.
#[must_use]
pub fn manages(caller: &Caller, maker: Option<UserId>) -> bool {
    match caller.role {
        Role::Owner => true,
        Role::Admin => maker == Some(caller.user_id),
        Role::Agent => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{LoginId, OrganisationId, people::Dialect};

    #[test]
    fn nobody_appoints_an_equal() {
        use Role::{Admin, Agent, Owner};
        let appointed = |role| [Owner, Admin, Agent].map(|new| may_appoint(role, new));
        assert_eq!(appointed(Owner), [false, true, true]);
        assert_eq!(appointed(Admin), [false, false, true]);
        assert_eq!(appointed(Agent), [false, false, false]);
    }

    #[test]
    fn an_administrator_manages_what_they_made() {
        let now = DateTime::UNIX_EPOCH;
        let caller = |role| Caller {
            organisation_id: OrganisationId::at(now),
            user_id: UserId::at(now),
            login_id: LoginId::at(now),
            name: "Ada".into(),
            role,
            dialect: Dialect::Sessions,
        };
        let managed =
            |caller: &Caller| [Some(caller.user_id), Some(UserId::at(now)), None].map(|maker| manages(caller, maker));
        assert_eq!(managed(&caller(Role::Owner)), [true, true, true]);
        assert_eq!(managed(&caller(Role::Admin)), [true, false, false]);
        assert_eq!(managed(&caller(Role::Agent)), [false, false, false]);
    }
}
