//! Whether a token's login is still in force, and who its user is by now. An
//! answer of the store is believed for half a second, so that a revoked login
//! ends within a second on every node, and a busy caller costs two reads a second.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use lru::LruCache;
use patchbay_domain::{LoginId, people::Caller};
use patchbay_store::{Store, StoreError, logins::Login};
use tokio::time::Instant;

use super::Claims;

const BELIEVED: Duration = Duration::from_millis(500);
const KEPT: NonZeroUsize = NonZeroUsize::new(10_000).expect("ten thousand is not zero");

pub struct Logins {
    store: Store,
    known: Mutex<LruCache<LoginId, Known>>,
}

#[derive(Clone)]
struct Known {
    since: Instant,
    caller: Option<Caller>,
}

impl Logins {
    pub fn new(store: Store) -> Self {
        Self { store, known: Mutex::new(LruCache::new(KEPT)) }
    }

    /// Who calls with this token; nobody, where its login has ended.
    pub async fn caller(&self, claims: &Claims, now: DateTime<Utc>) -> Result<Option<Caller>, StoreError> {
        let known = self.known().get(&claims.login).filter(|known| known.since.elapsed() < BELIEVED).cloned();
        let caller = if let Some(known) = known {
            known.caller
        } else {
            // Before the read, so that it is never believed for longer.
            let since = Instant::now();
            let caller = self.store.login(claims.login, now).await?.map(caller);
            self.known().put(claims.login, Known { since, caller: caller.clone() });
            caller
        };
        Ok(caller.filter(|caller| (caller.user_id, caller.organisation_id) == (claims.sub, claims.org)))
    }

    /// Asks the store the next time.
    pub fn forget(&self, login: LoginId) {
        self.known().pop(&login);
    }

    fn known(&self) -> MutexGuard<'_, LruCache<LoginId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn caller(login: Login) -> Caller {
    let Login { id, user_id, organisation_id, dialect, user_name, role, expires_at: _ } = login;
    Caller { organisation_id, user_id, login_id: id, name: user_name, role, dialect }
}
