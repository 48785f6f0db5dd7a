//! Erasing pictures of documents that have been kept for as long as the privacy notice says.

use std::sync::Arc;

use super::flow;
use super::store;
use crate::activation::contracts::data::IDENTITY_DOCUMENT_DAYS;
use crate::platform::Platform;
use crate::platform::problem::Problem;

const DAY: i64 = 24 * 3600;

/// Purges what has been kept for long enough after its request was over.
///
/// # Errors
/// When the database fails.
pub async fn purge_overdue(platform: Arc<Platform>) -> Result<(), Problem> {
    let now = platform.clock.now();
    let over_since = now.plus_seconds(-IDENTITY_DOCUMENT_DAYS * DAY);
    let overdue = platform.db.read(move |connection| Ok(store::over_since(connection, over_since)?)).await?;
    for document in overdue {
        platform.db.write(move |tx| flow::purge(tx, document, now)).await?;
    }
    Ok(())
}
