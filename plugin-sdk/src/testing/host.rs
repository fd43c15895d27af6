//! The host functions for native tests: real cryptography, secrets from the test.

use std::cell::RefCell;
use std::collections::HashMap;

type Secrets = HashMap<String, String>;

thread_local! {
    static SECRETS: RefCell<Secrets> = RefCell::default();
}

/// Puts the former secrets back, also when the test panics.
struct Restore(Secrets);

impl Drop for Restore {
    fn drop(&mut self) {
        SECRETS.set(std::mem::take(&mut self.0));
    }
}

/// Runs with exactly these secrets configured, on this thread.
pub fn with_secrets<const N: usize, R>(secrets: [(&str, &str); N], run: impl FnOnce() -> R) -> R {
    let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let _restore = Restore(SECRETS.replace(secrets));
    run()
}

fn secret(name: &str) -> Option<String> {
    SECRETS.with_borrow(|secrets| secrets.get(name).filter(|value| !value.is_empty()).cloned())
}

pub(crate) mod crypto {
    use super::secret;
    use crate::encoding::encode_component;
    use crate::host::Algorithm;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, KeyInit, Mac};
    use p256::ecdsa::signature::Verifier;
    use p256::ecdsa::{DerSignature, VerifyingKey};
    use p256::pkcs8::DecodePublicKey;
    use sha1::Sha1;
    use sha2::{Digest, Sha256, Sha512};
    use subtle::ConstantTimeEq;

    pub(crate) fn hmac(algorithm: Algorithm, names: &[String], data: &[u8]) -> Result<Vec<u8>, String> {
        let key = key(names)?;
        Ok(keyed(algorithm, key.as_bytes(), data))
    }

    /// The HMAC under a key that the test knows, as the platform would compute it.
    pub(crate) fn keyed(algorithm: Algorithm, key: &[u8], data: &[u8]) -> Vec<u8> {
        fn with<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
            let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        }
        match algorithm {
            Algorithm::Sha1 => with::<Hmac<Sha1>>(key, data),
            Algorithm::Sha256 => with::<Hmac<Sha256>>(key, data),
            Algorithm::Sha512 => with::<Hmac<Sha512>>(key, data),
        }
    }

    fn key(names: &[String]) -> Result<String, String> {
        let value =
            |name: &String| secret(name).ok_or_else(|| format!("the channel has no value for the secret {name}"));
        match names {
            [] => Err("name at least one secret".to_owned()),
            [name] => value(name),
            several => {
                let values: Vec<String> = several.iter().map(value).collect::<Result<_, _>>()?;
                Ok(values.iter().map(|value| encode_component(value)).collect::<Vec<_>>().join("&"))
            }
        }
    }

    pub(crate) fn digest(algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
        match algorithm {
            Algorithm::Sha1 => Sha1::digest(data).to_vec(),
            Algorithm::Sha256 => Sha256::digest(data).to_vec(),
            Algorithm::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
        a.ct_eq(b).into()
    }

    pub(crate) fn matches(text: &str, name: &str) -> bool {
        secret(name).is_some_and(|value| equal(text.as_bytes(), value.as_bytes()))
    }

    pub(crate) fn configured(name: &str) -> bool {
        secret(name).is_some()
    }

    pub(crate) fn verify_ecdsa_p256(public_key: &str, data: &[u8], signature: &[u8]) -> bool {
        let key = STANDARD.decode(public_key).ok().and_then(|der| VerifyingKey::from_public_key_der(&der).ok());
        match (key, DerSignature::from_bytes(signature)) {
            (Some(key), Ok(signature)) => key.verify(data, &signature).is_ok(),
            _ => false,
        }
    }
}

pub(crate) mod logging {
    use crate::host::Level;

    /// Shown by the test runner when the test fails.
    pub(crate) fn log(level: Level, message: &str) {
        eprintln!("{level:?}: {message}");
    }
}
