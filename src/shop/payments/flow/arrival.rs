//! Word of money: a provider tells or is asked, or the back office saw a bank transfer.

use chrono::NaiveDate;
use serde_json::json;

use super::{locked, step};
use crate::customers::accounts::rules::AccountId;
use crate::platform::audit;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::events::Events;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::orders;
use crate::shop::orders::rules::{Order, OrderEvent, OrderId, OrderReview, OrderStatus};
use crate::shop::payments::gateways::{Notification, Outcome, Paid, Word};
use crate::shop::payments::refunds;
use crate::shop::payments::rules::{BankTransferId, Payment, PaymentCommand, PaymentId, PaymentMethod, PaymentStatus};
use crate::shop::payments::store::{self, BankTransferRow};
use crate::shop::problems::{BANK_TRANSFER_ALREADY_RECORDED, ORDER_STATE_FORBIDS};

/// Takes a provider's word: the same word again, late or out of order leads to the same state (invariant 9 of the
/// design). What it says of things that are not ours (other shops may share its account) is passed over.
///
/// # Errors
/// When the database fails.
pub fn take_notification(
    tx: &mut DbConnection,
    events: &Events,
    provider: &str,
    said: &Notification,
    now: Time,
) -> Result<(), Problem> {
    if !store::remember_notification(tx, provider, &said.id, now)? {
        return Ok(());
    }
    match &said.word {
        Word::Payment(id, outcome) => take_outcome(tx, events, provider, *id, outcome, now),
        Word::Refund(id, answer) => {
            let payment = refunds::store::find(tx, *id)?.map(|refund| refund.payment_id);
            match payment {
                Some(payment) if is_of(tx, provider, payment)? => refunds::flow::settle(tx, events, *id, answer, now),
                _ => Ok(()),
            }
        }
        Word::RefundedSoFar(id, total) if is_of(tx, provider, *id)? => refunds::flow::take_total(tx, *id, *total, now),
        Word::RefundedSoFar(..) | Word::Other => Ok(()),
    }
}

fn is_of(tx: &mut DbConnection, provider: &str, payment: PaymentId) -> Result<bool, Problem> {
    Ok(store::find(tx, payment)?.is_some_and(|payment| payment.provider == provider))
}

/// Takes what a provider says became of a payment, whether it told or was asked.
///
/// # Errors
/// When the database fails.
pub fn take_outcome(
    tx: &mut DbConnection,
    events: &Events,
    provider: &str,
    id: PaymentId,
    outcome: &Outcome,
    now: Time,
) -> Result<(), Problem> {
    let found = store::find(tx, id)?.filter(|payment| payment.provider == provider);
    let Some(order) = found.map(|payment| payment.order_id) else { return Ok(()) };
    let Some((mut order, payment)) = locked(tx, order, id)? else { return Ok(()) };
    match outcome {
        // A provider says "succeeded" of the whole payment, so saying it again brings no more money.
        Outcome::Succeeded(paid) if paid.is_whole(&payment) => {
            if payment.status == PaymentStatus::Succeeded {
                return Ok(());
            }
            let received = payment.received_cents.max(payment.amount_cents);
            receive(tx, events, &mut order, payment, received, now)
        }
        Outcome::Succeeded(paid) => record_mismatch(tx, &mut order, payment, paid, now),
        Outcome::Processing => step(tx, &order, payment, PaymentCommand::Process, "payment_processing", now),
        Outcome::Failed => step(tx, &order, payment, PaymentCommand::Fail, "payment_failed", now),
        Outcome::Expired => step(tx, &order, payment, PaymentCommand::Expire, "payment_expired", now),
    }
}

/// In an order's timeline: money came that a person must look at.
const MISMATCH_SEEN: &str = "payment_to_review";

