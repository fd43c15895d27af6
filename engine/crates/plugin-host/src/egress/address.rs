//! Which addresses are public, and which others the operator allows.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use ipnet::IpNet;
use url::Host;

/// A host, address or network that may be reached although it is private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowRule {
    Host(String),
    Network(IpNet),
}

impl AllowRule {
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(network) = text.parse::<IpNet>() {
            return Some(Self::Network(network));
        }
        if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Some(Self::Network(address.into()));
        }
        match host(text)? {
            Host::Domain(host) => Some(Self::Host(host)),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }
}

/// A host as it stands in an address: nothing else, and no wildcard.
pub fn host(text: &str) -> Option<Host> {
    let host = Host::parse(text).ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    match &host {
        Host::Domain(name) if !name.bytes().all(plain) => None,
        _ => Some(host),
    }
}

#[derive(Clone, Debug)]
pub struct AllowRules(Arc<[AllowRule]>);

impl AllowRules {
    pub fn new(rules: Vec<AllowRule>) -> Self {
        Self(rules.into())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the operator names this host, whatever its address.
    pub fn names(&self, host: &str) -> bool {
        self.0.iter().any(|rule| matches!(rule, AllowRule::Host(known) if known == host))
    }

    /// Whether the operator names this address or its network.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = canonical(address);
        self.0.iter().any(|rule| matches!(rule, AllowRule::Network(network) if network.contains(&address)))
    }
}

/// Whether anybody on the internet may be behind this address, rather than this machine or its network.
pub fn is_public(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The IPv4 address inside an IPv6 one, where the network would unpack it.
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let embedded = match v6.segments() {
        // IPv4-mapped and IPv4-compatible, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some((high, low))
        }
        _ => None,
    };
    match embedded {
        // :: and ::1 are addresses of their own.
        Some((0, 0 | 1)) | None => address,
        Some((high, low)) => Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)).into(),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let shared = matches!(address.octets(), [100, 64..=127, ..]);
    // Protocol assignments, 6to4 relays, benchmarks, "this network", and what is reserved.
    let special =
        matches!(address.octets(), [0 | 240..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..]);
    !(shared
        || special
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Within the global range: protocol assignments with Teredo, and documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_not_the_internet_is_not_public() {
        let inside = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "4000::1",
        ];
        for address in inside {
            assert!(!is_public(ip(address)), "{address}");
        }
        for address in ["1.1.1.1", "100.128.0.1", "172.32.0.1", "157.240.1.1", "2a03:2880::1", "64:ff9b::101:101"] {
            assert!(is_public(ip(address)), "{address}");
        }
    }

    #[test]
    fn rules_are_hosts_addresses_and_networks() {
        let rules = ["Waha.Internal", "127.0.0.1", "10.1.0.0/16", "[::1]"].map(|text| AllowRule::parse(text).unwrap());
        let rules = AllowRules::new(rules.to_vec());
        assert!(rules.names("waha.internal") && !rules.names("internal"));
        for address in ["127.0.0.1", "10.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert!(rules.contain(ip(address)), "{address}");
        }
        for address in ["127.0.0.2", "10.2.0.1", "169.254.169.254"] {
            assert!(!rules.contain(ip(address)), "{address}");
        }
        for nonsense in ["", "https://host/", "a b", "10.1.0.0/99", "*"] {
            assert_eq!(AllowRule::parse(nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn packing_an_address_into_ipv6_changes_nothing(bits: u32) {
            let plain = Ipv4Addr::from(bits);
            let (high, low) = ((bits >> 16) as u16, (bits & 0xffff) as u16);
            let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low);
            let six_to_four = Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1);
            prop_assume!(high != 0);
            for packed in [plain.to_ipv6_mapped(), nat64, six_to_four] {
                prop_assert_eq!(is_public(packed.into()), is_public(plain.into()));
            }
        }
    }
}
