//! Writes that may be repeated.

use uuid::Uuid;

/// The id for what a request makes: the same when the request is repeated with its idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteId {
    pub id: Uuid,
    /// It may have been made before, by a request whose answer was lost: look first.
    pub repeated: bool,
}