/// Records money that is not what was asked for. It confirms nothing: a person looks at it, once, however often the
/// provider says it again.
fn record_mismatch(
    tx: &mut DbConnection,
    order: &mut Order,
    mut payment: Payment,
    paid: &Paid,
    now: Time,
) -> Result<(), Problem> {
    let details = json!({
        "payment_id": payment.id,
        "amount": paid.cents,
        "currency": paid.currency,
        "due": payment.amount_cents,
    });
    let is_known = |event: &OrderEvent| event.kind == MISMATCH_SEEN && event.details == details;
    if orders::store::timeline(tx, order.id)?.iter().any(is_known) {
        return Ok(());
    }
    payment.received_cents = payment.received_cents.max(paid.euro_cents());
    payment.status = payment.status.after(PaymentCommand::Process).unwrap_or(payment.status);
    store::update(tx, &payment, now)?;
    orders::store::record_event(tx, order.id, MISMATCH_SEEN, details, now)?;
    orders::flow::mark_for_review(tx, order, OrderReview::AmountMismatch)
}

/// Records how much came for a payment, and confirms the order when all is there. Money beyond what is due, or for an
/// order that is over, is recorded for the back office to give back.
fn receive(
    tx: &mut DbConnection,
    events: &Events,
    order: &mut Order,
    mut payment: Payment,
    received: i64,
    now: Time,
) -> Result<(), Problem> {
    let command = if received >= payment.amount_cents { PaymentCommand::Succeed } else { PaymentCommand::ReceivePart };
    let amount = received - payment.received_cents;
    payment.status = payment.status.after(command).unwrap_or(payment.status);
    payment.received_cents = received;
    store::update(tx, &payment, now)?;
    orders::flow::review_excess(tx, order)?;
    let details =
        json!({ "payment_id": payment.id, "amount": amount, "received": received, "due": payment.amount_cents });
    let kind = if order.review.is_some() { "payment_to_review" } else { "payment_received" };
    orders::store::record_event(tx, order.id, kind, details, now)?;
    if payment.status == PaymentStatus::Succeeded && order.status == OrderStatus::PendingPayment {
        orders::flow::confirm(tx, events, order, now)?;
    }
    Ok(())
}

/// A bank transfer that the back office saw.
#[derive(Debug, Clone)]
pub struct SeenTransfer {
    /// Cents.
    pub amount_cents: i64,
    /// The bank's reference.
    pub reference: String,
    /// Value date.
    pub received_on: NaiveDate,
}

/// Records a bank transfer for an order.
///
/// # Errors
/// `not_found`, `order_state_forbids` for an order without a bank transfer, `bank_transfer_already_recorded` for a
/// reference that was recorded for it before.
pub fn record_bank_transfer(
    tx: &mut DbConnection,
    events: &Events,
    by: AccountId,
    order: OrderId,
    seen: &SeenTransfer,
    now: Time,
) -> Result<(), Problem> {
    let mut order = orders::store::find_locked(tx, order)?.ok_or_else(|| NOT_FOUND.problem())?;
    let payments = store::of_order_locked(tx, order.id)?;
    let payment = payments.into_iter().rfind(|payment| payment.method == PaymentMethod::BankTransfer);
    let payment = payment.ok_or_else(|| ORDER_STATE_FORBIDS.detail("The order is not paid by bank transfer."))?;
    let row = BankTransferRow {
        id: BankTransferId::new(),
        order_id: order.id,
        payment_id: payment.id,
        amount_cents: seen.amount_cents,
        reference: seen.reference.clone(),
        received_on: seen.received_on,
        recorded_by: by,
        recorded_at: now,
    };
    if !store::insert_bank_transfer(tx, row)? {
        return Err(BANK_TRANSFER_ALREADY_RECORDED.detail("A transfer with this reference is recorded for the order."));
    }
    let details = json!({ "amount": seen.amount_cents, "reference": seen.reference, "received_on": seen.received_on });
    audit::store::record(tx, by, "bank_transfer_recorded", order.id, details, now)?;
    let received = payment.received_cents + seen.amount_cents;
    receive(tx, events, &mut order, payment, received, now)
}
