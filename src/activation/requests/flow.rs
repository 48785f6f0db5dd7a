//! What happens to a request, each step within its caller's transaction.

use serde_json::json;

use super::holder::{Applicant, Holder};
use super::rules::{ActivationRequest, ActivationRequestId, RequestCommand, RequestStatus};
use super::store;
use crate::activation::otp_challenges;
use crate::activation::problems::REQUEST_STATE_FORBIDS;
use crate::customers::accounts;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::orders;
use crate::shop::orders::events::OrderConfirmed;

/// Opens one request for each unit of a confirmed order.
///
/// # Errors
/// When the database fails.
pub fn open_for_order(tx: &mut DbConnection, event: &OrderConfirmed, now: Time) -> Result<(), Problem> {
    for (unit, plan_id) in (1..).zip(&event.units) {
        let request = ActivationRequest {
            id: ActivationRequestId::new(),
            order_id: event.order_id,
            order_unit: unit,
            account_id: event.account_id,
            plan_id: *plan_id,
            status: RequestStatus::AwaitingEmail,
            email: None,
            email_verified_at: None,
            holder: None,
            applicant: None,
            has_identity_document: false,
            created_at: now,
        };
        store::insert(tx, &request)?;
        store::record(tx, request.id, "request_opened", "system", json!({ "order_id": event.order_id }), now)?;
        orders::store::record_activation(tx, event.order_id, unit, *plan_id, request.id)?;
    }
    Ok(())
}

/// A request of an account's, locked.
///
/// # Errors
/// `not_found`.
pub fn own_locked(
    tx: &mut DbConnection,
    account: AccountId,
    id: ActivationRequestId,
) -> Result<ActivationRequest, Problem> {
    store::find_locked(tx, id)?.filter(|request| request.account_id == account).ok_or_else(|| NOT_FOUND.problem())
}

/// The addresses that the one-time code may go to: the account's, and the billing profile's PEC.
///
/// # Errors
/// When the database fails.
pub fn email_options(
    connection: &mut DbConnection,
    request: &ActivationRequest,
) -> Result<Vec<(String, &'static str)>, Problem> {
    let account = accounts::store::find(connection, request.account_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let order = orders::store::find(connection, request.order_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let mut options = vec![(account.email, "account")];
    if let Some(pec) = order.snapshot.billing.pec.map(|pec| accounts::rules::normal_email(&pec))
        && pec != options[0].0
    {
        options.push((pec, "pec"));
    }
    Ok(options)
}

/// Saves the holder. Another type of holder drops what the new one lacks, since all is replaced; an applicant checked
/// against the former holder is to be given again when it applied as that holder.
///
/// # Errors
/// `request_state_forbids`, `holder_already_requested`.
pub fn save_holder(
    tx: &mut DbConnection,
    request: &mut ActivationRequest,
    holder: Holder,
    now: Time,
) -> Result<(), Problem> {
    request.advance(RequestCommand::Collect)?;
    if request.holder.as_ref().is_some_and(|before| *before != holder) {
        request.applicant = None;
    }
    request.holder = Some(holder);
    store::update(tx, request, now)?;
    store::record(tx, request.id, "holder_saved", &request.account_id.to_string(), json!({}), now)?;
    Ok(())
}

/// Saves the applicant, checked against the holder.
///
/// # Errors
/// `request_state_forbids`, also while there is no holder; `invalid_fields`.
pub fn save_applicant(
    tx: &mut DbConnection,
    request: &mut ActivationRequest,
    applicant: Applicant,
    now: Time,
) -> Result<(), Problem> {
    let holder = request.holder.as_ref().ok_or_else(|| REQUEST_STATE_FORBIDS.detail("Save the holder first."))?;
    let applicant = applicant.checked(holder, now.italian_date())?;
    request.advance(RequestCommand::Collect)?;
    request.applicant = Some(applicant);
    store::update(tx, request, now)?;
    store::record(tx, request.id, "applicant_saved", &request.account_id.to_string(), json!({}), now)?;
    Ok(())
}

/// Gives up a request.
///
/// # Errors
/// `request_state_forbids`.
pub fn cancel(tx: &mut DbConnection, request: &mut ActivationRequest, now: Time) -> Result<(), Problem> {
    request.advance(RequestCommand::Cancel)?;
    store::update(tx, request, now)?;
    otp_challenges::store::cancel(tx, request.id)?;
    store::record(tx, request.id, "request_cancelled", &request.account_id.to_string(), json!({}), now)?;
    Ok(())
}
