//! What is encrypted, signed or hashed under the master key: channel credentials at
//! rest, the answers that are kept for their repetition, the addresses of media that
//! people without a token may open, and the tokens by which webhooks are set up.
//!
//! Each purpose has a key of its own, derived from the master key by a label.
//! To add a purpose, add a label; never change one, for what was sealed under
//! it would be lost.

use std::{collections::BTreeMap, fmt, sync::Arc};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload, array::Array},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use patchbay_domain::{ChannelId, MediaId};
use patchbay_plugin_host::SecretMap;
use rand::{TryRng, rngs::SysRng};
use sha2::Sha256;

use crate::config::MasterKey;

const CREDENTIALS: &str = "patchbay/channel-credentials/1";
const ANSWERS: &str = "patchbay/kept-answers/1";
const MEDIA: &str = "patchbay/media-addresses/1";
const WEBHOOK_TOKENS: &str = "patchbay/webhook-tokens/1";

/// The first byte of what is sealed: which cipher and layout the rest has.
const AES_256_GCM: u8 = 1;
const NONCE_BYTES: usize = 12;

#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error(
        "what was stored encrypted cannot be decrypted; check that PATCHBAY_MASTER_KEY (or the file master-key in the data folder) is the key it was stored with"
    )]
    WrongKey,
    #[error(
        "what was stored encrypted is in a format this version does not know; start the newest version that was used with this database"
    )]
    UnknownFormat,
    #[error("the operating system gives no random numbers: {0}")]
    NoRandomness(rand::rngs::SysError),
    #[error("it is too large to be encrypted")]
    TooLarge,
}

#[derive(Clone)]
pub struct Keyring {
    keys: Arc<Keys>,
}

struct Keys {
    credentials: Aes256Gcm,
    answers: Aes256Gcm,
    media: Hmac<Sha256>,
    webhook_tokens: Hmac<Sha256>,
}

impl Keyring {
    pub fn new(master_key: &MasterKey) -> Self {
        let derive = |label: &str| hmac(master_key.expose()).chain_update(label).finalize().into_bytes();
        let (credentials, answers) = (Aes256Gcm::new(&derive(CREDENTIALS)), Aes256Gcm::new(&derive(ANSWERS)));
        let (media, webhook_tokens) = (hmac(&derive(MEDIA)), hmac(&derive(WEBHOOK_TOKENS)));
        Self { keys: Arc::new(Keys { credentials, answers, media, webhook_tokens }) }
    }

    /// Encrypts a channel's credentials, so that they open for this channel alone.
    pub fn seal(&self, channel: ChannelId, secrets: &BTreeMap<String, String>) -> Result<Vec<u8>, KeyringError> {
        let plain = serde_json::to_vec(secrets).map_err(|_| KeyringError::TooLarge)?;
        encrypt(&self.keys.credentials, channel.uuid().as_bytes(), &plain)
    }

    pub fn open(&self, channel: ChannelId, sealed: &[u8]) -> Result<SecretMap, KeyringError> {
        let plain = decrypt(&self.keys.credentials, channel.uuid().as_bytes(), sealed)?;
        let secrets: BTreeMap<String, String> =
            serde_json::from_slice(&plain).map_err(|_| KeyringError::UnknownFormat)?;
        Ok(secrets.into_iter().collect())
    }

    /// Encrypts an answer, which may show what is shown only once, so that it opens for the request `asked` alone.
    pub fn seal_answer(&self, asked: &str, answer: &str) -> Result<String, KeyringError> {
        Ok(BASE64_STANDARD_NO_PAD.encode(encrypt(&self.keys.answers, asked.as_bytes(), answer.as_bytes())?))
    }

    pub fn open_answer(&self, asked: &str, sealed: &str) -> Result<String, KeyringError> {
        let sealed = BASE64_STANDARD_NO_PAD.decode(sealed).map_err(|_| KeyringError::UnknownFormat)?;
        let plain = decrypt(&self.keys.answers, asked.as_bytes(), &sealed)?;
        String::from_utf8(plain).map_err(|_| KeyringError::UnknownFormat)
    }

    /// By what a webhook's verify token is found without being kept in clear.
    pub fn webhook_token(&self, token: &str) -> String {
        hex::encode(self.keys.webhook_tokens.clone().chain_update(token).finalize().into_bytes())
    }

    /// The path under which anybody may fetch a medium until the given second.
    pub fn media_path(&self, id: MediaId, expires_at: DateTime<Utc>) -> String {
        format!("/media/{id}?expires={}&signature={}", expires_at.timestamp(), self.sign_media(id, expires_at))
    }

    fn sign_media(&self, id: MediaId, expires_at: DateTime<Utc>) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.media_mac(id, expires_at).finalize().into_bytes())
    }

    /// Whether the signature is ours and still opens the medium. The comparison takes the same time for every signature.
    pub fn verify_media(&self, id: MediaId, expires_at: DateTime<Utc>, signature: &str, now: DateTime<Utc>) -> bool {
        let genuine = BASE64_URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|signature| self.media_mac(id, expires_at).verify_slice(&signature).is_ok());
        genuine && now.timestamp() < expires_at.timestamp()
    }

    fn media_mac(&self, id: MediaId, expires_at: DateTime<Utc>) -> Hmac<Sha256> {
        self.keys.media.clone().chain_update(id.uuid().as_bytes()).chain_update(expires_at.timestamp().to_be_bytes())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}

