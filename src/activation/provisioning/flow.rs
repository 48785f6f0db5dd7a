//! The states of a provisioning, each step within its caller's transaction.

use serde_json::json;

use super::jobs::TerminateService;
use super::rules::{Contact, CreatedService, ServiceToCreate};
use crate::activation::requests;
use crate::activation::requests::flow::record;
use crate::activation::requests::jobs::{ActivationMail, ActivationMailKind};
use crate::activation::requests::rules::{ActivationRequest, ActivationRequestId, RequestCommand, RequestStatus};
use crate::activation::requests::timeline::SYSTEM;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::jobs;
use crate::platform::problem::Problem;
use crate::shop::{orders, plans};

/// Begins (or goes on with) the provisioning of an approved request; none where there is nothing to set up any more.
///
/// # Errors
/// When the database fails.
pub fn begin(tx: &mut DbConnection, id: ActivationRequestId, now: Time) -> Result<Option<ServiceToCreate>, Problem> {
    let Some(mut request) = requests::store::find_locked(tx, id)? else { return Ok(None) };
    match request.status {
        RequestStatus::Approved => {
            request.advance(RequestCommand::Provision)?;
            requests::store::update(tx, &request, now)?;
            record(tx, &request, "provisioning_started", SYSTEM, json!({}), now)?;
        }
        RequestStatus::Provisioning => {}
        _ => return Ok(None),
    }
    service_of(tx, &request).map(Some)
}

fn service_of(tx: &mut DbConnection, request: &ActivationRequest) -> Result<ServiceToCreate, Problem> {
    let incomplete = || Problem::internal("an approved request without its data");
    let plan = plans::store::find(tx, request.plan_id)?.ok_or_else(incomplete)?;
    let applicant = request.applicant.as_ref().ok_or_else(incomplete)?;
    Ok(ServiceToCreate {
        activation_request_id: request.id,
        plan: plan.slug,
        holder: request.holder.clone().ok_or_else(incomplete)?,
        contact: Contact {
            first_name: applicant.first_name.clone(),
            last_name: applicant.last_name.clone(),
            email: request.email.clone().ok_or_else(incomplete)?,
        },
    })
}

/// The service is up: the order is told, and the mail with the link is owed (guide: "Accedi a Legalinvoice").
///
/// # Errors
/// When the database fails.
pub fn complete(
    tx: &mut DbConnection,
    id: ActivationRequestId,
    service: &CreatedService,
    now: Time,
) -> Result<(), Problem> {
    let Some(mut request) = being_provisioned(tx, id)? else { return terminate_if_given_up(tx, id, service, now) };
    request.advance(RequestCommand::Activate)?;
    request.activated_at = Some(now);
    request.service_reference = Some(service.service_id.clone());
    request.access_url = Some(service.access_url.clone());
    requests::store::update(tx, &request, now)?;
    let details = json!({ "service_reference": service.service_id });
    record(tx, &request, "service_activated", SYSTEM, details, now)?;
    orders::flow::activation_became_active(tx, request.order_id, &id.to_string(), now)?;
    let mail = ActivationMail { request_id: id, kind: ActivationMailKind::Active, decision_id: None };
    jobs::enqueue(tx, &mail, now)?;
    Ok(())
}

/// A service that came up after its order was withdrawn from is switched off again.
fn terminate_if_given_up(
    tx: &mut DbConnection,
    id: ActivationRequestId,
    service: &CreatedService,
    now: Time,
) -> Result<(), Problem> {
    let found = requests::store::find(tx, id)?;
    if found.is_some_and(|request| request.status == RequestStatus::Cancelled) {
        let service_reference = service.service_id.clone();
        jobs::enqueue(tx, &TerminateService { service_reference }, now)?;
    }
    Ok(())
}

/// The service was refused for good: the request comes back to the review.
///
/// # Errors
/// When the database fails.
pub fn refuse(tx: &mut DbConnection, id: ActivationRequestId, reason: &str, now: Time) -> Result<(), Problem> {
    let Some(mut request) = being_provisioned(tx, id)? else { return Ok(()) };
    request.advance(RequestCommand::RefuseProvisioning)?;
    requests::store::update(tx, &request, now)?;
    record(tx, &request, "provisioning_refused", SYSTEM, json!({ "reason": reason }), now)
}

/// Tells in the timeline, once, that the provisioning service does not answer: the request waits for it.
///
/// # Errors
/// When the database fails.
pub fn delay(tx: &mut DbConnection, id: ActivationRequestId, now: Time) -> Result<(), Problem> {
    let Some(request) = being_provisioned(tx, id)? else { return Ok(()) };
    let is_told = requests::store::timeline(tx, id)?.last().is_some_and(|event| event.kind == "provisioning_delayed");
    if is_told { Ok(()) } else { record(tx, &request, "provisioning_delayed", SYSTEM, json!({}), now) }
}

fn being_provisioned(tx: &mut DbConnection, id: ActivationRequestId) -> Result<Option<ActivationRequest>, Problem> {
    let found = requests::store::find_locked(tx, id)?;
    Ok(found.filter(|request| request.status == RequestStatus::Provisioning))
}
