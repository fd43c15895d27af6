//! May this connector call this address for this channel? Three questions, in this order, on every hop: does
//! the manifest declare the host, does the operator grant it, is the way there safe. Whether the name leads to a
//! private address is asked when it is resolved, in `resolve`(super::resolve).

use std::net::IpAddr;

use patchbay_domain::platform::Manifest;
use serde_json::Value;
use url::{Host, Url};

use super::address::{self, AllowRules, is_public};

/// The setting that points any connector at another server.
const BASE_URL: &str = "apiBaseUrl";

/// What the operator grants of what a connector declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grants {
    /// All of it.
    Declared,
    /// Only these hosts.
    Only(Vec<HostPattern>),
}

impl Grants {
    fn cover(&self, config: &Value, host: &str) -> bool {
        match self {
            Self::Declared => true,
            Self::Only(hosts) => hosts.iter().any(|pattern| pattern.matches(config, host)),
        }
    }
}

#[derive(Debug)]
pub struct Policy {
    pub grants: Grants,
    pub rules: AllowRules,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the address cannot be read: {0}")]
    Unreadable(String),
    #[error("{0:?} addresses are not called, only https")]
    Scheme(String),
    #[error("the address has a user or a password in it; name a secret instead")]
    UserInAddress,
    #[error("the connector does not declare {0:?} among its hosts")]
    NotDeclared(String),
    #[error("the operator does not grant {0:?}; egress.grants names what this connector may call")]
    NotGranted(String),
    #[error("{0:?} would be called without TLS; only hosts in PATCHBAY_EGRESS_ALLOW may be")]
    Plain(String),
    #[error("{0:?} is a private address; the operator can allow it in PATCHBAY_EGRESS_ALLOW")]
    Private(String),
}

impl Policy {
    /// `config` are the channel's public settings.
    pub fn check(&self, url: &Url, manifest: &Manifest, config: &Value) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Refusal::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInAddress);
        }
        let Some(host) = url.host() else { return Err(Refusal::Unreadable("it has no host".to_owned())) };
        let name = host.to_string();
        if !declares(manifest, config, &name) {
            return Err(Refusal::NotDeclared(name));
        }
        if !self.grants.cover(config, &name) {
            return Err(Refusal::NotGranted(name));
        }
        self.check_way(url.scheme() == "http", &host, name)
    }

    fn check_way(&self, plain: bool, host: &Host<&str>, name: String) -> Result<(), Refusal> {
        let address: IpAddr = match host {
            // A network rule may yet cover what the name leads to: then the resolver decides.
            Host::Domain(_) if plain && self.rules.is_empty() => return Err(Refusal::Plain(name)),
            Host::Domain(_) => return Ok(()),
            Host::Ipv4(address) => (*address).into(),
            Host::Ipv6(address) => (*address).into(),
        };
        match (self.rules.contain(address), is_public(address)) {
            (false, false) => Err(Refusal::Private(name)),
            (false, true) if plain => Err(Refusal::Plain(name)),
            (true, _) | (false, true) => Ok(()),
        }
    }
}

fn declares(manifest: &Manifest, config: &Value, host: &str) -> bool {
    let declared = |pattern: &String| HostPattern::parse(pattern).is_ok_and(|pattern| pattern.matches(config, host));
    // Where its tokens are renewed, the manifest says as well.
    let token_url = manifest.oauth2.as_ref().and_then(|oauth2| Url::parse(&oauth2.token_url).ok());
    manifest.hosts.iter().any(declared)
        || HostPattern::Configured(BASE_URL.to_owned()).matches(config, host)
        || token_url.and_then(|url| url.host().map(|known| known.to_string() == host)).unwrap_or(false)
}

/// A host as manifests write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// `api.example.com`
    Exact(String),
    /// `*.example.com`: any name below it.
    Below(String),
    /// `{config.field}`: the host of the address in that setting.
    Configured(String),
}

