//! Gathering what proves how a request's contracts were concluded.

use super::archive::pack;
use super::rules::{ContractFiles, Proofs, SIGNATURE_TYPE};
use crate::activation::contracts::rules::ContractStatus;
use crate::activation::representatives::rules::InvitationStatus;
use crate::activation::requests::rules::ActivationRequest;
use crate::activation::{contracts, identity_documents, otp_challenges, representatives, requests};
use crate::platform::Platform;
use crate::platform::db::DbConnection;
use crate::platform::problem::Problem;

/// What a request's bundle is made from.
///
/// # Errors
/// `request_state_forbids` before the request was handed in, and after a change of its data has voided the contracts.
pub fn gather(connection: &mut DbConnection, request: ActivationRequest) -> Result<Proofs, Problem> {
    let contracts = contracts::store::current(connection, request.id)?;
    let is_final = contracts.iter().all(|contract| contract.status == ContractStatus::Final) && !contracts.is_empty();
    let challenge = otp_challenges::store::verified_of(connection, request.id)?.filter(|_| is_final);
    let Some(challenge) = challenge else {
        let detail = "There is evidence once the request has been handed in and its contracts are final.";
        return Err(Problem { detail: Some(detail.into()), ..request.state_forbids() });
    };
    let invitation = representatives::store::current(connection, request.id)?;
    let invitation = invitation.filter(|invitation| invitation.status == InvitationStatus::Confirmed);
    let mut documents = identity_documents::store::of_request(connection, request.id)?;
    documents.reverse();
    let events = requests::store::timeline(connection, request.id)?;
    Ok(Proofs { request, challenge, invitation, documents, contracts, events })
}

/// The bundle: the same bytes for as long as nothing more happens to the request.
///
/// # Errors
/// `internal_error` when a document is not stored as it was served.
pub async fn bundle(platform: &Platform, proofs: &Proofs) -> Result<Vec<u8>, Problem> {
    let mut contents = Vec::new();
    for contract in &proofs.contracts {
        let document = platform.storage.get(&contract.path).await?;
        let signed_copy = match &contract.signed_copy {
            Some(copy) => Some(platform.storage.get(&copy.path).await?),
            None => None,
        };
        contents.push(ContractFiles { document, signed_copy });
    }
    pack(&proofs.files(contents, |manifest| platform.tokens.sign_file(SIGNATURE_TYPE, manifest))?)
}
