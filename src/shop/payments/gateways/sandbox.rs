//! The sandbox's payment provider: its page and its outcomes are the sandbox room's; its notifications are signed as
//! Standard Webhooks 1.0.0 says.

use serde::{Deserialize, Serialize};
use standardwebhooks::Webhook;

use super::{Answering, Gateway, Notification, Outcome, PaymentSession, SignedCall};
use crate::platform::clock::Time;
use crate::platform::problem::{MALFORMED_REQUEST, Problem};
use crate::shop::payments::rules::Payment;
use crate::shop::problems::SIGNATURE_INVALID;

/// Its name.
pub const PROVIDER: &str = "sandbox";

/// What a notification says.
#[derive(Debug, Serialize, Deserialize)]
pub struct SandboxNotification {
    /// The payment.
    pub reference: String,
    /// `succeeded` or `failed`.
    pub outcome: SandboxOutcome,
}

crate::text_enum!(
    /// What the sandbox's page can end in.
    SandboxOutcome {
        Succeeded = "succeeded",
        Failed = "failed",
    }
);

/// The gateway.
pub struct SandboxGateway {
    public_url: String,
    webhook: Webhook,
}

impl SandboxGateway {
    /// A gateway whose page is this server's own.
    ///
    /// # Errors
    /// When the secret is not one of Standard Webhooks.
    pub fn new(public_url: String, secret: &str) -> Result<Self, String> {
        Ok(Self { public_url, webhook: Webhook::new(secret).map_err(|error| error.to_string())? })
    }
}

impl Gateway for SandboxGateway {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn open<'a>(&'a self, payment: &'a Payment) -> Answering<'a, PaymentSession> {
        let redirect_url = format!("{}/v1/sandbox/payments/{}", self.public_url, payment.id);
        Box::pin(async move { Ok(PaymentSession { reference: payment.id.to_string(), redirect_url }) })
    }

    fn read(&self, call: &SignedCall<'_>, _now: Time) -> Result<Notification, Problem> {
        let mut headers = http::HeaderMap::new();
        for (name, value) in &call.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse()) {
                headers.insert(name, value);
            }
        }
        self.webhook
            .verify(call.body, &headers)
            .map_err(|error| SIGNATURE_INVALID.problem().caused_by(error.to_string()))?;
        let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let said: SandboxNotification = serde_json::from_slice(call.body).map_err(|_| MALFORMED_REQUEST.problem())?;
        let outcome = match said.outcome {
            SandboxOutcome::Succeeded => Outcome::Succeeded,
            SandboxOutcome::Failed => Outcome::Failed,
        };
        Ok(Notification { id, reference: said.reference, outcome })
    }
}
