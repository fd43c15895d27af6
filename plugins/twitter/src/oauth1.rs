//! OAuth 1.0a: a request is signed with two secrets that stay outside. What is signed are the method, the address, and
//! every parameter of the query, of a form and of the signature itself. Other bodies are no part of it.

use crate::settings::{CONSUMER_SECRET, TOKEN_SECRET};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use patchbay_plugin_sdk::encoding::{decode_form, encode_component};
use patchbay_plugin_sdk::host::{self, Algorithm};
use patchbay_plugin_sdk::{Body, Request, Timestamp};

/// Who signs.
pub struct Signer<'a> {
    pub consumer_key: &'a str,
    pub token: &'a str,
}

/// What makes a signature the only one of its kind.
pub struct Moment<'a> {
    pub now: Timestamp,
    pub nonce: &'a str,
}

impl Signer<'_> {
    /// The request with its `Authorization`. An error says which secret has no value.
    pub fn sign(&self, request: Request, moment: &Moment<'_>) -> Result<Request, String> {
        let timestamp = (moment.now / 1000).to_string();
        let own = [
            ("oauth_consumer_key", self.consumer_key),
            ("oauth_nonce", moment.nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &timestamp),
            ("oauth_token", self.token),
            ("oauth_version", "1.0"),
        ];
        let signed =
            host::hmac(Algorithm::Sha1, &[CONSUMER_SECRET, TOKEN_SECRET], base_string(&request, &own).as_bytes())?;
        let signature = STANDARD.encode(signed);
        let mut fields: Vec<(&str, &str)> = own.to_vec();
        fields.push(("oauth_signature", &signature));
        fields.sort_unstable();
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}=\"{}\"", encode_component(value))).collect();
        Ok(request.header("authorization", format!("OAuth {}", fields.join(", "))))
    }
}

/// Text that is not used twice, made of what tells this request from every other.
pub fn nonce(now: Timestamp, parts: &[&str]) -> String {
    let text = format!("{now}\n{}", parts.join("\n"));
    let digest = host::digest(Algorithm::Sha256, text.as_bytes());
    patchbay_plugin_sdk::encoding::to_hex(digest.get(..16).unwrap_or_default())
}

fn base_string(request: &Request, own: &[(&str, &str)]) -> String {
    let (address, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
    let form = match &request.body {
        Body::Form(fields) => fields.as_slice(),
        _ => &[],
    };
    let query = decode_form(query);
    let all = query.iter().chain(form).map(|(name, value)| (name.as_str(), value.as_str())).chain(own.iter().copied());
    let mut all: Vec<(String, String)> =
        all.map(|(name, value)| (encode_component(name), encode_component(value))).collect();
    all.sort_unstable();
    let all: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let method = request.method.to_ascii_uppercase();
    format!("{method}&{}&{}", encode_component(address), encode_component(&all.join("&")))
}

#[cfg(test)]
mod tests {
    use super::{Moment, Signer, base_string};
    use patchbay_plugin_sdk::Request;
    use patchbay_plugin_sdk::testing::with_secrets;
    use serde_json::Value;

    /// A published signature, and one with the published credentials.
    const VECTORS: [&str; 2] = [
        include_str!("../tests/fixtures/oauth1_form_vector.json"),
        include_str!("../tests/fixtures/oauth1_json_body_vector.json"),
    ];

    #[test]
    fn published_signatures() {
        for vector in VECTORS {
            let vector: Value = serde_json::from_str(vector).unwrap();
            let text = |name: &str| vector[name].as_str().unwrap_or_default();
            let mut request = Request::new(text("method"), text("url"));
            for (name, value) in vector["query"].as_object().into_iter().flatten() {
                request = request.query(name, value.as_str().unwrap());
            }
            if let Some(status) = vector["form"]["status"].as_str() {
                request = request.form([("status", status)]);
            }
            let signer = Signer { consumer_key: text("consumer_key"), token: text("token") };
            let moment = Moment { now: text("timestamp").parse::<u64>().unwrap() * 1000 + 7, nonce: text("nonce") };
            let own = [
                ("oauth_consumer_key", text("consumer_key")),
                ("oauth_nonce", text("nonce")),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", text("timestamp")),
                ("oauth_token", text("token")),
                ("oauth_version", "1.0"),
            ];
            assert_eq!(base_string(&request, &own), text("base_string"));
            let secrets = [("consumerSecret", text("consumer_secret")), ("accessTokenSecret", text("token_secret"))];
            let signed = with_secrets(secrets, || signer.sign(request, &moment)).unwrap();
            let header = signed.headers.iter().find(|header| header.name == "authorization").unwrap();
            let signature = patchbay_plugin_sdk::encoding::encode_component(text("signature"));
            assert!(header.value.contains(&format!("oauth_signature=\"{signature}\"")), "{}", header.value);
            if let Some(expected) = vector["authorization_header"].as_str() {
                assert_eq!(header.value, expected);
            }
        }
    }

    #[test]
    fn nothing_is_signed_without_the_secrets() {
        let signer = Signer { consumer_key: "k", token: "t" };
        let signed = signer.sign(Request::get("https://x"), &Moment { now: 1, nonce: "n" });
        assert!(signed.unwrap_err().contains("consumerSecret"));
    }
}
