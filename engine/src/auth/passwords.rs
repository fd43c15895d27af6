//! Passwords: argon2id, off the threads that answer requests, a few at a time.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{Error, PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// How many may wait for each one being worked on; further callers are asked to come back.
const WAITING: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("too many people are logging in at this moment")]
    Busy,
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

#[derive(Clone)]
pub struct Passwords {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Verified when there is no account, so that both take the same time.
    nobody: Arc<str>,
}

impl Passwords {
    /// At most `workers` passwords are hashed at once. Computes for a moment.
    pub fn new(workers: usize) -> Result<Self, PasswordError> {
        let workers = workers.max(1);
        Ok(Self {
            working: Arc::new(Semaphore::new(workers)),
            waiting: Arc::new(Semaphore::new(workers * WAITING)),
            nobody: hash(&rand::random::<[u8; 16]>())?.into(),
        })
    }

    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || hash(password.as_bytes())).await
    }

    /// Whether this is the account's password. Without an account it takes as long, and is false.
    pub async fn verify(&self, password: String, account: Option<String>) -> Result<bool, PasswordError> {
        let known = account.is_some();
        let stored = account.unwrap_or_else(|| self.nobody.to_string());
        Ok(self.run(move || verify(password.as_bytes(), &stored)).await? && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let turn = Arc::clone(&self.working).acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let done = spawn_blocking(move || {
            // Held by the work itself: a caller that goes away does not make room for another.
            let _held = (place, turn);
            work()
        });
        done.await.map_err(|error| PasswordError::Failed(error.to_string()))?
    }
}

fn hash(password: &[u8]) -> Result<String, PasswordError> {
    let hash: PasswordHash = Argon2::default().hash_password(password).map_err(failed)?;
    Ok(hash.to_string())
}

fn verify(password: &[u8], stored: &str) -> Result<bool, PasswordError> {
    let stored = PasswordHash::new(stored).map_err(|error| PasswordError::Failed(error.to_string()))?;
    match Argon2::default().verify_password(password, &stored) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: Error) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised_and_another_is_not() {
        let passwords = Passwords::new(2).unwrap();
        let stored = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        assert!(passwords.verify("correct horse".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify("battery staple".to_owned(), Some(stored)).await.unwrap());
        assert!(!passwords.verify("correct horse".to_owned(), None).await.unwrap());
    }

    #[tokio::test]
    async fn the_same_password_is_stored_differently_each_time() {
        let passwords = Passwords::new(1).unwrap();
        let (a, b) = (passwords.hash("same".to_owned()).await, passwords.hash("same".to_owned()).await);
        assert_ne!(a.unwrap(), b.unwrap());
    }

    #[tokio::test]
    async fn a_crowd_is_asked_to_come_back() {
        let passwords = Passwords::new(1).unwrap();
        let crowd = Arc::clone(&passwords.waiting).try_acquire_many_owned(u32::try_from(WAITING).unwrap()).unwrap();
        assert!(matches!(passwords.verify("x".to_owned(), None).await, Err(PasswordError::Busy)));
        drop(crowd);
        assert!(!passwords.verify("x".to_owned(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_lets_nobody_in() {
        let passwords = Passwords::new(1).unwrap();
        assert!(passwords.verify("x".to_owned(), Some("plain text".to_owned())).await.is_err());
    }
}
