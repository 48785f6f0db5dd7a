//! The ticket with which a customer enters their service without another login (guide: "Accedi a Legalinvoice").
//!
//! It is a JWT that the service verifies with the keys at `/.well-known/jwks.json`, takes once, and only within its
//! lifetime: what is left of a link in a browser's history or a log opens nothing.

use serde::{Deserialize, Serialize};

use crate::platform::clock::Time;

/// The type of the ticket (RFC 8725 section 3.11).
pub const KIND: &str = "service-sign-in+jwt";
/// Seconds for which a ticket counts.
const LIFETIME: i64 = 60;

/// Who enters which service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The shop's address.
    pub iss: String,
    /// The service's address, without path.
    pub aud: String,
    /// The account.
    pub sub: String,
    /// What the provisioning service calls the service.
    pub service: String,
    /// Unique, so that it is taken once.
    pub jti: String,
    /// Issued at, seconds since 1970.
    pub iat: i64,
    /// Expires at, seconds since 1970.
    pub exp: i64,
}

impl SignIn {
    /// A ticket that counts from now on.
    pub fn new(shop: &str, access_url: &str, account: String, service: &str, jti: String, now: Time) -> Self {
        let issued = now.0.timestamp();
        Self {
            iss: shop.to_owned(),
            aud: origin(access_url).to_owned(),
            sub: account,
            service: service.to_owned(),
            jti,
            iat: issued,
            exp: issued + LIFETIME,
        }
    }

    /// Whether it counts at a moment.
    pub fn counts(&self, now: Time) -> bool {
        now.0.timestamp() < self.exp
    }
}

/// Scheme, host and port of an address (RFC 6454).
pub fn origin(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url.get(after_scheme..).and_then(|rest| rest.find(['/', '?', '#']));
    end.and_then(|end| url.get(..after_scheme + end)).unwrap_or(url)
}

/// The service's address with a ticket.
pub fn with_ticket(access_url: &str, ticket: &str) -> String {
    let (address, fragment) = access_url.split_once('#').map_or((access_url, None), |(it, rest)| (it, Some(rest)));
    let separator = if address.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{address}{separator}ticket={ticket}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::Clock;

    #[test]
    fn a_ticket_is_for_the_services_origin_and_a_minute() {
        let now = Clock::default().now();
        let ticket =
            SignIn::new("https://shop.example", "https://a.example:8443/s/1", "acct".into(), "svc", "1".into(), now);
        assert_eq!(ticket.aud, "https://a.example:8443");
        assert!(ticket.counts(now.plus_seconds(LIFETIME - 1)) && !ticket.counts(now.plus_seconds(LIFETIME)));
    }

    #[test]
    fn an_address_keeps_its_parts() {
        for (address, entered) in [
            ("https://a.example", "https://a.example?ticket=t"),
            ("https://a.example/s?x=1", "https://a.example/s?x=1&ticket=t"),
            ("https://a.example/s#in", "https://a.example/s?ticket=t#in"),
        ] {
            assert_eq!(with_ticket(address, "t"), entered);
            assert_eq!(origin(address), "https://a.example");
        }
        assert_eq!((origin(""), origin("è://")), ("", "è://"));
    }
}
