//! The provisioning service's HTTP API.

use std::time::Duration;

use super::rules::{Progress, ProvisioningFailure, ServiceToCreate, failure_of, progress};
use crate::platform::http::client::{ANSWER_LIMIT, Outbound, bounded_body};

/// Calls the provisioning service.
pub struct ProvisioningClient {
    client: reqwest::Client,
    url: String,
    token: String,
    timeout: Duration,
}

impl ProvisioningClient {
    /// A client of the service at an address, with its bearer token, that waits this long for an answer.
    pub fn new(outbound: &Outbound, url: String, token: String, timeout: Duration) -> Self {
        Self { client: outbound.0.clone(), url, token, timeout }
    }

    /// Sets a service up, under a key with which a call whose answer was lost can be repeated.
    ///
    /// # Errors
    /// Why it is not up.
    pub async fn create(&self, service: &ServiceToCreate) -> Result<Progress, ProvisioningFailure> {
        let call = self
            .client
            .post(format!("{}/services", self.url))
            .header("Idempotency-Key", service.idempotency_key())
            .json(service);
        let answer = self.send(call).await?;
        read(answer).await
    }

    /// Asks how far a service is that was accepted earlier.
    ///
    /// # Errors
    /// Why it is not up.
    pub async fn ask(&self, service_reference: &str) -> Result<Progress, ProvisioningFailure> {
        let answer = self.send(self.client.get(self.service_url(service_reference)?)).await?;
        read(answer).await
    }

    /// Switches a service off. One that is off already, or that nobody knows, is what was asked for.
    ///
    /// # Errors
    /// Why it is still up.
    pub async fn terminate(&self, service_reference: &str) -> Result<(), ProvisioningFailure> {
        let answer = self.send(self.client.delete(self.service_url(service_reference)?)).await?;
        match answer.status().as_u16() {
            200..=299 | 404 | 410 => Ok(()),
            status => Err(failure_of(status)),
        }
    }

    fn service_url(&self, service_reference: &str) -> Result<reqwest::Url, ProvisioningFailure> {
        let no_url = || ProvisioningFailure::Unavailable("the address is no URL".to_owned());
        let mut url: reqwest::Url = self.url.parse().map_err(|_| no_url())?;
        url.path_segments_mut().map_err(|()| no_url())?.extend(["services", service_reference]);
        Ok(url)
    }

    /// Sends a call. The text of an error of reqwest's names the address, which is no secret, and nothing of the body.
    async fn send(&self, call: reqwest::RequestBuilder) -> Result<reqwest::Response, ProvisioningFailure> {
        let unavailable = |error: reqwest::Error| ProvisioningFailure::Unavailable(error.without_url().to_string());
        call.bearer_auth(&self.token).timeout(self.timeout).send().await.map_err(unavailable)
    }
}

async fn read(answer: reqwest::Response) -> Result<Progress, ProvisioningFailure> {
    let status = answer.status().as_u16();
    if !answer.status().is_success() {
        return Err(failure_of(status));
    }
    let body = bounded_body(answer, ANSWER_LIMIT).await.map_err(ProvisioningFailure::Unavailable)?;
    progress(status, &body)
}
