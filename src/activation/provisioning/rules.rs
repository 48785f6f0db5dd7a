//! What the provisioning service is told, what it answers, and which answers are worth another try.

use serde::{Deserialize, Serialize};

use crate::activation::requests::holder::Holder;
use crate::activation::requests::rules::ActivationRequestId;

/// The service to set up. Its `Debug` shows the identifier only.
#[derive(Clone, Serialize, Deserialize)]
pub struct ServiceToCreate {
    /// Which request asked for it.
    pub activation_request_id: ActivationRequestId,
    /// How often the service was refused for good before.
    #[serde(skip)]
    pub refusals: usize,
    /// The plan's slug.
    pub plan: String,
    /// Whose service it is.
    pub holder: Holder,
    /// Who uses it first.
    pub contact: Contact,
}

impl ServiceToCreate {
    /// The same when a call is repeated, another when the request is approved again: the answer that a provisioning
    /// service keeps under the first is a refusal.
    pub fn idempotency_key(&self) -> String {
        match self.refusals {
            0 => self.activation_request_id.to_string(),
            refusals => format!("{}-{refusals}", self.activation_request_id),
        }
    }
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

/// How far the provisioning service has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The service is up.
    Up(CreatedService),
    /// It is being set up under this name; whoever wants to know asks again.
    UnderWay(String),
}

impl Progress {
    /// What the provisioning service calls the service.
    pub fn service_id(self) -> String {
        match self {
            Self::Up(created) => created.service_id,
            Self::UnderWay(service_id) => service_id,
        }
    }
}

crate::text_enum!(
    /// What the provisioning service says of a service.
    ServiceState {
        SettingUp = "setting_up",
        Active = "active",
        Failed = "failed",
    }
);

/// An answer about a service. One without a state is about a service that is up.
#[derive(Deserialize)]
struct ServiceAnswer {
    service_id: String,
    status: Option<ServiceState>,
    access_url: Option<String>,
}

/// Reads an answer: 202 (RFC 9110 §15.3.3) and `setting_up` say that it takes longer.
///
/// # Errors
/// Why the service is not up.
pub fn progress(status: u16, body: &[u8]) -> Result<Progress, ProvisioningFailure> {
    let unclear = |what: &str| ProvisioningFailure::Unavailable(format!("the answer {what}"));
    let answer: ServiceAnswer = serde_json::from_slice(body).map_err(|_| unclear("is not a service"))?;
    let ServiceAnswer { service_id, status: state, access_url } = answer;
    if service_id.is_empty() || service_id.len() > REFERENCE_LENGTH {
        return Err(unclear("lacks a reference"));
    }
    match (state, access_url) {
        (Some(ServiceState::Failed), _) => Err(ProvisioningFailure::Refused("the service could not be set up".into())),
        (Some(ServiceState::SettingUp), _) => Ok(Progress::UnderWay(service_id)),
        (None, _) if status == 202 => Ok(Progress::UnderWay(service_id)),
        (_, Some(access_url)) if is_link(&access_url) => Ok(Progress::Up(CreatedService { service_id, access_url })),
        _ => Err(unclear("lacks a link")),
    }
}

/// Characters that a service's reference may have.
const REFERENCE_LENGTH: usize = 200;

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
    fn an_answer_says_how_far_the_service_is() {
        let up = Progress::Up(CreatedService { service_id: "s".into(), access_url: "https://a.example/s".into() });
        let under_way = Progress::UnderWay("s".into());
        for (status, body, expected) in [
            (201, r#"{"service_id":"s","access_url":"https://a.example/s"}"#, Some(&up)),
            (200, r#"{"service_id":"s","access_url":"https://a.example/s","status":"active"}"#, Some(&up)),
            (202, r#"{"service_id":"s"}"#, Some(&under_way)),
            (200, r#"{"service_id":"s","access_url":null,"status":"setting_up"}"#, Some(&under_way)),
            (200, r#"{"service_id":"s","access_url":"https://a.example/s","status":"failed"}"#, None),
            (200, r#"{"service_id":"s","access_url":"https://a.example/s","status":"unheard_of"}"#, None),
            (201, r#"{"service_id":"s"}"#, None),
            (201, r#"{"service_id":"s","access_url":"javascript:alert(1)"}"#, None),
            (202, r#"{"service_id":""}"#, None),
            (202, "accepted", None),
        ] {
            assert_eq!(progress(status, body.as_bytes()).ok().as_ref(), expected, "{status} {body}");
        }
        let failed = progress(200, br#"{"service_id":"s","status":"failed"}"#);
        assert!(matches!(failed, Err(ProvisioningFailure::Refused(_))));
    }

    #[test]
    fn a_link_is_http_with_a_host() {
        assert!(is_link("https://app.example.com/s/1?x=y") && is_link("http://127.0.0.1:8080/a"));
        assert!(!is_link("javascript:alert(1)") && !is_link("/relative") && !is_link("") && !is_link("ftp://a/b"));
    }
}
