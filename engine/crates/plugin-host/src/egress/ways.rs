//! The way out of each connector. A rule of the operator for one connector alone opens nothing to the others:
//! what its rules let through goes over connections of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    EgressError,
    address::{AllowRule, AllowRules},
    client::Clients,
    policy::{Grants, HostPattern, Policy},
    resolve::Lookup,
};

pub struct Way {
    pub policy: Policy,
    pub clients: Clients,
}

pub struct Ways {
    /// Of connectors that the operator names nowhere.
    common: Way,
    own: BTreeMap<String, Way>,
}

impl Ways {
    pub fn new(
        user_agent: &str,
        allow: &[String],
        grants: &[String],
        lookup: &Arc<dyn Lookup>,
    ) -> Result<Self, EgressError> {
        let allow: Vec<_> = allow.iter().map(|text| allowed(text)).collect::<Result<_, _>>()?;
        let grants: Vec<_> = grants.iter().map(|text| granted(text)).collect::<Result<_, _>>()?;
        let way = |connector: Option<&str>| -> Result<Way, EgressError> {
            let for_it = |of: Option<&str>| of.is_none() || of == connector;
            let rules = allow.iter().filter(|(of, _)| for_it(*of)).map(|(_, rule)| rule.clone()).collect();
            let hosts: Vec<_> =
                (grants.iter()).filter(|(of, _)| Some(*of) == connector).map(|(_, host)| host.clone()).collect();
            let grants = if hosts.is_empty() { Grants::Declared } else { Grants::Only(hosts) };
            let rules = AllowRules::new(rules);
            let clients = Clients::new(user_agent, &rules, Arc::clone(lookup))?;
            Ok(Way { policy: Policy { grants, rules }, clients })
        };
        let named = allow.iter().filter_map(|(of, _)| *of).chain(grants.iter().map(|(of, _)| *of));
        let named: BTreeSet<&str> = named.collect();
        let own = named.into_iter().map(|id| Ok((id.to_owned(), way(Some(id))?)));
        Ok(Self { common: way(None)?, own: own.collect::<Result<_, EgressError>>()? })
    }

    pub fn of(&self, connector: &str) -> &Way {
        self.own.get(connector).unwrap_or(&self.common)
    }
}

/// `RULE` for every connector, `CONNECTOR=RULE` for one.
fn allowed(text: &str) -> Result<(Option<&str>, AllowRule), EgressError> {
    let (connector, rule) = match text.split_once('=') {
        Some((connector, rule)) => (Some(connector.trim()), rule),
        None => (None, text),
    };
    let rule = AllowRule::parse(rule).filter(|_| connector != Some(""));
    rule.map(|rule| (connector, rule)).ok_or_else(|| EgressError::AllowRule(text.to_owned()))
}

/// `CONNECTOR=HOST`.
fn granted(text: &str) -> Result<(&str, HostPattern), EgressError> {
    let grant = text.split_once('=').filter(|(connector, _)| !connector.trim().is_empty());
    let grant = grant.and_then(|(connector, host)| Some((connector.trim(), HostPattern::parse(host.trim()).ok()?)));
    grant.ok_or_else(|| EgressError::Grant(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::resolve::SystemLookup;

    fn ways(allow: &[&str], grants: &[&str]) -> Result<Ways, EgressError> {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let lookup: Arc<dyn Lookup> = Arc::new(SystemLookup);
        Ways::new("test", &owned(allow), &owned(grants), &lookup)
    }

    #[test]
    fn a_rule_for_one_connector_opens_nothing_to_the_others() {
        let ways = ways(&["127.0.0.1", "waha=10.0.0.0/8", "waha=waha.internal"], &[]).unwrap();
        let reaches = |connector, address: &str| ways.of(connector).policy.rules.contain(address.parse().unwrap());
        assert!(reaches("waha", "127.0.0.1") && reaches("waha", "10.1.2.3"));
        assert!(reaches("whatsapp", "127.0.0.1") && !reaches("whatsapp", "10.1.2.3"));
        assert!(ways.of("waha").policy.rules.names("waha.internal"));
        assert!(!ways.of("whatsapp").policy.rules.names("waha.internal"));
    }

    #[test]
    fn grants_bind_the_connector_that_they_name() {
        let ways = ways(&[], &["whatsapp=graph.facebook.com", "whatsapp=*.fbsbx.com"]).unwrap();
        let hosts = ["graph.facebook.com", "*.fbsbx.com"].map(|host| HostPattern::parse(host).unwrap());
        assert_eq!(ways.of("whatsapp").policy.grants, Grants::Only(hosts.to_vec()));
        assert_eq!(ways.of("waha").policy.grants, Grants::Declared);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for wrong in ["=10.0.0.0/8", "waha=", "waha=*.internal", "10.0.0.0/99"] {
            assert!(matches!(ways(&[wrong], &[]), Err(EgressError::AllowRule(_))), "{wrong}");
        }
        for wrong in ["graph.facebook.com", "=graph.facebook.com", "whatsapp=*"] {
            assert!(matches!(ways(&[], &[wrong]), Err(EgressError::Grant(_))), "{wrong}");
        }
    }
}
