//! What happens to a document after it was taken in.

use super::rules::IdentityDocumentId;
use super::store;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::jobs;
use crate::platform::problem::Problem;
use crate::platform::storage::EraseFile;

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
