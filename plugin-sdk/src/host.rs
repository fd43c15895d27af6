//! What the engine does for a connector: keyed hashes over secrets that the connector never sees, and the log.
//!
//! In a component these are the imported functions. Natively they are those of [`crate::testing`], with real
//! cryptography and the secrets of the test.

pub use crate::bindings::patchbay::connector::crypto::Algorithm;
pub use crate::bindings::patchbay::connector::log::Level;

#[cfg(target_arch = "wasm32")]
use crate::bindings::patchbay::connector::{crypto, log as logging};
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host::{crypto, logging};

/// What stands in an answer where a platform repeats a secret of the channel.
pub const REDACTED: &str = "[redacted]";

/// The HMAC of `data` under a secret; several secrets are percent-encoded and joined with `&`. An error says which
/// secret has no value.
pub fn hmac(algorithm: Algorithm, secrets: &[&str], data: &[u8]) -> Result<Vec<u8>, String> {
    let names: Vec<String> = secrets.iter().map(|&name| name.to_owned()).collect();
    crypto::hmac(algorithm, &names, data)
}

pub fn digest(algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
    crypto::digest(algorithm, data)
}

/// Equality that takes as long whatever the bytes are.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    crypto::equal(a, b)
}

/// Whether the text is the secret's value. An unset secret matches nothing.
pub fn matches(text: &str, secret: &str) -> bool {
    crypto::matches(text, secret)
}

/// Whether the channel has a value for this secret.
pub fn configured(secret: &str) -> bool {
    crypto::configured(secret)
}

/// ECDSA over P-256 with SHA-256: the public key as SPKI in base64, the signature as DER.
pub fn verify_ecdsa_p256(public_key: &str, data: &[u8], signature: &[u8]) -> bool {
    crypto::verify_ecdsa_p256(public_key, data, signature)
}

/// Never log a body, a token, a telephone number or an address.
pub fn log(level: Level, message: &str) {
    logging::log(level, message);
}
