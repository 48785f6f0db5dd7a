//! The demo campaigns, with fixed codes that documentation and tests can name.

use super::codes::TypedCode;
use super::rules::{Campaign, CouponCodeId, Discount};
use super::store;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::problem::Problem;

/// The demo codes: everything, a fifth and ten euro off.
pub const CODES: [&str; 3] = ["BENVENUTO100", "SCONTO20", "MENO10EURO"];

/// Loads the demo campaigns that are not there yet.
///
/// # Errors
/// When the database fails.
pub fn load(tx: &mut DbConnection, now: Time) -> Result<(), Problem> {
    let discounts = [
        ("Benvenuto", Discount::Free),
        ("Sconto 20 %", Discount::Percentage(2_000)),
        ("Meno 10 euro", Discount::FixedAmount(1_000)),
    ];
    for (code, (name, discount)) in CODES.into_iter().zip(discounts) {
        if store::codes::find_typed(tx, &TypedCode::Chosen(code.to_owned()))?.is_none() {
            let campaign = Campaign::unlimited(name, discount);
            store::insert_campaign(tx, &campaign, now)?;
            store::codes::insert_chosen(tx, CouponCodeId::new(), campaign.id, code, None, now)?;
        }
    }
    Ok(())
}