/// For whoever names the same context when it is decrypted.
fn encrypt(key: &Aes256Gcm, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyringError> {
    let mut nonce = [0; NONCE_BYTES];
    SysRng.try_fill_bytes(&mut nonce).map_err(KeyringError::NoRandomness)?;
    let payload = Payload { msg: plain, aad: context };
    let sealed = key.encrypt(&Array(nonce), payload).map_err(|_| KeyringError::TooLarge)?;
    Ok([&[AES_256_GCM][..], &nonce, &sealed].concat())
}

fn decrypt(key: &Aes256Gcm, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyringError> {
    let (version, rest) = sealed.split_first().ok_or(KeyringError::UnknownFormat)?;
    if *version != AES_256_GCM {
        return Err(KeyringError::UnknownFormat);
    }
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(KeyringError::UnknownFormat)?;
    key.decrypt(&Array(*nonce), Payload { msg: sealed, aad: context }).map_err(|_| KeyringError::WrongKey)
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn keyring(byte: u8) -> Keyring {
        Keyring::new(&MasterKey::new([byte; 32]))
    }

    fn channel(number: u128) -> ChannelId {
        ChannelId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn secrets() -> BTreeMap<String, String> {
        BTreeMap::from([
            ("accessToken".to_owned(), "EAAG-very-secret".to_owned()),
            ("appSecret".to_owned(), "ä\0".to_owned()),
        ])
    }

    #[test]
    fn what_was_sealed_opens_again() {
        let sealed = keyring(1).seal(channel(1), &secrets()).unwrap();
        assert!(!sealed.windows(4).any(|window| window == b"EAAG"));
        let opened = keyring(1).open(channel(1), &sealed).unwrap();
        assert_eq!(opened.get("accessToken"), Some("EAAG-very-secret"));
        assert_eq!(opened.get("appSecret"), Some("ä\0"));
        assert_eq!(opened.get("other"), None);
    }

    #[test]
    fn the_same_secrets_never_seal_to_the_same_bytes() {
        assert_ne!(keyring(1).seal(channel(1), &secrets()).unwrap(), keyring(1).seal(channel(1), &secrets()).unwrap());
    }

    #[test]
    fn another_key_or_channel_opens_nothing_and_says_what_to_check() {
        let sealed = keyring(1).seal(channel(1), &secrets()).unwrap();
        for refused in [keyring(2).open(channel(1), &sealed), keyring(1).open(channel(2), &sealed)] {
            let error = refused.unwrap_err();
            assert!(error.to_string().contains("PATCHBAY_MASTER_KEY"), "{error}");
            assert!(!format!("{error:?}{error}").contains("EAAG"));
        }
    }

    #[test]
    fn an_answer_opens_for_what_was_asked_alone() {
        let sealed = keyring(1).seal_answer("a key", "{\"token\":\"shown once\"}").unwrap();
        assert!(!sealed.contains("shown"));
        assert_eq!(keyring(1).open_answer("a key", &sealed).unwrap(), "{\"token\":\"shown once\"}");
        assert!(keyring(1).open_answer("another", &sealed).is_err());
        assert!(keyring(2).open_answer("a key", &sealed).is_err());
        assert!(keyring(1).open_answer("a key", "{\"in\":\"clear\"}").is_err());
    }

    #[test]
    fn one_changed_bit_anywhere_is_noticed() {
        let sealed = keyring(1).seal(channel(1), &secrets()).unwrap();
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(keyring(1).open(channel(1), &changed).is_err(), "byte {position}");
        }
        for length in 0..sealed.len() {
            assert!(keyring(1).open(channel(1), &sealed[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn nothing_shows_a_key_or_a_secret() {
        let opened = keyring(1).open(channel(1), &keyring(1).seal(channel(1), &secrets()).unwrap()).unwrap();
        assert!(!format!("{opened:?}").contains("EAAG"));
        assert_eq!(format!("{:?}", keyring(1)), "Keyring(…)");
    }

    #[test]
    fn a_media_signature_opens_its_medium_until_it_expires() {
        let (id, other) = (MediaId::from_uuid(uuid::Uuid::from_u128(1)), MediaId::from_uuid(uuid::Uuid::from_u128(2)));
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let expires_at = now + TimeDelta::minutes(5);
        let signature = keyring(1).sign_media(id, expires_at);
        assert!(keyring(1).verify_media(id, expires_at, &signature, now));
        assert!(!keyring(1).verify_media(id, expires_at, &signature, expires_at));
        assert!(!keyring(1).verify_media(id, expires_at + TimeDelta::seconds(1), &signature, now));
        assert!(!keyring(1).verify_media(other, expires_at, &signature, now));
        assert!(!keyring(2).verify_media(id, expires_at, &signature, now));
        assert!(!keyring(1).verify_media(id, expires_at, "", now));
        assert!(!keyring(1).verify_media(id, expires_at, &signature[1..], now));
        let path = keyring(1).media_path(id, expires_at);
        assert_eq!(path, format!("/media/{id}?expires={}&signature={signature}", expires_at.timestamp()));
    }
}
