//! The `crypto` import: keyed hashes over secrets that stay outside, and checks in constant time.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use p256::{
    ecdsa::{Signature, VerifyingKey, signature::Verifier},
    pkcs8::DecodePublicKey,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use crate::{
    SecretMap,
    bindings::patchbay::connector::crypto::{Algorithm, Host},
    state::State,
};

/// What OAuth 1.0a leaves as it is (RFC 5849, section 3.6).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Host for State {
    fn hmac(&mut self, algorithm: Algorithm, key: Vec<String>, data: Vec<u8>) -> Result<Vec<u8>, String> {
        let key = joined(&self.secrets, &key)?;
        match algorithm {
            Algorithm::Sha1 => keyed::<Hmac<Sha1>>(&key, &data),
            Algorithm::Sha256 => keyed::<Hmac<Sha256>>(&key, &data),
            Algorithm::Sha512 => keyed::<Hmac<Sha512>>(&key, &data),
        }
    }

    fn digest(&mut self, algorithm: Algorithm, data: Vec<u8>) -> Vec<u8> {
        match algorithm {
            Algorithm::Sha1 => Sha1::digest(data).to_vec(),
            Algorithm::Sha256 => Sha256::digest(data).to_vec(),
            Algorithm::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    fn equal(&mut self, a: Vec<u8>, b: Vec<u8>) -> bool {
        a.ct_eq(&b).into()
    }

    fn matches(&mut self, text: String, secret: String) -> bool {
        self.secrets.get(&secret).is_some_and(|value| value.as_bytes().ct_eq(text.as_bytes()).into())
    }

    fn configured(&mut self, secret: String) -> bool {
        self.secrets.get(&secret).is_some()
    }

    fn verify_ecdsa_p256(&mut self, public_key: String, data: Vec<u8>, signature: Vec<u8>) -> bool {
        let key = BASE64_STANDARD.decode(public_key).ok().and_then(|der| VerifyingKey::from_public_key_der(&der).ok());
        let signature = Signature::from_der(&signature).ok();
        key.zip(signature).is_some_and(|(key, signature)| key.verify(&data, &signature).is_ok())
    }
}

fn joined(secrets: &SecretMap, names: &[String]) -> Result<String, String> {
    let value = |name: &String| secrets.get(name).ok_or_else(|| format!("the channel has no value for {name:?}"));
    match names {
        [] => Err("an HMAC needs the name of a secret".to_owned()),
        [name] => value(name).map(str::to_owned),
        names => {
            let encoded = |name| value(name).map(|value| utf8_percent_encode(value, UNRESERVED).to_string());
            Ok(names.iter().map(encoded).collect::<Result<Vec<_>, _>>()?.join("&"))
        }
    }
}

fn keyed<M: Mac + KeyInit>(key: &str, data: &[u8]) -> Result<Vec<u8>, String> {
    let mac = <M as KeyInit>::new_from_slice(key.as_bytes()).map_err(|error| error.to_string())?;
    Ok(mac.chain_update(data).finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChannelView, HostConfig};

    fn state() -> State {
        let mut state = State::new(&HostConfig::default());
        let secrets = [("key", "Jefe"), ("consumer", "kd94 hf93"), ("token", "pfkk/dh9"), ("empty", "")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let channel = ChannelView {
            id: patchbay_domain::ChannelId::from_uuid(uuid::Uuid::nil()),
            channel_type: "MOCK".to_owned(),
            config: "{}".into(),
            webhook_url: String::new(),
            secrets: std::sync::Arc::new(secrets.into_iter().collect()),
        };
        state.begin(Some(&channel), &HostConfig::default());
        state
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn hmac_gives_the_published_values() {
        // RFC 2202 and RFC 4231, test case 2.
        let data = b"what do ya want for nothing?".to_vec();
        let mac = |algorithm| hex::encode(state().hmac(algorithm, names(&["key"]), data.clone()).unwrap());
        assert_eq!(mac(Algorithm::Sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(mac(Algorithm::Sha256), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(mac(Algorithm::Sha512).starts_with("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd6"));
    }

    #[test]
    fn several_keys_are_encoded_and_joined() {
        let both = state().hmac(Algorithm::Sha1, names(&["consumer", "token"]), b"base".to_vec()).unwrap();
        assert_eq!(Ok(both), keyed::<Hmac<Sha1>>("kd94%20hf93&pfkk%2Fdh9", b"base"));
    }

    #[test]
    fn a_missing_secret_is_named_and_equals_nothing() {
        let mut state = state();
        for missing in ["other", "empty"] {
            let error = state.hmac(Algorithm::Sha1, names(&["key", missing]), Vec::new()).unwrap_err();
            assert!(error.contains(missing) && !error.contains("Jefe"), "{error}");
            assert!(!state.configured(missing.to_owned()));
            assert!(!state.matches(String::new(), missing.to_owned()));
        }
        assert!(state.hmac(Algorithm::Sha1, Vec::new(), Vec::new()).is_err());
        assert!(state.configured("key".to_owned()));
        assert!(state.matches("Jefe".to_owned(), "key".to_owned()));
        assert!(!state.matches("jefe".to_owned(), "key".to_owned()));
    }

    #[test]
    fn only_equal_bytes_are_equal() {
        let mut state = state();
        assert!(state.equal(b"abc".to_vec(), b"abc".to_vec()));
        assert!(!state.equal(b"abc".to_vec(), b"abd".to_vec()));
        assert!(!state.equal(b"abc".to_vec(), b"ab".to_vec()));
    }

    #[test]
    fn a_p256_signature_verifies_for_its_key_and_data_alone() {
        use p256::{
            ecdsa::{SigningKey, signature::Signer},
            pkcs8::EncodePublicKey,
        };
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let public =
            |key: &SigningKey| BASE64_STANDARD.encode(key.verifying_key().to_public_key_der().unwrap().as_bytes());
        let signature: Signature = key.sign(b"1700000000{}");
        let signature = signature.to_der().as_bytes().to_vec();
        let mut state = state();
        assert!(state.verify_ecdsa_p256(public(&key), b"1700000000{}".to_vec(), signature.clone()));
        assert!(!state.verify_ecdsa_p256(public(&key), b"1700000001{}".to_vec(), signature.clone()));
        let other = SigningKey::from_slice(&[8; 32]).unwrap();
        assert!(!state.verify_ecdsa_p256(public(&other), b"1700000000{}".to_vec(), signature.clone()));
        assert!(!state.verify_ecdsa_p256("not a key".to_owned(), b"1700000000{}".to_vec(), signature));
        assert!(!state.verify_ecdsa_p256(public(&key), b"1700000000{}".to_vec(), b"short".to_vec()));
    }
}
