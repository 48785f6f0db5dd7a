//! Giving money back, each step within its caller's transaction; whoever calls holds the order's lock.

use serde_json::json;

use super::jobs::{MakeRefund, RefundMail};
use super::rules::{Refund, RefundId, RefundStatus, RefundTotal, Settlement, WantedRefund, shares, unasked_cents};
use super::store;
use crate::customers::accounts::rules::AccountId;
use crate::platform::audit;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::events::Events;
use crate::platform::jobs;
use crate::platform::money::Money;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::orders;
use crate::shop::orders::rules::{Order, OrderEvent, OrderId, OrderReview};
use crate::shop::payments;
use crate::shop::payments::events::RefundSucceeded;
use crate::shop::payments::gateways::RefundAnswer;
use crate::shop::payments::rules::{Payment, PaymentId, PaymentMethod};
use crate::shop::problems::{ORDER_STATE_FORBIDS, REFUND_EXCEEDS_RECEIVED};

/// Cents that an order holds: what came, less what was and is being given back.
///
/// # Errors
/// When the database fails.
pub fn refundable_cents(connection: &mut DbConnection, order: OrderId) -> Result<i64, Problem> {
    Ok(payments::store::of_order(connection, order)?.iter().map(Payment::held_cents).sum())
}

/// Begins to give money of a locked order back: sets it aside, writes the timeline and owes the call to the provider. An
/// amount that more than one payment gave becomes a refund of each.
///
/// # Errors
/// `refund_exceeds_received`, saying how much there is; a field problem for a payment of another order.
pub fn begin(
    tx: &mut DbConnection,
    order: &mut Order,
    wanted: &WantedRefund,
    now: Time,
) -> Result<Vec<Refund>, Problem> {
    let payments = payments::store::of_order_locked(tx, order.id)?;
    let is_meant = |payment: &Payment| wanted.payment_id.is_none_or(|id| id == payment.id);
    let meant: Vec<Payment> = payments.into_iter().filter(is_meant).collect();
    if wanted.payment_id.is_some() && meant.is_empty() {
        return Err(Problem::invalid_field(
            "/payment_id",
            "unknown",
            "L'ordine non ha questo pagamento",
            "The order has no such payment",
        ));
    }
    let exceeds = || {
        let held = meant.iter().map(Payment::held_cents).sum();
        REFUND_EXCEEDS_RECEIVED.problem().member("refundable", json!(Money::euro(held)))
    };
    let mut refunds = Vec::new();
    for (payment_id, cents) in shares(&meant, wanted.cents).ok_or_else(exceeds)? {
        if !payments::store::reserve_refund(tx, payment_id, cents, now)? {
            return Err(exceeds());
        }
        let method = meant.iter().find(|payment| payment.id == payment_id).map(|payment| payment.method);
        refunds.push(record(tx, order.id, payment_id, method, cents, wanted, now)?);
    }
    orders::flow::review_excess(tx, order)?;
    Ok(refunds)
}

fn record(
    tx: &mut DbConnection,
    order_id: OrderId,
    payment_id: PaymentId,
    method: Option<PaymentMethod>,
    cents: i64,
    wanted: &WantedRefund,
    now: Time,
) -> Result<Refund, Problem> {
    let refund = Refund {
        id: RefundId::new(),
        order_id,
        payment_id,
        amount_cents: cents,
        reason: wanted.reason,
        status: RefundStatus::Pending,
        provider_reference: None,
        requested_by: wanted.requested_by,
        requested_at: now,
        settled_at: None,
        failed_at: None,
    };
    store::insert(tx, &refund)?;
    note(tx, &refund, "refund_requested", now)?;
    // What came by bank transfer a person pays out.
    if method == Some(PaymentMethod::Card) {
        jobs::enqueue(tx, &MakeRefund { refund_id: refund.id }, now)?;
    }
    Ok(refund)
}

fn note(tx: &mut DbConnection, refund: &Refund, kind: &str, now: Time) -> Result<(), Problem> {
    let details = json!({
        "refund_id": refund.id,
        "payment_id": refund.payment_id,
        "amount": refund.amount_cents,
        "reason": refund.reason,
    });
    orders::store::record_event(tx, refund.order_id, kind, details, now)?;
    Ok(())
}

/// Takes word of a refund: the answer of the call, or a notification. The same word again, late or out of order leads to
/// the same state (invariant 9 of the design).
///
/// # Errors
/// When the database fails.
pub fn settle(
    tx: &mut DbConnection,
    events: &Events,
    id: RefundId,
    said: &RefundAnswer,
    now: Time,
) -> Result<(), Problem> {
    let Some(order_id) = store::find(tx, id)?.map(|refund| refund.order_id) else { return Ok(()) };
    let Some(mut order) = orders::store::find_locked(tx, order_id)? else { return Ok(()) };
    let Some(mut refund) = store::find(tx, id)? else { return Ok(()) };
    let payment = refund.payment_id;
    let has_failed = said.status == RefundStatus::Failed;
    if let Some(reference) = &said.reference {
        refund.provider_reference = Some(reference.clone());
    }
    if has_failed {
        let at = said.said_at.unwrap_or(now);
        refund.failed_at = Some(refund.failed_at.map_or(at, |earlier| earlier.min(at)));
    }
    store::update(tx, &refund)?;
    match refund.status.settlement(said.status) {
        Settlement::Nothing => {}
        Settlement::Succeed => succeed(tx, events, &mut order, refund, now)?,
        Settlement::Fail => fail(tx, &mut order, refund, now)?,
        Settlement::Recover => {
            if payments::store::reserve_refund(tx, refund.payment_id, refund.amount_cents, now)? {
                succeed(tx, events, &mut order, refund, now)?;
            }
            orders::flow::mark_for_review(tx, &mut order, OrderReview::RefundFailed)?;
        }
        Settlement::Doubt => {
            note(tx, &refund, TO_REVIEW, now)?;
            orders::flow::mark_for_review(tx, &mut order, OrderReview::RefundFailed)?;
        }
    }
    // What was said of the whole before may be explained by this refund no more.
    if has_failed { review_unasked(tx, &mut order, payment, now) } else { Ok(()) }
}

