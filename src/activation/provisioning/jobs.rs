//! The job that sets a service up, between two short transactions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::client::ProvisioningClient;
use super::flow::{self, Step};
use super::rules::{Progress, ProvisioningFailure};
use crate::activation::requests;
use crate::activation::requests::rules::ActivationRequestId;
use crate::platform::Platform;
use crate::platform::jobs::{self, Failure, Job};
use crate::platform::problem::Problem;

/// Owes the service of an approved request.
#[derive(Serialize, Deserialize)]
pub struct ProvisionService {
    /// Which request.
    pub request_id: ActivationRequestId,
}

/// Owes that a service is switched off.
#[derive(Serialize, Deserialize)]
pub struct TerminateService {
    /// What the provisioning service calls it.
    pub service_reference: String,
}

impl Job for TerminateService {
    const KIND: &'static str = "terminate_service";
}

/// Owes that a service which may have come up after its request was given up is found and switched off.
#[derive(Serialize, Deserialize)]
pub struct RecallService {
    /// Which request.
    pub request_id: ActivationRequestId,
}

impl Job for RecallService {
    const KIND: &'static str = "recall_service";
}

/// Switches a service off, or finds that it is off already.
///
/// # Errors
/// When it should be tried again, or a person must look.
pub async fn terminate(client: Arc<ProvisioningClient>, job: TerminateService) -> Result<(), Failure> {
    client.terminate(&job.service_reference).await.map_err(|failure| match failure {
        ProvisioningFailure::Refused(reason) | ProvisioningFailure::Unavailable(reason) => Failure::Again(reason),
    })
}

/// Seconds after which a job's tries are over (see [`jobs::MAX_ATTEMPTS`]) and an outage is still no reason to give up.
const TAKEN_UP_AFTER: i64 = 24 * 3600;

impl Job for ProvisionService {
    const KIND: &'static str = "provision_service";
}

/// Owes once a day more the services whose provisioning has waited for longer than the tries of one job, so that no
/// outage leaves a request behind.
///
/// # Errors
/// When the database fails.
pub async fn take_up_again(platform: Arc<Platform>) -> Result<(), Problem> {
    let now = platform.clock.now();
    let since = now.plus_seconds(-TAKEN_UP_AFTER);
    let waiting =
        platform.db.read(move |connection| Ok(requests::store::provisioning_since(connection, since)?)).await?;
    for request_id in waiting {
        let once_a_day = format!("provision/{request_id}/{}", now.italian_date());
        platform.db.write(move |tx| jobs::enqueue_once(tx, &ProvisionService { request_id }, &once_a_day, now)).await?;
    }
    Ok(())
}

/// Sets the service up, or finds that it is up already: the call carries the request's idempotency key. Where the
/// provisioning service takes its time, asks again with growing pauses.
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
    let progress = match platform.db.write(move |tx| flow::begin(tx, id, now)).await? {
        None => return Ok(()),
        Some(Step::Create(service)) => client.create(&service).await,
        Some(Step::Ask(service_reference)) => client.ask(&service_reference).await,
    };
    let now = platform.clock.now();
    match progress {
        Ok(Progress::Up(created)) => platform.db.write(move |tx| flow::complete(tx, id, &created, now)).await?,
        Ok(Progress::UnderWay(service_reference)) => {
            platform.db.write(move |tx| flow::accept(tx, id, &service_reference, now)).await?;
            return Err(Failure::Again("the service is being set up".to_owned()));
        }
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

/// Repeats a call whose answer nobody waited for, only to learn what the service is called, and owes that it is switched
/// off. A service that is refused was never up.
///
/// # Errors
/// When it should be tried again.
pub async fn recall(
    platform: Arc<Platform>,
    client: Arc<ProvisioningClient>,
    job: RecallService,
) -> Result<(), Failure> {
    let now = platform.clock.now();
    let asked = platform.db.read(move |connection| flow::begin_recall(connection, job.request_id, now)).await?;
    let Some(service) = asked else { return Ok(()) };
    let service_reference = match client.create(&service).await {
        Ok(progress) => progress.service_id(),
        Err(ProvisioningFailure::Refused(_)) => return Ok(()),
        Err(ProvisioningFailure::Unavailable(reason)) => return Err(Failure::Again(reason)),
    };
    let owed = TerminateService { service_reference };
    platform.db.write(move |tx| jobs::enqueue(tx, &owed, now)).await?;
    Ok(())
}
