//! What the provisioning service is told, what it answers, and which answers are worth another try.

use serde::{Deserialize, Serialize};

use crate::activation::requests::holder::Holder;
use crate::activation::requests::rules::ActivationRequestId;

/// The service to set up. Its `Debug` shows the identifier only.
#[derive(Clone, Serialize, Deserialize)]
pub struct ServiceToCreate {
    /// Which request asked for it; also the idempotency key.
    pub activation_request_id: ActivationRequestId,
    /// The plan's slug.
    pub plan: String,
    /// Whose service it is.
    pub holder: Holder,
    /// Who uses it first.
    pub contact: Contact,
}

/// The person who uses a service first.
#[derive(Clone, Serialize, Deserialize)]
pub struct Contact {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The address that was proved.
    pub email: String,
}

impl std::fmt::Debug for ServiceToCreate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServiceToCreate({})", self.activation_request_id)
    }
}

/// A service that is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedService {
    /// What the provisioning service calls it.
    pub service_id: String,
    /// Where it is used.
    pub access_url: String,
}

/// Why a service is not up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvisioningFailure {
    /// Worth another try: no answer, an overload, or credentials that an operator is about to mend.
    Unavailable(String),
    /// The same call will never be accepted.
    Refused(String),
}

/// What an HTTP status other than success means: only what speaks of this very request is final (RFC 9110 §15.5).
pub fn failure_of(status: u16) -> ProvisioningFailure {
    let text = format!("the provisioning service answered {status}");
    match status {
        401 | 403 | 404 | 408 | 425 | 429 => ProvisioningFailure::Unavailable(text),
        400..=499 => ProvisioningFailure::Refused(text),
        _ => ProvisioningFailure::Unavailable(text),
    }
}

/// A link that a customer can be sent to: http(s) with a host.
pub fn is_link(text: &str) -> bool {
    let parsed: Option<http::Uri> = text.parse().ok();
    parsed.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_speaks_of_the_request_is_final() {
        for status in [400, 409, 410, 422] {
            assert!(matches!(failure_of(status), ProvisioningFailure::Refused(_)), "{status}");
        }
        for status in [301, 401, 403, 404, 408, 429, 500, 502, 503, 504] {
            assert!(matches!(failure_of(status), ProvisioningFailure::Unavailable(_)), "{status}");
        }
    }

    #[test]
    fn a_link_is_http_with_a_host() {
        assert!(is_link("https://app.example.com/s/1?x=y") && is_link("http://127.0.0.1:8080/a"));
        assert!(!is_link("javascript:alert(1)") && !is_link("/relative") && !is_link("") && !is_link("ftp://a/b"));
    }
}
