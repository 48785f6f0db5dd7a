//! What a sandbox holds from its first start: the catalogue, coupons, consent documents and demo accounts.

use crate::platform::Platform;
use crate::platform::problem::Problem;
use crate::{customers, shop};

/// Loads what is not there yet.
///
/// # Errors
/// When the database fails.
pub async fn load(platform: &Platform) -> Result<(), Problem> {
    let now = platform.clock.now();
    platform
        .db
        .write(move |tx| {
            shop::plans::demo::load(tx, now)?;
            shop::coupons::demo::load(tx, now)?;
            customers::consents::demo::load(tx, now)
        })
        .await?;
    customers::accounts::demo::load(platform).await
}
