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

/// What the timeline calls a refusal for good.
const REFUSED: &str = "provisioning_refused";

/// What is asked of the provisioning service next.
pub enum Step {
    /// To set a service up.
    Create(Box<ServiceToCreate>),
    /// How far the one is that it has accepted under this name.
    Ask(String),
}

/// Begins (or goes on with) the provisioning of an approved request; none where there is nothing to set up any more.
///
/// # Errors
/// When the database fails.
pub fn begin(tx: &mut DbConnection, id: ActivationRequestId, now: Time) -> Result<Option<Step>, Problem> {
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
    match &request.service_reference {
        Some(accepted) => Ok(Some(Step::Ask(accepted.clone()))),
        None => Ok(Some(Step::Create(Box::new(service_of(tx, &request, now)?)))),
    }
}

/// What the provisioning service was asked for, and perhaps has set up, though its request was given up before the answer
/// was known; none where the answer came after all.
///
/// # Errors
/// When the database fails, and when nobody knows any more what was asked for.
pub fn begin_recall(
    connection: &mut DbConnection,
    id: ActivationRequestId,
    now: Time,
) -> Result<Option<ServiceToCreate>, Problem> {
    match requests::store::find(connection, id)? {
        Some(request) if request.status == RequestStatus::Cancelled => service_of(connection, &request, now).map(Some),
        _ => Ok(None),
    }
}

fn service_of(tx: &mut DbConnection, request: &ActivationRequest, now: Time) -> Result<ServiceToCreate, Problem> {
    let incomplete = || Problem::internal("an approved request without its data");
    let plan = plans::store::find(tx, request.plan_id, now)?.ok_or_else(incomplete)?;
    let applicant = request.applicant.as_ref().ok_or_else(incomplete)?;
    let events = requests::store::timeline(tx, request.id)?;
    Ok(ServiceToCreate {
        activation_request_id: request.id,
        refusals: events.iter().filter(|event| event.kind == REFUSED).count(),
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
    let Some(mut request) = being_provisioned(tx, id)? else {
        return terminate_if_given_up(tx, id, &service.service_id, now);
    };
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

/// The provisioning service has accepted the request and takes longer: told in the timeline, once.
///
/// # Errors
/// When the database fails.
pub fn accept(
    tx: &mut DbConnection,
    id: ActivationRequestId,
    service_reference: &str,
    now: Time,
) -> Result<(), Problem> {
    let Some(mut request) = being_provisioned(tx, id)? else {
        return terminate_if_given_up(tx, id, service_reference, now);
    };
    if request.service_reference.as_deref() == Some(service_reference) {
        return Ok(());
    }
    request.service_reference = Some(service_reference.to_owned());
    requests::store::update(tx, &request, now)?;
    record(tx, &request, "provisioning_accepted", SYSTEM, json!({ "service_reference": service_reference }), now)
}

/// A service that came up after its order was withdrawn from is switched off again.
fn terminate_if_given_up(
    tx: &mut DbConnection,
    id: ActivationRequestId,
    service_reference: &str,
    now: Time,
) -> Result<(), Problem> {
    let found = requests::store::find(tx, id)?;
    if found.is_some_and(|request| request.status == RequestStatus::Cancelled) {
        let service_reference = service_reference.to_owned();
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
    request.service_reference = None;
    requests::store::update(tx, &request, now)?;
    record(tx, &request, REFUSED, SYSTEM, json!({ "reason": reason }), now)
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
    let found = requests::flow::find_locked(tx, id)?;
    Ok(found.filter(|request| request.status == RequestStatus::Provisioning))
}
