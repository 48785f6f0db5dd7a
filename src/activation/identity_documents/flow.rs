//! What happens to a document after it was taken in.

use serde_json::json;

use super::rules::{IdentityDocument, IdentityDocumentId, Page};
use super::store;
use crate::activation::requests;
use crate::activation::requests::requirements::Requirement;
use crate::activation::requests::rules::ActivationRequestId;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::jobs;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::platform::storage::EraseFile;

/// Adds a document that was measured and whose pages are stored.
///
/// # Errors
/// `not_found`, `request_state_forbids`, `requirement_frozen`.
pub fn add(
    tx: &mut DbConnection,
    account: AccountId,
    request: ActivationRequestId,
    document: &IdentityDocument,
) -> Result<(), Problem> {
    let now = document.created_at;
    let mut request = requests::flow::own_locked(tx, account, request)?;
    request.begin_change(Requirement::IdentityDocument, now)?;
    store::insert(tx, document)?;
    request.give(Requirement::IdentityDocument);
    let hash = |page: &Page| (page.side.to_string(), hex::encode(&page.upload_sha256).into());
    let pages: serde_json::Map<_, _> = document.pages.iter().map(hash).collect();
    let details = json!({ "identity_document_id": document.id, "status": document.status, "pages": pages });
    requests::flow::conclude(tx, &mut request, "identity_document_uploaded", details, now)
}

/// Removes a document of an account's request that is still being worked on.
///
/// # Errors
/// `not_found`, `request_state_forbids`, `requirement_frozen`.
pub fn remove(tx: &mut DbConnection, account: AccountId, id: IdentityDocumentId, now: Time) -> Result<(), Problem> {
    let document = store::find(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let mut request = requests::flow::own_locked(tx, account, document.request_id)?;
    request.begin_change(Requirement::IdentityDocument, now)?;
    purge(tx, id, now)?;
    let details = json!({ "identity_document_id": id });
    requests::flow::conclude(tx, &mut request, "identity_document_removed", details, now)
}

/// Forgets what a document says, and owes the erasure of its pictures.
///
/// # Errors
/// When the database fails.
pub fn purge(tx: &mut DbConnection, id: IdentityDocumentId, now: Time) -> Result<(), Problem> {
    let Some(document) = store::find(tx, id)? else { return Ok(()) };
    store::mark_purged(tx, id)?;
    for page in document.pages {
        jobs::enqueue(tx, &EraseFile { path: page.path }, now)?;
    }
    Ok(())
}