impl HostPattern {
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if let Some(field) = pattern.strip_prefix("{config.").and_then(|rest| rest.strip_suffix('}'))
            && !field.is_empty()
        {
            return Ok(Self::Configured(field.to_owned()));
        }
        let (below, name) = match pattern.strip_prefix("*.") {
            Some(suffix) => (true, suffix),
            None => (false, pattern),
        };
        match address::host(name) {
            Some(Host::Domain(name)) if below && name.contains('.') => Ok(Self::Below(name)),
            Some(host) if !below => Ok(Self::Exact(host.to_string())),
            _ => Err(format!("host {pattern:?} is neither a host name, nor \"*.name.tld\", nor \"{{config.field}}\"")),
        }
    }

    fn matches(&self, config: &Value, host: &str) -> bool {
        match self {
            Self::Exact(name) => name == host,
            Self::Below(suffix) => host.strip_suffix(suffix).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            Self::Configured(field) => {
                let address = config.get(field).and_then(Value::as_str).and_then(|address| Url::parse(address).ok());
                address.and_then(|address| address.host().map(|known| known.to_string() == host)).unwrap_or(false)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::egress::address::AllowRule;

    fn manifest(hosts: &[&str]) -> Manifest {
        Manifest {
            id: "test".into(),
            name: "Test".into(),
            version: "1.0.0".into(),
            channel_types: vec!["TEST".into()],
            config_schema: json!({}),
            hosts: hosts.iter().map(ToString::to_string).collect(),
            capabilities: Vec::new(),
            limits: Vec::new(),
            reply_window_ms: None,
            address_field: None,
            poll_every_ms: None,
            oauth2: None,
        }
    }

    fn policy(allow: &[&str]) -> Policy {
        let rules = allow.iter().map(|rule| AllowRule::parse(rule).unwrap()).collect();
        Policy { grants: Grants::Declared, rules: AllowRules::new(rules) }
    }

    fn check(policy: &Policy, hosts: &[&str], config: &Value, url: &str) -> Result<(), Refusal> {
        policy.check(&Url::parse(url).unwrap(), &manifest(hosts), config)
    }

    #[test]
    fn only_declared_hosts_are_called() {
        let none = json!({});
        let hosts = ["api.example.com", "*.cdn.example.com", "{config.callbackUrl}"];
        let call = |config: &Value, url: &str| check(&policy(&[]), &hosts, config, url);
        for good in ["https://api.example.com/x?y", "https://API.example.com:8443/", "https://a.b.cdn.example.com/"] {
            assert_eq!(call(&none, good), Ok(()), "{good}");
        }
        for bad in [
            "https://example.com/",
            "https://evil.com/api.example.com",
            "https://api.example.com.evil.com/",
            "https://cdn.example.com/",
            "https://.cdn.example.com/",
            "https://evilcdn.example.com/",
        ] {
            assert!(matches!(call(&none, bad), Err(Refusal::NotDeclared(_))), "{bad}");
        }
        let config = json!({"callbackUrl": "https://desk.example.org/in", "apiBaseUrl": "https://fake.example.net"});
        assert_eq!(call(&config, "https://desk.example.org/other"), Ok(()));
        assert_eq!(call(&config, "https://fake.example.net/v1"), Ok(()));
        assert!(call(&config, "https://example.org/").is_err());
        assert!(call(&json!({"callbackUrl": 5}), "https://desk.example.org/").is_err());
    }

    #[test]
    fn the_operator_can_grant_less_than_is_declared() {
        let granted = ["a.example.com", "*.cdn.example.com", "other.example.com"];
        let grants = Grants::Only(granted.iter().map(|host| HostPattern::parse(host).unwrap()).collect());
        let policy = Policy { grants, ..policy(&[]) };
        let hosts = ["a.example.com", "b.example.com", "x.cdn.example.com"];
        assert_eq!(check(&policy, &hosts, &json!({}), "https://x.cdn.example.com/"), Ok(()));
        let undeclared = check(&policy, &hosts, &json!({}), "https://other.example.com/");
        assert_eq!(undeclared, Err(Refusal::NotDeclared("other.example.com".into())));
        let elsewhere = json!({"apiBaseUrl": "https://c.example.com"});
        let refused = check(&policy, &hosts, &elsewhere, "https://c.example.com/");
        assert_eq!(refused, Err(Refusal::NotGranted("c.example.com".into())));
        assert_eq!(check(&policy, &hosts, &json!({}), "https://a.example.com/"), Ok(()));
        let refused = check(&policy, &hosts, &json!({}), "https://b.example.com/");
        assert_eq!(refused, Err(Refusal::NotGranted("b.example.com".into())));
    }

    #[test]
    fn private_addresses_and_plain_http_need_the_operator() {
        let base = |url: &str| json!({ "apiBaseUrl": url });
        let call = |policy: &Policy, url: &str| check(policy, &[], &base(url), url);
        for private in [
            "http://127.0.0.1:80/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00:ec2::254]/",
        ] {
            assert!(matches!(call(&policy(&[]), private), Err(Refusal::Private(_))), "{private}");
        }
        assert!(matches!(call(&policy(&[]), "http://example.com/"), Err(Refusal::Plain(_))));
        assert!(matches!(call(&policy(&["10.0.0.0/8"]), "http://1.1.1.1/"), Err(Refusal::Plain(_))));
        assert_eq!(call(&policy(&["127.0.0.0/8"]), "http://127.0.0.1:9000/x"), Ok(()));
        assert!(call(&policy(&["127.0.0.1"]), "http://127.0.0.2/").is_err());
        assert!(matches!(call(&policy(&[]), "ftp://example.com/"), Err(Refusal::Scheme(_))));
        assert_eq!(call(&policy(&[]), "https://user:pw@example.com/"), Err(Refusal::UserInAddress));
    }

    #[test]
    fn patterns_that_would_match_everything_are_no_patterns() {
        for bad in
            ["", "*", "*.", "*.com", "a.*.com", "https://x.com", "x.com/path", "{config.}", "{secret.x}", "x.com:80"]
        {
            assert!(HostPattern::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(HostPattern::parse("API.Example.com"), Ok(HostPattern::Exact("api.example.com".into())));
    }

    proptest! {
        #[test]
        fn nothing_undeclared_gets_through(host in "[a-z]{1,8}(\\.[a-z]{1,8}){1,3}") {
            let allowed = check(&policy(&[]), &["*.example.com", "example.org"], &json!({}), &format!("https://{host}/")).is_ok();
            prop_assert_eq!(allowed, host.ends_with(".example.com") || host == "example.org");
        }
    }
}
