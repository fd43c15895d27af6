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

#[cfg(test)]
mod tests {
    use super::with_secrets;
    use crate::encoding::to_hex;
    use crate::host::{Algorithm, configured, digest, equal, hmac, matches, verify_ecdsa_p256};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    /// RFC 2202 and RFC 4231, test case 2.
    #[test]
    fn hmac_agrees_with_the_published_vectors() {
        let expected = [
            (Algorithm::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Algorithm::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                Algorithm::Sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd\
                 caeab1a34d4a6b4b636e070a38bce737",
            ),
        ];
        with_secrets([("key", "Jefe")], || {
            for (algorithm, mac) in expected {
                assert_eq!(to_hex(&hmac(algorithm, &["key"], b"what do ya want for nothing?").unwrap()), mac);
            }
        });
    }

    #[test]
    fn several_secrets_are_escaped_and_joined() {
        with_secrets([("consumer", "a b"), ("token", "c&d"), ("joined", "a%20b&c%26d")], || {
            let joined = hmac(Algorithm::Sha1, &["joined"], b"data");
            assert_eq!(hmac(Algorithm::Sha1, &["consumer", "token"], b"data"), joined);
        });
    }

    #[test]
    fn an_unset_secret_signs_nothing_and_equals_nothing() {
        with_secrets([("empty", "")], || {
            for name in ["empty", "absent"] {
                assert!(hmac(Algorithm::Sha256, &[name], b"").unwrap_err().contains(name));
                assert!(!matches("", name));
                assert!(!configured(name));
            }
        });
    }

    #[test]
    fn secrets_end_with_the_closure() {
        with_secrets([("token", "outer")], || {
            with_secrets([("token", "inner")], || assert!(matches("inner", "token")));
            assert!(matches("outer", "token"));
        });
        assert!(!configured("token"));
    }

    #[test]
    fn digests_and_comparisons_are_those_of_the_bytes() {
        assert_eq!(to_hex(&digest(Algorithm::Sha1, b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(equal(b"abc", b"abc") && !equal(b"abc", b"abd") && !equal(b"abc", b"ab"));
    }

    /// The vector of SendGrid's own event webhook tests.
    #[test]
    fn ecdsa_accepts_the_signature_of_these_bytes_only() {
        let key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
        let signature = STANDARD
            .decode("MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=")
            .unwrap();
        let body = concat!(
            r#"[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","#,
            r#""sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","#,
            r#""sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","#,
            r#""smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]"#,
            "\r\n"
        );
        let signed = format!("1600112502{body}");
        assert!(verify_ecdsa_p256(key, signed.as_bytes(), &signature));
        assert!(!verify_ecdsa_p256(key, body.as_bytes(), &signature));
        assert!(!verify_ecdsa_p256("no key", signed.as_bytes(), &signature));
        assert!(!verify_ecdsa_p256(key, signed.as_bytes(), b"no signature"));
    }
}