/// In an order's timeline: a person must look at money that was given back.
const TO_REVIEW: &str = "refund_to_review";

/// Takes a provider's word of how much of a payment it gave back, whoever asked for it.
///
/// # Errors
/// When the database fails.
pub fn take_total(tx: &mut DbConnection, payment: PaymentId, total: RefundTotal, now: Time) -> Result<(), Problem> {
    let Some(order_id) = payments::store::find(tx, payment)?.map(|payment| payment.order_id) else { return Ok(()) };
    let Some(mut order) = orders::store::find_locked(tx, order_id)? else { return Ok(()) };
    store::remember_total(tx, payment, total)?;
    review_unasked(tx, &mut order, payment, now)
}

/// Puts money that nobody here asked to give back before a person, once, however often the provider says it again.
fn review_unasked(tx: &mut DbConnection, order: &mut Order, payment: PaymentId, now: Time) -> Result<(), Problem> {
    let mut ours = store::of_order(tx, order.id)?;
    ours.retain(|refund| refund.payment_id == payment);
    let unasked = unasked_cents(&store::totals(tx, payment)?, &ours);
    let details = json!({ "payment_id": payment, "unasked": unasked });
    let is_known = |event: &OrderEvent| event.kind == TO_REVIEW && event.details == details;
    if unasked == 0 || orders::store::timeline(tx, order.id)?.iter().any(is_known) {
        return Ok(());
    }
    orders::store::record_event(tx, order.id, TO_REVIEW, details, now)?;
    orders::flow::mark_for_review(tx, order, OrderReview::RefundUnknown)
}

fn succeed(
    tx: &mut DbConnection,
    events: &Events,
    order: &mut Order,
    mut refund: Refund,
    now: Time,
) -> Result<(), Problem> {
    payments::store::settle_refund(tx, refund.payment_id, refund.amount_cents, true, now)?;
    refund.status = RefundStatus::Succeeded;
    refund.settled_at = Some(now);
    store::update(tx, &refund)?;
    note(tx, &refund, "refund_succeeded", now)?;
    let event = RefundSucceeded { refund_id: refund.id, order_id: order.id, amount_cents: refund.amount_cents };
    events.publish(tx, &event, now)?;
    jobs::enqueue(tx, &RefundMail { refund_id: refund.id }, now)?;
    orders::flow::close_if_all_was_refunded(tx, events, order, now)
}

fn fail(tx: &mut DbConnection, order: &mut Order, mut refund: Refund, now: Time) -> Result<(), Problem> {
    payments::store::settle_refund(tx, refund.payment_id, refund.amount_cents, false, now)?;
    refund.status = RefundStatus::Failed;
    refund.settled_at = Some(now);
    store::update(tx, &refund)?;
    note(tx, &refund, "refund_failed", now)?;
    orders::flow::mark_for_review(tx, order, OrderReview::RefundFailed)
}

/// Begins a refund for the back office.
///
/// # Errors
/// As [`begin`], and `not_found`.
pub fn request(tx: &mut DbConnection, order: OrderId, wanted: &WantedRefund, now: Time) -> Result<(), Problem> {
    let mut order = orders::store::find_locked(tx, order)?.ok_or_else(|| NOT_FOUND.problem())?;
    for refund in begin(tx, &mut order, wanted, now)? {
        let details = json!({ "refund_id": refund.id, "amount": refund.amount_cents, "reason": refund.reason });
        audit::store::record(tx, wanted.requested_by, "refund_requested", order.id, details, now)?;
    }
    Ok(())
}

/// Records what became of a refund that a person pays out by bank transfer.
///
/// # Errors
/// `not_found`; `order_state_forbids` for a refund that a provider makes or that is settled already.
pub fn record_settlement(
    tx: &mut DbConnection,
    events: &Events,
    by: AccountId,
    order: OrderId,
    refund: RefundId,
    said: &RefundAnswer,
    now: Time,
) -> Result<(), Problem> {
    orders::store::find_locked(tx, order)?.ok_or_else(|| NOT_FOUND.problem())?;
    let found = store::find(tx, refund)?.filter(|refund| refund.order_id == order);
    let refund = found.ok_or_else(|| NOT_FOUND.problem())?;
    let payment = payments::store::find(tx, refund.payment_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    if payment.method != PaymentMethod::BankTransfer {
        return Err(ORDER_STATE_FORBIDS.detail("The payment provider says what becomes of this refund."));
    }
    if refund.status != RefundStatus::Pending {
        let problem = ORDER_STATE_FORBIDS.detail("The refund is settled already.");
        return Err(problem.member("refund_status", refund.status.as_str().into()));
    }
    let details = json!({ "refund_id": refund.id, "amount": refund.amount_cents, "status": said.status });
    audit::store::record(tx, by, "refund_settled", order, details, now)?;
    settle(tx, events, refund.id, said, now)
}
