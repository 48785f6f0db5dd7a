//! Claiming, releasing and deciding, each within its caller's transaction and in the audit log.

use serde_json::json;

use super::findings::{Finding, about_applicant, about_document, about_holder};
use super::rules::{ReviewOutcome, Verdict, decide, ends_review, require_reviewer};
use super::store;
use crate::activation::identity_documents::rules::{DocumentStatus, IdentityDocument};
use crate::activation::problems::CLAIMED_BY_ANOTHER;
use crate::activation::provisioning::jobs::ProvisionService;
use crate::activation::requests::flow::record;
use crate::activation::requests::jobs::{ActivationMail, ActivationMailKind};
use crate::activation::requests::rules::{ActivationRequest, ActivationRequestId, RequestStatus};
use crate::activation::{identity_documents, requests};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::platform::{audit, jobs};

fn locked(tx: &mut DbConnection, id: ActivationRequestId) -> Result<ActivationRequest, Problem> {
    requests::flow::find_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())
}

/// What is found about a request and its newest identity document.
///
/// # Errors
/// When the database fails.
pub fn findings(
    connection: &mut DbConnection,
    request: &ActivationRequest,
    document: Option<&IdentityDocument>,
    now: Time,
) -> Result<Vec<Finding>, Problem> {
    let others = requests::store::count_others_of_holder(connection, request)?;
    let document = document.filter(|document| document.status != DocumentStatus::Purged);
    let of_document = document.map(|document| about_document(document, request.applicant.as_ref(), now.italian_date()));
    let of_applicant = request.applicant.as_ref().and_then(|applicant| about_applicant(applicant, now.italian_date()));
    Ok(of_document.unwrap_or_default().into_iter().chain(of_applicant).chain(about_holder(others)).collect())
}

/// Claims a request that waits for review; claiming one's own claim again changes nothing.
///
/// # Errors
/// `not_found`, `own_request`, `claimed_by_another`, `request_state_forbids`.
pub fn claim(
    tx: &mut DbConnection,
    reviewer: AccountId,
    id: ActivationRequestId,
    now: Time,
) -> Result<ActivationRequest, Problem> {
    let mut request = locked(tx, id)?;
    if request.status != RequestStatus::InReview {
        return Err(request.state_forbids());
    }
    require_reviewer(&request, reviewer)?;
    if request.reviewer_id.is_none() {
        request.reviewer_id = Some(reviewer);
        requests::store::update(tx, &request, now)?;
        record(tx, &request, "review_claimed", &reviewer.to_string(), json!({}), now)?;
        audit::store::record(tx, reviewer, "review_claimed", id, json!({}), now)?;
    }
    Ok(request)
}

/// Releases a claim: its reviewer's own, or, by an administrator, anybody's.
///
/// # Errors
/// `not_found`, `claimed_by_another`, `request_state_forbids`.
pub fn release(
    tx: &mut DbConnection,
    reviewer: AccountId,
    is_administrator: bool,
    id: ActivationRequestId,
    now: Time,
) -> Result<ActivationRequest, Problem> {
    let mut request = locked(tx, id)?;
    if request.status != RequestStatus::InReview {
        return Err(request.state_forbids());
    }
    match request.reviewer_id {
        None => return Ok(request),
        Some(claimant) if claimant != reviewer && !is_administrator => return Err(CLAIMED_BY_ANOTHER.problem()),
        Some(_) => request.reviewer_id = None,
    }
    requests::store::update(tx, &request, now)?;
    record(tx, &request, "review_released", &reviewer.to_string(), json!({}), now)?;
    audit::store::record(tx, reviewer, "review_released", id, json!({}), now)?;
    Ok(request)
}

/// Decides a request: the customer is told by mail, and an approved one is provisioned. Under four eyes a first approval
/// is kept, and the request waits for another reviewer.
///
/// # Errors
/// `not_found`, `own_request`, `claimed_by_another`, `request_state_forbids`, `second_reviewer_needed`, `invalid_fields`.
pub fn conclude_review(
    tx: &mut DbConnection,
    verdict: &Verdict,
    four_eyes: bool,
) -> Result<ActivationRequest, Problem> {
    let now = verdict.decided_at;
    let mut request = locked(tx, verdict.request_id)?;
    require_reviewer(&request, verdict.reviewer_id)?;
    if request.status == RequestStatus::InReview {
        let earlier = store::of_request(tx, request.id)?;
        if !ends_review(&request, verdict, &earlier, four_eyes)? {
            return keep_first_approval(tx, request, verdict);
        }
    }
    let decision = verdict.on(&request, true);
    let document = decide(&mut request, verdict)?;
    if let Some(status) = document {
        identity_documents::store::settle(tx, request.id, status)?;
    }
    requests::store::refresh(tx, &mut request)?;
    requests::store::update(tx, &request, now)?;
    store::insert(tx, &decision)?;
    let reviewer = verdict.reviewer_id;
    let codes: Vec<&str> = verdict.reasons.iter().map(|reason| reason.code.as_str()).collect();
    let details = json!({ "decision_id": decision.id, "outcome": verdict.outcome, "reasons": codes });
    let (kind, mail) = match verdict.outcome {
        ReviewOutcome::Approve => ("request_approved", ActivationMailKind::Approved),
        ReviewOutcome::RequestResubmission => ("resubmission_requested", ActivationMailKind::ResubmissionRequested),
        ReviewOutcome::Reject => ("request_rejected", ActivationMailKind::Rejected),
    };
    record(tx, &request, kind, &reviewer.to_string(), details.clone(), now)?;
    audit::store::record(tx, reviewer, kind, request.id, details, now)?;
    let mail = ActivationMail { request_id: request.id, kind: mail, decision_id: Some(decision.id) };
    jobs::enqueue(tx, &mail, now)?;
    match verdict.outcome {
        ReviewOutcome::Approve => {
            jobs::enqueue(tx, &ProvisionService { request_id: request.id }, now)?;
        }
        ReviewOutcome::Reject => requests::flow::tell_order(tx, &request, kind, now)?,
        ReviewOutcome::RequestResubmission => {}
    }
    Ok(request)
}

fn keep_first_approval(
    tx: &mut DbConnection,
    mut request: ActivationRequest,
    verdict: &Verdict,
) -> Result<ActivationRequest, Problem> {
    let (now, reviewer) = (verdict.decided_at, verdict.reviewer_id);
    // Whoever approves next is somebody else.
    request.reviewer_id = None;
    requests::store::update(tx, &request, now)?;
    let decision = verdict.on(&request, false);
    store::insert(tx, &decision)?;
    let details = json!({ "decision_id": decision.id });
    record(tx, &request, "first_approval_given", &reviewer.to_string(), details.clone(), now)?;
    audit::store::record(tx, reviewer, "first_approval_given", request.id, details, now)?;
    Ok(request)
}
