//! What is done with billing profiles, each step one transaction. A VAT number that VIES knows of is owed a check as soon
//! as it is saved.

use super::jobs::CheckVatNumber;
use super::rules::{BillingDetails, BillingProfile, BillingProfileId, MOST_PROFILES};
use super::store;
use super::vat_check::{VatNumberCheck, ViesAnswer, ViesNumber};
use crate::customers::accounts;
use crate::customers::accounts::rules::AccountId;
use crate::customers::problems::TOO_MANY_BILLING_PROFILES;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::http::conditions::IfMatch;
use crate::platform::jobs;
use crate::platform::problem::{NOT_FOUND, Problem, STALE_VERSION, UNAUTHENTICATED};

/// Saves a profile.
///
/// # Errors
/// `too_many_billing_profiles`, `unauthenticated` where the account was erased meanwhile.
pub fn create(
    tx: &mut DbConnection,
    account: AccountId,
    id: BillingProfileId,
    details: &BillingDetails,
    now: Time,
) -> Result<BillingProfile, Problem> {
    // Those who save for the same account take turns, so that no two of them are the last that fits.
    accounts::store::take_turns(tx, account)?.ok_or_else(|| UNAUTHENTICATED.problem())?;
    if store::count(tx, account)? >= MOST_PROFILES {
        return Err(TOO_MANY_BILLING_PROFILES.detail("Delete those that are no longer needed."));
    }
    let vat_number_check = details.vies_number().map(|_| VatNumberCheck::unchecked());
    let profile =
        BillingProfile { id, details: details.clone(), vat_number_check, version: 1, created_at: now, updated_at: now };
    store::insert(tx, account, &profile)?;
    owe_check(tx, &profile, now)?;
    Ok(profile)
}

/// Replaces a profile. What is known of its VAT number stays while the number does.
///
/// # Errors
/// `not_found`, `stale_version`.
pub fn replace(
    tx: &mut DbConnection,
    account: AccountId,
    id: BillingProfileId,
    condition: &IfMatch,
    details: &BillingDetails,
    now: Time,
) -> Result<BillingProfile, Problem> {
    let present = store::find(tx, account, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    condition.check(present.version)?;
    if !store::replace(tx, id, present.version, details, now)? {
        return Err(STALE_VERSION.problem());
    }
    let number = details.vies_number();
    if number != present.details.vies_number() {
        store::write_check(tx, id, number.map(|_| VatNumberCheck::unchecked()).as_ref())?;
        let changed = store::find(tx, account, id)?.ok_or_else(|| NOT_FOUND.problem())?;
        owe_check(tx, &changed, now)?;
    }
    store::find(tx, account, id)?.ok_or_else(|| NOT_FOUND.problem())
}

/// Deletes a profile. Carts let it go, orders keep their copy.
///
/// # Errors
/// `not_found`, `stale_version`.
pub fn delete(
    tx: &mut DbConnection,
    account: AccountId,
    id: BillingProfileId,
    condition: &IfMatch,
    now: Time,
) -> Result<(), Problem> {
    let present = store::find(tx, account, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    condition.check(present.version)?;
    if store::delete(tx, id, present.version, now)? { Ok(()) } else { Err(STALE_VERSION.problem()) }
}

fn owe_check(tx: &mut DbConnection, profile: &BillingProfile, now: Time) -> Result<(), Problem> {
    if profile.vat_number_check.is_some() {
        jobs::enqueue(tx, &CheckVatNumber { profile_id: profile.id }, now)?;
    }
    Ok(())
}

/// The number that VIES is to be asked for; none where the profile is gone or has no such number any more.
///
/// # Errors
/// When the database fails.
pub fn number_to_check(connection: &mut DbConnection, id: BillingProfileId) -> Result<Option<ViesNumber>, Problem> {
    Ok(store::find_any(connection, id)?.and_then(|profile| profile.details.vies_number()))
}

/// Keeps what VIES said of a number, if it is still the profile's: a number that was changed meanwhile is owed a check of
/// its own.
///
/// # Errors
/// When the database fails.
pub fn record_answer(
    tx: &mut DbConnection,
    id: BillingProfileId,
    number: &ViesNumber,
    answer: &ViesAnswer,
    now: Time,
) -> Result<(), Problem> {
    let Some(profile) = store::find_any_locked(tx, id)? else { return Ok(()) };
    if profile.details.vies_number().as_ref() != Some(number) {
        return Ok(());
    }
    let check = profile.vat_number_check.unwrap_or_else(VatNumberCheck::unchecked).after(answer, now);
    store::write_check(tx, id, Some(&check))?;
    Ok(())
}
