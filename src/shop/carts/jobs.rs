//! What is done with carts at regular intervals.

use std::sync::Arc;

use super::rules::CLOSED_CARTS_KEPT;
use super::store;
use crate::platform::Platform;
use crate::platform::problem::Problem;

/// Forgets carts that expired or were merged long ago: a claimed one says what its account wanted. Those that became an
/// order stay with it.
///
/// # Errors
/// When the database fails.
pub async fn forget_closed(platform: Arc<Platform>) -> Result<(), Problem> {
    let before = platform.clock.now().plus_seconds(-CLOSED_CARTS_KEPT);
    let closed = platform.db.in_portions(
        move |connection, last| Ok(store::forgettable(connection, before, last)?),
        |tx, carts| Ok(store::forget(tx, carts)?),
    );
    closed.await
}
