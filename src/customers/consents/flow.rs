//! Recording choices.

use super::rules::{self, Choice, Consent, Pointers, RegistrationConsents};
use super::store;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::http::request::Sender;
use crate::platform::problem::Problem;

/// The choices that a registration makes, all at once.
///
/// # Errors
/// `invalid_fields` for another version than the one in force.
pub fn record_registration(
    tx: &mut DbConnection,
    account: AccountId,
    said: &RegistrationConsents,
    sender: &Sender,
    now: Time,
) -> Result<(), Problem> {
    for choice in rules::registration_choices(said, &store::documents_in_force(tx, now)?)? {
        store::insert(tx, account, &choice, sender, now)?;
    }
    Ok(())
}

/// A later choice. The one in force made again on the same version is the same choice, and adds nothing.
///
/// # Errors
/// `invalid_fields` where it cannot be denied, or for another version than the one in force.
pub fn decide(
    tx: &mut DbConnection,
    account: AccountId,
    choice: &Choice,
    sender: &Sender,
    now: Time,
) -> Result<Consent, Problem> {
    let pointers = Pointers { version: "/document_version", decision: "/decision" };
    let documents = store::documents_in_force(tx, now)?;
    rules::check(choice, pointers, &documents).map_err(|refusal| Problem::invalid(vec![refusal]))?;
    match store::latest(tx, account, choice.purpose)? {
        Some(latest) if latest.is(choice) => Ok(latest),
        _ => Ok(store::insert(tx, account, choice, sender, now)?),
    }
}
