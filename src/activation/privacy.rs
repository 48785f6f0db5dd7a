//! What the activation holds of an account.

use serde_json::{Value, json};

use crate::activation::otp_challenges::rules::ChallengePurpose;
use crate::activation::problems::ACTIVATION_UNDER_WAY;
use crate::activation::requests::rules::{ActivationRequest, RequestStatus};
use crate::activation::{contracts, identity_documents, otp_challenges, representatives, requests};
use crate::customers::accounts::rules::AccountId;
use crate::customers::privacy::PersonalData;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::jobs;
use crate::platform::problem::Problem;
use crate::platform::storage::EraseFile;

/// Its activation requests. One that is being reviewed or set up forbids the erasure. One that was never handed in is
/// given up and forgotten, and so is a rejected one. What led to an active service is the contract's, which stays with its
/// evidence (GDPR art. 17(3)(e)).
pub struct ActivationData;

impl PersonalData for ActivationData {
    fn section(&self) -> &'static str {
        "activation_requests"
    }

    fn export(&self, connection: &mut DbConnection, account: AccountId) -> Result<Value, Problem> {
        let found = requests::store::list(connection, account, None, i64::MAX)?;
        found.iter().map(|request| exported(connection, request)).collect::<Result<Vec<_>, _>>().map(Value::Array)
    }

    fn erase(&self, tx: &mut DbConnection, account: AccountId, now: Time) -> Result<(), Problem> {
        for request in requests::store::list(tx, account, None, i64::MAX)? {
            let Some(mut request) = requests::flow::find_locked(tx, request.id)? else { continue };
            match request.status {
                RequestStatus::InReview | RequestStatus::Approved | RequestStatus::Provisioning => {
                    return Err(ACTIVATION_UNDER_WAY.problem().member("activation_request_id", json!(request.id)));
                }
                RequestStatus::Active | RequestStatus::Withdrawn => {}
                _ => forget(tx, &mut request, now)?,
            }
        }
        Ok(())
    }
}

fn exported(connection: &mut DbConnection, request: &ActivationRequest) -> Result<Value, Problem> {
    let documents = identity_documents::store::of_request(connection, request.id)?;
    let documents = documents.iter().map(|document| {
        json!({
            "id": document.id,
            "kind": document.kind,
            "number": document.number,
            "issued_on": document.issued_on,
            "expires_on": document.expires_on,
            "mrz": document.mrz,
            "status": document.status,
            "created_at": document.created_at,
        })
    });
    let invitation = representatives::store::current(connection, request.id)?;
    let representative = invitation.map(|invitation| {
        json!({
            "first_name": invitation.first_name,
            "last_name": invitation.last_name,
            "email": invitation.email,
            "status": invitation.status,
        })
    });
    let contracts = contracts::store::current(connection, request.id)?;
    let contracts = contracts.iter().map(|contract| {
        json!({
            "id": contract.id,
            "kind": contract.kind,
            "sha256": contract.sha256_text(),
            "status": contract.status,
            "acceptance": contract.acceptance,
            "specific_approval": contract.specific_approval,
            "signed_copy": contract.signed_copy.as_ref().map(|copy| copy.evidence()),
        })
    });
    Ok(json!({
        "id": request.id,
        "status": request.status,
        "email": request.email,
        "holder": request.holder,
        "applicant": request.applicant,
        "representative": representative,
        "identity_documents": documents.collect::<Vec<_>>(),
        "contracts": contracts.collect::<Vec<_>>(),
        "access_url": request.access_url,
        "created_at": request.created_at,
    }))
}

/// Gives a request up and drops whom it is about. Its timeline holds no personal data and still verifies.
fn forget(tx: &mut DbConnection, request: &mut ActivationRequest, now: Time) -> Result<(), Problem> {
    if request.status.is_with_customer() {
        requests::flow::give_up(tx, request, now)?;
    }
    request.email = None;
    request.holder = None;
    request.applicant = None;
    requests::store::update(tx, request, now)?;
    otp_challenges::store::forget(tx, request.id, ChallengePurpose::ALL)?;
    representatives::store::void(tx, request.id)?;
    for path in contracts::store::forget(tx, request.id)? {
        jobs::enqueue(tx, &EraseFile { path }, now)?;
    }
    for document in identity_documents::store::of_request(tx, request.id)? {
        identity_documents::flow::purge(tx, document.id, now)?;
    }
    Ok(())
}
