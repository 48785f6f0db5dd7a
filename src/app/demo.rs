//! What a sandbox holds from its first start: the catalogue, coupons, consent documents and demo accounts.

use crate::platform::Platform;
use crate::platform::problem::Problem;
use crate::shop;

/// The demo coupon codes, fixed so that documentation and tests can name them.
pub const COUPONS: [&str; 3] = ["BENVENUTO100", "SCONTO20", "MENO10EURO"];
/// The demo accounts and the one password of them all.
pub const ACCOUNTS: [&str; 2] = ["reviewer@example.com", "admin@example.com"];
/// The password of the demo accounts, in the sandbox only.
pub const PASSWORD: &str = "negozio-sandbox-2026";

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
            Ok(())
        })
        .await
}
