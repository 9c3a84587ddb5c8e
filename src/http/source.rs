//! Where a request comes from: for budgets only. Never logged, and kept nowhere but as a keyed hash.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};

use super::Problem;

/// The address that a request came from; of IPv6 only the network, since one household has all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(pub String);

impl Source {
    /// The source of a request from `peer`. Only a proxy of ours is believed about who stands behind it, and only as far as the
    /// first address that is not one of ours: what stands further left in the header anybody can write.
    #[must_use]
    pub fn of(peer: Option<IpAddr>, headers: &HeaderMap, trusted_proxies: &[IpAddr]) -> Self {
        // An IPv4 proxy looks like ::ffff:10.0.0.1 on a listener of both families.
        let is_ours =
            |address: IpAddr| trusted_proxies.iter().any(|ours| ours.to_canonical() == address.to_canonical());
        let mut source = peer;
        let forwarded: Vec<&str> = headers
            .get_all(X_FORWARDED_FOR)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for hop in forwarded.into_iter().rev() {
            if !source.is_some_and(is_ours) {
                break;
            }
            let Ok(address) = hop.trim().parse() else { break };
            source = Some(address);
        }
        Self(source.map_or_else(|| "unknown".to_owned(), network))
    }
}

fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

impl FromRequest for Source {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        ready(Ok(known.unwrap_or_else(|| Self("unknown".to_owned()))))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn source(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_static(value));
        }
        let ours = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        Source::of(peer.parse().ok(), &headers, &ours).0
    }

    #[test]
    fn only_our_own_proxies_are_believed_and_only_one_hop_past_them() {
        assert_eq!(source("203.0.113.7", &["198.51.100.1"]), "203.0.113.7", "a client that claims another address");
        assert_eq!(source("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(source("10.0.0.1", &["192.0.2.9, 198.51.100.1, 10.0.0.2"]), "198.51.100.1", "two proxies of ours");
        assert_eq!(source("10.0.0.1", &["192.0.2.9", "198.51.100.1"]), "198.51.100.1", "two headers");
        assert_eq!(source("10.0.0.1", &["198.51.100.1, nonsense"]), "10.0.0.1");
        assert_eq!(source("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(
            source("::ffff:10.0.0.1", &["198.51.100.1"]),
            "198.51.100.1",
            "our proxy on a listener of both families"
        );
    }

    #[test]
    fn an_ipv6_household_is_one_source() {
        assert_eq!(source("2001:db8:1:2::a", &[]), source("2001:db8:1:2:ffff::b", &[]));
        assert_ne!(source("2001:db8:1:2::a", &[]), source("2001:db8:1:3::a", &[]));
        assert_eq!(source("::ffff:203.0.113.7", &[]), "203.0.113.7");
    }
}
