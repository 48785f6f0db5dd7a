//! The job that sets a service up, between two short transactions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::client::ProvisioningClient;
use super::flow;
use super::rules::ProvisioningFailure;
use crate::activation::requests::rules::ActivationRequestId;
use crate::platform::Platform;
use crate::platform::jobs::{Failure, Job};

/// Owes the service of an approved request.
#[derive(Serialize, Deserialize)]
pub struct ProvisionService {
    /// Which request.
    pub request_id: ActivationRequestId,
}

impl Job for ProvisionService {
    const KIND: &'static str = "provision_service";
}

/// Sets the service up, or finds that it is up already: the call carries the request's idempotency key.
///
/// # Errors
/// When it should be tried again.
pub async fn provision(
    platform: Arc<Platform>,
    client: Arc<ProvisioningClient>,
    job: ProvisionService,
) -> Result<(), Failure> {
    let id = job.request_id;
    let now = platform.clock.now();
    let Some(service) = platform.db.write(move |tx| flow::begin(tx, id, now)).await? else { return Ok(()) };
    let created = client.create(&service).await;
    let now = platform.clock.now();
    match created {
        Ok(created) => platform.db.write(move |tx| flow::complete(tx, id, &created, now)).await?,
        Err(ProvisioningFailure::Refused(reason)) => {
            platform.db.write(move |tx| flow::refuse(tx, id, &reason, now)).await?;
        }
        Err(ProvisioningFailure::Unavailable(reason)) => {
            platform.db.write(move |tx| flow::delay(tx, id, now)).await?;
            return Err(Failure::Again(reason));
        }
    }
    Ok(())
}
