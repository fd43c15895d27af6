//! Where a call comes from. A forwarding header is believed only from a proxy
//! that the operator named; otherwise anybody could claim any address.

use std::net::IpAddr;

use actix_web::dev::RequestHead;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The caller's address, as far as it can be known.
pub fn client_address(head: &RequestHead, proxies: &[IpNet]) -> Option<IpAddr> {
    let peer = head.peer_addr?.ip().to_canonical();
    let trusted = |address: &IpAddr| proxies.iter().any(|network| network.contains(address));
    if !trusted(&peer) {
        return Some(peer);
    }
    // Each proxy appends whom it saw, so the last one that is no proxy of ours is the caller.
    let values: Vec<&str> = head.headers.get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
    let mut caller = peer;
    for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        match hop.trim().parse::<IpAddr>() {
            Ok(hop) => caller = hop.to_canonical(),
            Err(_) => break,
        }
        if !trusted(&caller) {
            break;
        }
    }
    Some(caller)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn caller(peer: &str, forwarded: Option<&str>) -> String {
        let mut request = TestRequest::default().peer_addr(format!("{peer}:4000").parse().unwrap());
        if let Some(forwarded) = forwarded {
            request = request.insert_header((FORWARDED_FOR, forwarded));
        }
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        client_address(request.to_http_request().head(), &proxies).unwrap().to_string()
    }

    #[test]
    fn a_stranger_cannot_claim_an_address() {
        assert_eq!(caller("203.0.113.9", Some("198.51.100.1")), "203.0.113.9");
        assert_eq!(caller("203.0.113.9", None), "203.0.113.9");
    }

    #[test]
    fn a_named_proxy_tells_the_caller() {
        assert_eq!(caller("10.0.0.1", Some("198.51.100.1")), "198.51.100.1");
        assert_eq!(caller("10.0.0.1", Some("1.2.3.4, 198.51.100.1, 10.0.0.2")), "198.51.100.1");
        assert_eq!(caller("10.0.0.1", Some("10.0.0.3, 10.0.0.2")), "10.0.0.3");
        assert_eq!(caller("10.0.0.1", Some("garbage, 198.51.100.1")), "198.51.100.1");
        assert_eq!(caller("10.0.0.1", Some("garbage")), "10.0.0.1");
        assert_eq!(caller("10.0.0.1", None), "10.0.0.1");
    }
}
