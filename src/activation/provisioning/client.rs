//! The provisioning service's HTTP API.

use super::rules::{CreatedService, ProvisioningFailure, ServiceToCreate, failure_of, is_link};
use crate::platform::http::client::{Outbound, bounded_body};

/// Calls the provisioning service.
pub struct ProvisioningClient {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl ProvisioningClient {
    /// A client of the service at an address, with its bearer token.
    pub fn new(outbound: &Outbound, url: String, token: String) -> Self {
        Self { client: outbound.0.clone(), url, token }
    }

    /// Sets a service up. The request's identifier is the idempotency key, so that a call whose answer was lost can be
    /// repeated.
    ///
    /// # Errors
    /// Why it is not up.
    pub async fn create(&self, service: &ServiceToCreate) -> Result<CreatedService, ProvisioningFailure> {
        // The text of an error of reqwest's names the address, which is no secret, and nothing of the body.
        let unavailable = |error: reqwest::Error| ProvisioningFailure::Unavailable(error.without_url().to_string());
        let answer = self
            .client
            .post(format!("{}/services", self.url))
            .bearer_auth(&self.token)
            .header("Idempotency-Key", service.activation_request_id.to_string())
            .json(service)
            .send()
            .await
            .map_err(unavailable)?;
        if !answer.status().is_success() {
            return Err(failure_of(answer.status().as_u16()));
        }
        let body = bounded_body(answer).await.map_err(ProvisioningFailure::Unavailable)?;
        let created: CreatedService = serde_json::from_slice(&body)
            .map_err(|_| ProvisioningFailure::Unavailable("the answer is not a created service".to_owned()))?;
        if created.service_id.is_empty() || !is_link(&created.access_url) {
            return Err(ProvisioningFailure::Unavailable("the answer lacks a reference or a link".to_owned()));
        }
        Ok(created)
    }

    /// Switches a service off. One that is off already, or that nobody knows, is what was asked for.
    ///
    /// # Errors
    /// Why it is still up.
    pub async fn terminate(&self, service_reference: &str) -> Result<(), ProvisioningFailure> {
        let unavailable = |error: reqwest::Error| ProvisioningFailure::Unavailable(error.without_url().to_string());
        let mut url: reqwest::Url =
            self.url.parse().map_err(|_| ProvisioningFailure::Unavailable("the address is no URL".to_owned()))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(["services", service_reference]);
        }
        let answer = self.client.delete(url).bearer_auth(&self.token).send().await.map_err(unavailable)?;
        match answer.status().as_u16() {
            200..=299 | 404 | 410 => Ok(()),
            status => Err(failure_of(status)),
        }
    }
}
