//! The provider's side of the notification: signed and sent over HTTP to this server's own address.

use standardwebhooks::Webhook;

use crate::platform::Platform;
use crate::platform::http::client::Outbound;
use crate::platform::ids::fresh_uuid;
use crate::platform::problem::{PROVIDER_UNAVAILABLE, Problem};
use crate::shop::payments::gateways::sandbox::PROVIDER;
use crate::shop::payments::gateways::sandbox::rules::SandboxNotification;

/// Sends notifications as an outside provider would.
pub struct NotificationSender {
    client: reqwest::Client,
}

impl NotificationSender {
    /// A sender.
    pub fn new(outbound: &Outbound) -> Self {
        Self { client: outbound.0.clone() }
    }

    /// Tells the server what became of a payment or a refund.
    ///
    /// # Errors
    /// `provider_unavailable` when the server does not take it.
    pub async fn send(&self, platform: &Platform, said: &SandboxNotification) -> Result<(), Problem> {
        let body = serde_json::to_string(said).map_err(Problem::internal)?;
        let id = format!("msg_{}", fresh_uuid().simple());
        let timestamp = platform.clock.outside().0.timestamp();
        let webhook = Webhook::new(&platform.keys.webhook_secret(PROVIDER)?)
            .map_err(|error| Problem::internal(error.to_string()))?;
        let signature =
            webhook.sign(&id, timestamp, body.as_bytes()).map_err(|error| Problem::internal(error.to_string()))?;
        let sent = self
            .client
            .post(format!("{}/v1/payment-notifications/{PROVIDER}", platform.public_url))
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .body(body)
            .send()
            .await;
        let answer = sent.map_err(|error| PROVIDER_UNAVAILABLE.problem().caused_by(error))?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(PROVIDER_UNAVAILABLE.problem().caused_by(format!("the notification was answered {}", answer.status())))
        }
    }
}
