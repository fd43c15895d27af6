//! Authentic or not. The signatures of composed addresses were made with `openssl dgst -sha1 -hmac`.

use crate::support::{fixture, form, sms};
use patchbay_plugin_sdk::testing::with_secrets;
use patchbay_plugin_sdk::{Acceptance, Connector, Rejection, Reply, Webhook};
use patchbay_plugin_twilio::Twilio;

fn accept(token: &str, webhook: &Webhook) -> Result<Acceptance, Rejection> {
    with_secrets([("authToken", token)], || Twilio::accept(&sms(), webhook))
}

fn kept() -> Acceptance {
    Acceptance::Keep(Reply::new(200, "text/xml", "<Response/>"))
}

fn is_refused(webhook: &Webhook) -> bool {
    matches!(accept("12345", webhook), Err(Rejection::Unauthentic(_)))
}

fn vector(name: &str) -> Webhook {
    let fixture = fixture(name);
    assert_eq!(fixture.text("auth_token"), Some("12345"));
    let webhook = fixture.webhook();
    assert_eq!(accept("12345", &webhook), Ok(kept()));
    webhook
}

#[test]
fn a_form_is_signed_with_its_address_and_all_its_parameters() {
    let webhook = vector("signature_form_vector");
    assert!(matches!(accept("54321", &webhook), Err(Rejection::Unauthentic(_))), "another token");
    assert!(matches!(accept("", &webhook), Err(Rejection::Unauthentic(_))), "no token");
    for body in ["", "CallSid=CA1234567890ABCDE", "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B1"] {
        assert!(is_refused(&Webhook { body: body.as_bytes().to_vec(), ..webhook.clone() }), "{body}");
    }
    let mut more = webhook.clone();
    more.body.extend(b"&Empty=");
    assert!(is_refused(&more), "an empty parameter is signed by its name");
    let url = "https://mycompany.com/myapp.php?foo=1&bar=3".to_owned();
    assert!(is_refused(&Webhook { url, ..webhook }), "another address");
}

#[test]
fn a_body_that_is_no_form_is_signed_by_its_digest_in_the_address() {
    let webhook = vector("signature_json_body_vector");
    let mut changed = webhook.clone();
    changed.body.push(b' ');
    assert!(is_refused(&changed));
    let url = webhook.url.replace("bodySHA256=0a", "bodySHA256=0b");
    assert!(is_refused(&Webhook { url, ..webhook }));
}

#[test]
fn a_signature_that_is_missing_or_no_base64_is_refused() {
    let webhook = vector("signature_form_vector");
    for header in ["", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "é"] {
        assert!(is_refused(&webhook.clone().with_header("X-Twilio-Signature", header)), "{header}");
    }
    assert!(is_refused(&Webhook { headers: vec![], ..webhook }));
}

fn signed(url: &str, fields: &[(&str, &str)], signature: &str) -> Webhook {
    let webhook = form(fields).with_header("X-Twilio-Signature", signature);
    Webhook { url: url.to_owned(), ..webhook }
}

#[test]
fn the_port_of_the_address_may_be_told_or_not() {
    let fields = [("From", "+15558675310"), ("Body", "hi")];
    let (bare, standard, custom) =
        ("https://desk.example/hook?a=1", "https://desk.example:443/hook?a=1", "https://desk.example:8443/hook?a=1");
    for (signature, taken, refused) in [
        ("YrE/87f/Q+LZuZNz9BcYsL7FHsU=", vec![bare, standard, custom], vec!["https://desk.example/hook?a=2"]),
        ("N3JsSWSOkYPJVpjfY4XKAbWnAO4=", vec![bare, standard, custom], vec!["http://desk.example/hook?a=1"]),
        ("UDpgKaC7hT+sTFv0LwVDA0YEO7c=", vec![custom], vec![bare, standard]),
        ("K/53dTtt3ceJXfFlcnrHnjDq0vg=", vec!["http://desk.example/hook", "http://desk.example:80/hook"], vec![bare]),
        ("YhmQ9AY42+V1t9JOfkmY6Qb5nDc=", vec!["https://[::1]/hook", "https://[::1]:8443/hook"], vec![bare]),
    ] {
        for url in taken {
            assert_eq!(accept("12345", &signed(url, &fields, signature)), Ok(kept()), "{url}");
        }
        for url in refused {
            assert!(is_refused(&signed(url, &fields, signature)), "{url}");
        }
    }
}

#[test]
fn a_query_may_be_signed_as_old_libraries_escape_it() {
    let fields = [("From", "+15558675310"), ("Body", "hi")];
    let url = "https://desk.example/hook?name=it%27s+%28me%29%21";
    assert_eq!(accept("12345", &signed(url, &fields, "ws/CSUSNJQd2DXx5HwvOU0ukRhU=")), Ok(kept()));
}

#[test]
fn a_repeated_parameter_counts_once_with_each_of_its_values() {
    let fields = [("A", "b"), ("A", "a"), ("A", "b")];
    let webhook = signed("https://desk.example/hook", &fields, "o1i3eI/3iZMMLHKaZhdm0NEWL60=");
    assert_eq!(accept("12345", &webhook), Ok(kept()));
}

#[test]
fn a_get_has_its_parameters_in_the_address() {
    let url = "https://desk.example/hook?MessageSid=SM1&Body=hi";
    let webhook = signed(url, &[], "Rwes9o/TzngMq/fRss6fwSy0nWM=");
    let get = Webhook { method: "GET".to_owned(), ..webhook };
    assert_eq!(accept("12345", &get), Ok(kept()));
    assert!(is_refused(&Webhook { body: b"Body=other".to_vec(), ..get }));
}
