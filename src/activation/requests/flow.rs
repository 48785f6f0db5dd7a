//! What happens to a request, each step within its caller's transaction.

use serde_json::{Value, json};

use super::holder::{Applicant, Holder};
use super::idleness::{IdleRules, IdleStep};
use super::jobs::{ActivationMail, ActivationMailKind};
use super::requirements::Requirement;
use super::rules::{ActivationRequest, ActivationRequestId, RequestCommand, RequestStatus};
use super::store;
use super::timeline::{Happening, SYSTEM};
use crate::activation::otp_challenges::rules::ChallengePurpose;
use crate::activation::problems::REQUEST_STATE_FORBIDS;
use crate::activation::provisioning::jobs::{RecallService, TerminateService};
use crate::activation::{contracts, otp_challenges, representatives};
use crate::customers::accounts;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::jobs;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::orders;
use crate::shop::orders::events::{OrderConfirmed, OrderEnded};

/// Opens one request for each unit of a confirmed order.
///
/// # Errors
/// When the database fails.
pub fn open_for_order(tx: &mut DbConnection, event: &OrderConfirmed, now: Time) -> Result<(), Problem> {
    let order = orders::store::find(tx, event.order_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let missing = || Problem::internal("a confirmed order without the plan that it bought");
    for (unit, plan_id) in (1..).zip(&event.units) {
        let request = ActivationRequest {
            id: ActivationRequestId::new(),
            order_id: event.order_id,
            order_unit: unit,
            account_id: event.account_id,
            plan_id: *plan_id,
            product: order.snapshot.line_of(*plan_id).ok_or_else(missing)?.product.clone(),
            status: RequestStatus::AwaitingEmail,
            email: None,
            email_verified_at: None,
            holder: None,
            applicant: None,
            representative: None,
            identity_document: None,
            contracts: Vec::new(),
            reopened: Vec::new(),
            reviewer_id: None,
            submitted_at: None,
            decided_at: None,
            activated_at: None,
            service_reference: None,
            access_url: None,
            created_at: now,
        };
        store::insert(tx, &request)?;
        record(tx, &request, "request_opened", SYSTEM, json!({ "order_id": event.order_id }), now)?;
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
    find_locked(tx, id)?.filter(|request| request.account_id == account).ok_or_else(|| NOT_FOUND.problem())
}

/// A request and its order, locked: an order's lock comes before its requests' everywhere, and a withdrawal takes them in
/// that order too.
///
/// # Errors
/// When the database fails.
pub fn find_locked(tx: &mut DbConnection, id: ActivationRequestId) -> Result<Option<ActivationRequest>, Problem> {
    let Some(order_id) = store::find(tx, id)?.map(|request| request.order_id) else { return Ok(None) };
    orders::store::find_locked(tx, order_id)?;
    store::find_locked(tx, id)
}

/// A request of an account's.
///
/// # Errors
/// `not_found`.
pub fn own(
    connection: &mut DbConnection,
    account: AccountId,
    id: ActivationRequestId,
) -> Result<ActivationRequest, Problem> {
    store::find_own(connection, account, id)?.ok_or_else(|| NOT_FOUND.problem())
}

/// Adds to a request's timeline what has just happened to it.
///
/// # Errors
/// When the database fails.
pub fn record(
    tx: &mut DbConnection,
    request: &ActivationRequest,
    kind: &str,
    actor: &str,
    details: Value,
    now: Time,
) -> Result<(), Problem> {
    store::record(tx, request.id, Happening { kind, actor, status: request.status, details, at: now })?;
    Ok(())
}

/// Ends a change by the customer: with its documents and contracts as they are now, the request is settled, written and
/// told in the timeline.
///
/// # Errors
/// `holder_already_requested`.
pub fn conclude(
    tx: &mut DbConnection,
    request: &mut ActivationRequest,
    kind: &str,
    details: Value,
    now: Time,
) -> Result<(), Problem> {
    let actor = request.account_id.to_string();
    conclude_as(tx, request, &actor, kind, details, now)
}

/// As [`conclude`], for a change by somebody else.
///
/// # Errors
/// `holder_already_requested`.
pub fn conclude_as(
    tx: &mut DbConnection,
    request: &mut ActivationRequest,
    actor: &str,
    kind: &str,
    details: Value,
    now: Time,
) -> Result<(), Problem> {
    store::refresh(tx, request)?;
    request.settle(now);
    store::update(tx, request, now)?;
    record(tx, request, kind, actor, details, now)
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

/// Saves the holder. Another type of holder drops what the new one lacks, since all is replaced; the contracts, which name
/// all of it, are voided (invariant 15 of the design). An applicant is to be given again for another holder only, and a
/// representative's confirmation for another one or another name.
///
/// # Errors
/// `request_state_forbids`, `requirement_frozen`, `holder_already_requested`.
pub fn save_holder(
    tx: &mut DbConnection,
    request: &mut ActivationRequest,
    holder: Holder,
    now: Time,
) -> Result<(), Problem> {
    request.begin_change(Requirement::Holder, now)?;
    let former = request.holder.as_ref();
    if former != Some(&holder) {
        contracts::store::void(tx, request.id)?;
        if !former.is_some_and(|former| former.is_same_party(&holder)) {
            representatives::flow::void(tx, request.id)?;
        }
        if !former.is_some_and(|former| former.is_same_subject(&holder)) {
            request.applicant = None;
        }
    }
    request.holder = Some(holder);
    request.give(Requirement::Holder);
    conclude(tx, request, "holder_saved", json!({}), now)
}

/// Saves the applicant, checked against the holder; contracts that say otherwise are voided, and so is a representative's
/// confirmation of somebody else.
///
/// # Errors
/// `request_state_forbids`, also while there is no holder; `requirement_frozen`; `invalid_fields`.
pub fn save_applicant(
    tx: &mut DbConnection,
    request: &mut ActivationRequest,
    applicant: Applicant,
    now: Time,
) -> Result<(), Problem> {
    request.begin_change(Requirement::Applicant, now)?;
    let holder = request.holder.as_ref().ok_or_else(|| REQUEST_STATE_FORBIDS.detail("Save the holder first."))?;
    let applicant = applicant.checked(holder, now.italian_date())?;
    let former = request.applicant.as_ref();
    if former != Some(&applicant) {
        contracts::store::void(tx, request.id)?;
        if !former.is_some_and(|former| former.is_same_person(&applicant)) {
            representatives::flow::void(tx, request.id)?;
        }
    }
    request.applicant = Some(applicant);
    request.give(Requirement::Applicant);
    conclude(tx, request, "applicant_saved", json!({}), now)
}

/// Hands the request in: its data are frozen and its contracts final.
///
/// # Errors
/// `requirements_due`, `request_state_forbids`.
pub fn submit(tx: &mut DbConnection, request: &mut ActivationRequest, now: Time) -> Result<(), Problem> {
    request.submit(now)?;
    contracts::store::finalise(tx, request.id)?;
    store::refresh(tx, request)?;
    store::update(tx, request, now)?;
    let details = json!({ "parties_sha256": request.parties_sha256()? });
    record(tx, request, "request_submitted", &request.account_id.to_string(), details, now)?;
    let mail = ActivationMail { request_id: request.id, kind: ActivationMailKind::Submitted, decision_id: None };
    jobs::enqueue(tx, &mail, now)?;
    Ok(())
}

/// Does what is due for an idle request: reminds its customer, or lets it expire. Looked at again under its lock, so that
/// whoever asks at the same moment, each is done once.
///
/// # Errors
/// When the database fails.
pub fn step_idle(tx: &mut DbConnection, id: ActivationRequestId, rules: &IdleRules, now: Time) -> Result<(), Problem> {
    let Some(mut request) = find_locked(tx, id)?.filter(|request| request.status.is_with_customer()) else {
        return Ok(());
    };
    let (since, sent) = store::idleness(tx, id)?;
    let mail = match rules.step(since, sent, now) {
        None => return Ok(()),
        Some(IdleStep::Remind(due)) => {
            store::note_reminders(tx, id, due)?;
            record(tx, &request, "reminder_sent", SYSTEM, json!({}), now)?;
            ActivationMailKind::Reminder
        }
        Some(IdleStep::Expire) => {
            end(tx, &mut request, RequestCommand::Expire, SYSTEM, "request_expired", json!({}), now)?;
            tell_order(tx, &request, "request_expired", now)?;
            ActivationMailKind::Expired
        }
    };
    jobs::enqueue(tx, &ActivationMail { request_id: id, kind: mail, decision_id: None }, now)?;
    Ok(())
}

/// Ends what an order bought that was withdrawn from or given back: requests under way are given up, and a service is
/// switched off, be it up or being set up.
///
/// # Errors
/// When the database fails.
pub fn end_for_order(tx: &mut DbConnection, event: &OrderEnded, now: Time) -> Result<(), Problem> {
    for id in store::of_order(tx, event.order_id)? {
        let Some(mut request) = store::find_locked(tx, id)? else { continue };
        let was_being_set_up = request.status == RequestStatus::Provisioning;
        if request.status.after(RequestCommand::Withdraw).is_none() {
            continue;
        }
        let details = json!({ "order_id": event.order_id });
        end(tx, &mut request, RequestCommand::Withdraw, SYSTEM, event.kind, details, now)?;
        match request.service_reference {
            Some(service_reference) => {
                jobs::enqueue(tx, &TerminateService { service_reference }, now)?;
            }
            None if was_being_set_up => {
                jobs::enqueue(tx, &RecallService { request_id: id }, now)?;
            }
            None => {}
        }
    }
    Ok(())
}

/// Gives up a request as its customer asks, who is told by mail.
///
/// # Errors
/// `request_state_forbids`.
pub fn cancel(tx: &mut DbConnection, request: &mut ActivationRequest, now: Time) -> Result<(), Problem> {
    give_up(tx, request, now)?;
    let mail = ActivationMail { request_id: request.id, kind: ActivationMailKind::Cancelled, decision_id: None };
    jobs::enqueue(tx, &mail, now)?;
    Ok(())
}

/// Gives up a request of somebody who is told in another way, or has no address any more.
///
/// # Errors
/// `request_state_forbids`.
pub fn give_up(tx: &mut DbConnection, request: &mut ActivationRequest, now: Time) -> Result<(), Problem> {
    let actor = request.account_id.to_string();
    end(tx, request, RequestCommand::Cancel, &actor, "request_cancelled", json!({}), now)?;
    tell_order(tx, request, "request_cancelled", now)
}

/// Tells the order that a service which it bought will not come about.
///
/// # Errors
/// When the database fails.
pub fn tell_order(tx: &mut DbConnection, request: &ActivationRequest, reason: &str, now: Time) -> Result<(), Problem> {
    orders::flow::activation_ended(tx, request.order_id, &request.id.to_string(), reason, now)
}

/// Ends a request for whatever reason: no code that was sent for it counts any more.
fn end(
    tx: &mut DbConnection,
    request: &mut ActivationRequest,
    command: RequestCommand,
    actor: &str,
    kind: &str,
    details: Value,
    now: Time,
) -> Result<(), Problem> {
    request.advance(command)?;
    store::update(tx, request, now)?;
    otp_challenges::store::cancel(tx, request.id, ChallengePurpose::ALL)?;
    record(tx, request, kind, actor, details, now)
}
