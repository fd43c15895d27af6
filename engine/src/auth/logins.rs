//! Whether a token's login is still in force, and who its user is by now. An
//! answer of the store is believed for half a second, so that a revoked login
//! ends within a second on every node, and a busy caller costs two reads a second.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Duration, Utc};
use lru::LruCache;
use patchbay_domain::{LoginId, UserId, people::Caller};
use patchbay_store::{Store, StoreError, logins::Login};

use super::Claims;

const BELIEVED: Duration = Duration::milliseconds(500);
const KEPT: NonZeroUsize = NonZeroUsize::new(10_000).expect("ten thousand is not zero");

pub struct Logins {
    store: Store,
    known: Mutex<LruCache<LoginId, Known>>,
}

#[derive(Clone)]
struct Known {
    since: DateTime<Utc>,
    caller: Option<Caller>,
}

impl Logins {
    pub fn new(store: Store) -> Self {
        Self { store, known: Mutex::new(LruCache::new(KEPT)) }
    }

    /// Who calls with this token; nobody, where its login has ended.
    pub async fn caller(&self, claims: &Claims, now: DateTime<Utc>) -> Result<Option<Caller>, StoreError> {
        let caller = self.current(claims.login, now).await?;
        Ok(caller.filter(|caller| (caller.user_id, caller.organisation_id) == (claims.sub, claims.org)))
    }

    /// Whose login it is by now; nobody's, where it has ended.
    pub async fn current(&self, login: LoginId, now: DateTime<Utc>) -> Result<Option<Caller>, StoreError> {
        let believed = |known: &&Known| (Duration::zero()..BELIEVED).contains(&(now - known.since));
        if let Some(known) = self.known().get(&login).filter(believed).cloned() {
            return Ok(known.caller);
        }
        let caller = self.store.login(login, now).await?.map(caller);
        self.known().put(login, Known { since: now, caller: caller.clone() });
        Ok(caller)
    }

    /// Asks the store the next time.
    pub fn forget(&self, login: LoginId) {
        self.known().pop(&login);
    }

    /// The same for all of a user's.
    pub fn forget_user(&self, user: UserId) {
        let mut known = self.known();
        let theirs =
            known.iter().filter(|(_, known)| known.caller.as_ref().is_some_and(|caller| caller.user_id == user));
        let theirs: Vec<LoginId> = theirs.map(|(login, _)| *login).collect();
        for login in theirs {
            known.pop(&login);
        }
    }

    fn known(&self) -> MutexGuard<'_, LruCache<LoginId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn caller(login: Login) -> Caller {
    let Login { id, user_id, organisation_id, dialect, user_name, role, expires_at: _ } = login;
    Caller { organisation_id, user_id, login_id: id, name: user_name, role, dialect }
}

#[cfg(test)]
mod tests {
    use patchbay_domain::{
        OrganisationId, UserId,
        people::{Dialect, Role},
    };
    use patchbay_store::{logins::NewLogin, users::NewUser};

    use super::*;
    use crate::{auth::tokens::tests::tokens, testing::on_sizes};

    /// An owner of a new organisation, logged in.
    async fn log_in(store: &Store, now: DateTime<Utc>) -> Claims {
        let (user, organisation, login) = (UserId::at(now), OrganisationId::at(now), LoginId::at(now));
        let owner = NewUser {
            id: user,
            organisation_id: organisation,
            email: Some(format!("{user}@example.com")),
            username: None,
            name: "Ada".to_owned(),
            password_hash: "x".to_owned(),
            role: Role::Owner,
            created_by: None,
        };
        store.sign_up("Acme", &owner, None, now).await.unwrap();
        let new = NewLogin {
            id: login,
            user_id: user,
            organisation_id: organisation,
            dialect: Dialect::Helpdesk,
            refresh_hash: login.to_string(),
            expires_at: now + Duration::days(30),
        };
        store.create_login(&new, now).await.unwrap();
        let tokens = tokens("0123456789abcdef0123456789abcdef");
        let token = tokens.access((user, organisation, login), Dialect::Helpdesk, now).unwrap();
        tokens.verify(&token, now).unwrap()
    }

    on_sizes! { [Embedded as embedded, Postgres as postgres] async fn what_ends_on_another_node_ends_here_within_half_a_second(space) {
        let now = Utc::now();
        let (claims, logins) = (log_in(&space.store, now).await, Logins::new(space.store.clone()));
        let role = async |at| logins.caller(&claims, at).await.unwrap().map(|caller| caller.role);
        assert_eq!(role(now).await, Some(Role::Owner));

        space.store.revoke_login(claims.login, now).await.unwrap();
        assert_eq!(role(now + Duration::milliseconds(499)).await, Some(Role::Owner));
        assert_eq!(role(now + Duration::milliseconds(500)).await, None);
    }}

    on_sizes! { [Embedded as embedded, Postgres as postgres] async fn a_deactivated_user_is_nobody(space) {
        let now = Utc::now();
        let (claims, logins) = (log_in(&space.store, now).await, Logins::new(space.store.clone()));
        assert!(logins.caller(&claims, now).await.unwrap().is_some());
        space.store.deactivate_user(claims.org, claims.sub, None, now).await.unwrap();
        logins.forget_user(claims.sub);
        assert_eq!(logins.caller(&claims, now).await.unwrap(), None);
    }}

    on_sizes! { [Embedded as embedded, Postgres as postgres] async fn a_token_speaks_for_its_own_user_and_organisation_only(space) {
        let now = Utc::now();
        let (ours, theirs) = (log_in(&space.store, now).await, log_in(&space.store, now).await);
        let logins = Logins::new(space.store.clone());
        let mut mixed = ours.clone();
        mixed.org = theirs.org;
        assert_eq!(logins.caller(&mixed, now).await.unwrap(), None);
        let mut mixed = ours.clone();
        mixed.sub = theirs.sub;
        assert_eq!(logins.caller(&mixed, now).await.unwrap(), None);
        assert!(logins.caller(&ours, now).await.unwrap().is_some());
    }}
}
