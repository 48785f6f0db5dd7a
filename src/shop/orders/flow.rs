//! What happens to an order after it is placed. Every function works within its caller's transaction.

use std::collections::HashMap;

use serde_json::json;

use super::events::{OrderConfirmed, OrderEnded};
use super::jobs::{OrderMail, OrderMailKind};
use super::rules::{Order, OrderActivation, OrderCommand, OrderId, OrderReview, OrderStatus};
use super::store::{self, OrderFilter};
use crate::customers::accounts::rules::AccountId;
use crate::platform::audit;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::events::Events;
use crate::platform::jobs;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::coupons;
use crate::shop::coupons::rules::RedemptionState;
use crate::shop::invoices;
use crate::shop::invoices::rules::IssuedInvoice;
use crate::shop::payments;
use crate::shop::payments::jobs::ClosePage;
use crate::shop::payments::refunds;
use crate::shop::payments::refunds::rules::Refund;
use crate::shop::payments::rules::{Payment, PaymentCommand, PaymentMethod, PaymentStatus};
use crate::shop::problems::ORDER_STATE_FORBIDS;
use crate::shop::withdrawals;
use crate::shop::withdrawals::rules::Withdrawal;

/// An order with what belongs to it.
pub struct OrderDetails {
    /// The order.
    pub order: Order,
    /// Its payments, oldest first.
    pub payments: Vec<Payment>,
    /// What was and is being given back, oldest first.
    pub refunds: Vec<Refund>,
    /// The activation requests that it led to.
    pub activations: Vec<OrderActivation>,
    /// Its invoice, once it is issued.
    pub invoice: Option<IssuedInvoice>,
    /// The consumer's withdrawal from it.
    pub withdrawal: Option<Withdrawal>,
}

/// Reads an order with what belongs to it.
///
/// # Errors
/// `not_found`.
pub fn details(connection: &mut DbConnection, id: OrderId) -> Result<OrderDetails, Problem> {
    let order = store::find(connection, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    details_of(connection, vec![order])?.pop().ok_or_else(|| NOT_FOUND.problem())
}

/// Orders with what belongs to them, newest first.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn list(connection: &mut DbConnection, filter: &OrderFilter, limit: i64) -> Result<Vec<OrderDetails>, Problem> {
    let orders = store::list(connection, filter, limit)?;
    details_of(connection, orders)
}

/// What belongs to some orders, in as many queries as it takes for one.
///
/// # Errors
/// When the database fails.
pub fn details_of(connection: &mut DbConnection, orders: Vec<Order>) -> Result<Vec<OrderDetails>, Problem> {
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    let mut payments = by_order(payments::store::of_orders(connection, &ids)?, |payment| payment.order_id);
    let mut refunds = by_order(refunds::store::of_orders(connection, &ids)?, |refund| refund.order_id);
    let mut activations = by_order(store::activations_of(connection, &ids)?, |(order, _)| *order);
    let mut invoices = by_order(invoices::store::issued_for(connection, &ids)?, |(order, _)| *order);
    let mut withdrawals = by_order(withdrawals::store::of_orders(connection, &ids)?, |withdrawal| withdrawal.order_id);
    let details = orders.into_iter().map(|order| OrderDetails {
        payments: payments.remove(&order.id).unwrap_or_default(),
        refunds: refunds.remove(&order.id).unwrap_or_default(),
        activations: activations.remove(&order.id).unwrap_or_default().into_iter().map(|(_, found)| found).collect(),
        invoice: invoices.remove(&order.id).and_then(|mut found| found.pop()).map(|(_, invoice)| invoice),
        withdrawal: withdrawals.remove(&order.id).and_then(|mut found| found.pop()),
        order,
    });
    Ok(details.collect())
}

fn by_order<T>(rows: Vec<T>, order_of: impl Fn(&T) -> OrderId) -> HashMap<OrderId, Vec<T>> {
    rows.into_iter().fold(HashMap::new(), |mut grouped, row| {
        grouped.entry(order_of(&row)).or_insert_with(Vec::new).push(row);
        grouped
    })
}

/// Reads an order of an account's.
///
/// # Errors
/// `not_found`.
pub fn own_details(connection: &mut DbConnection, account: AccountId, id: OrderId) -> Result<OrderDetails, Problem> {
    let details = details(connection, id)?;
    if details.order.account_id == account { Ok(details) } else { Err(NOT_FOUND.problem()) }
}

/// An order of an account's, locked.
///
/// # Errors
/// `not_found`.
pub fn own_locked(tx: &mut DbConnection, account: AccountId, id: OrderId) -> Result<Order, Problem> {
    store::find_locked(tx, id)?.filter(|order| order.account_id == account).ok_or_else(|| NOT_FOUND.problem())
}

/// Moves an order to the state after a command, and writes it.
///
/// # Errors
/// `order_state_forbids`, saying which state it is in.
fn advance(tx: &mut DbConnection, order: &mut Order, command: OrderCommand, now: Time) -> Result<(), Problem> {
    order.advance(command, now)?;
    store::update_status(tx, order)?;
    Ok(())
}

/// Confirms an order that has nothing due any more: the coupon's use is committed, a page on which it could be paid again
/// is closed, later rooms are told, and the mail with the instructions is owed.
///
/// # Errors
/// `order_state_forbids`.
pub fn confirm(tx: &mut DbConnection, events: &Events, order: &mut Order, now: Time) -> Result<(), Problem> {
    advance(tx, order, OrderCommand::Confirm, now)?;
    coupons::store::settle(tx, order.id, RedemptionState::Committed, now)?;
    close(tx, order.id, PaymentCommand::Cancel, now, PaymentStatus::waits_for_customer)?;
    store::record_event(tx, order.id, "order_confirmed", json!({}), now)?;
    let event = OrderConfirmed { order_id: order.id, account_id: order.account_id, units: order.snapshot.units() };
    events.publish(tx, &event, now)?;
    jobs::enqueue(tx, &OrderMail { order_id: order.id, kind: OrderMailKind::Confirmed }, now)?;
    Ok(())
}

/// Owes the mail that says how a new order is paid: one an order, however often its payment is begun.
///
/// # Errors
/// When the database fails.
pub fn owe_placed_mail(tx: &mut DbConnection, order_id: OrderId, now: Time) -> Result<(), Problem> {
    let once = format!("order_placed/{order_id}");
    jobs::enqueue_once(tx, &OrderMail { order_id, kind: OrderMailKind::Placed }, &once, now)?;
    Ok(())
}

/// Gives up an order that was not paid.
///
/// # Errors
/// `order_state_forbids`.
pub fn cancel(tx: &mut DbConnection, order: &mut Order, now: Time) -> Result<(), Problem> {
    advance(tx, order, OrderCommand::Cancel, now)?;
    coupons::store::settle(tx, order.id, RedemptionState::Released, now)?;
    close_payments(tx, order.id, PaymentCommand::Cancel, now)?;
    review_excess(tx, order)?;
    store::record_event(tx, order.id, "order_cancelled", json!({}), now)?;
    jobs::enqueue(tx, &OrderMail { order_id: order.id, kind: OrderMailKind::Cancelled }, now)?;
    Ok(())
}

/// Withdraws a consumer from an order whose right to do so was checked: the coupon's use is given back, and later rooms
/// are told.
///
/// # Errors
/// `order_state_forbids`.
pub fn withdraw(
    tx: &mut DbConnection,
    events: &Events,
    order: &mut Order,
    details: serde_json::Value,
    now: Time,
) -> Result<(), Problem> {
    advance(tx, order, OrderCommand::Withdraw, now)?;
    coupons::store::settle(tx, order.id, RedemptionState::Restored, now)?;
    store::record_event(tx, order.id, "order_withdrawn", details, now)?;
    events.publish(tx, &OrderEnded { order_id: order.id, kind: "order_withdrawn" }, now)
}

/// Expires an order that was not paid in time; one that was meanwhile paid or given up stays as it is, and one whose money
/// is on its way is waited for as long as for a bank transfer.
///
/// # Errors
/// When the database fails.
pub fn expire(tx: &mut DbConnection, id: OrderId, now: Time) -> Result<(), Problem> {
    let Some(mut order) = store::find_locked(tx, id)? else { return Ok(()) };
    let is_overdue = order.expires_at.is_some_and(|deadline| deadline <= now);
    if order.status != OrderStatus::PendingPayment || !is_overdue {
        return Ok(());
    }
    let is_on_its_way = payments::store::of_order(tx, id)?.iter().any(Payment::is_on_its_way);
    if let Some(deadline) = order.deadline_for(PaymentMethod::Card, now).filter(|_| is_on_its_way) {
        order.expires_at = Some(deadline);
        store::update_status(tx, &order)?;
        return Ok(());
    }
    advance(tx, &mut order, OrderCommand::Expire, now)?;
    coupons::store::settle(tx, id, RedemptionState::Lapsed, now)?;
    close_payments(tx, id, PaymentCommand::Expire, now)?;
    review_excess(tx, &mut order)?;
    store::record_event(tx, id, "order_expired", json!({}), now)?;
    jobs::enqueue(tx, &OrderMail { order_id: id, kind: OrderMailKind::Expired }, now)?;
    Ok(())
}

/// Ends the payments of an order from which money might still come.
///
/// # Errors
/// When the database fails.
pub fn close_payments(
    tx: &mut DbConnection,
    order: OrderId,
    command: PaymentCommand,
    now: Time,
) -> Result<(), Problem> {
    close(tx, order, command, now, |_| true)
}

fn close(
    tx: &mut DbConnection,
    order: OrderId,
    command: PaymentCommand,
    now: Time,
    is_meant: fn(PaymentStatus) -> bool,
) -> Result<(), Problem> {
    for mut payment in payments::store::of_order_locked(tx, order)? {
        if let Some(status) = payment.status.after(command).filter(|_| is_meant(payment.status)) {
            payment.status = status;
            payments::store::update(tx, &payment, now)?;
            if payment.redirect_url.is_some() {
                jobs::enqueue(tx, &ClosePage { payment_id: payment.id }, now)?;
            }
        }
    }
    Ok(())
}

/// Says whether an order holds money that it should not, which the back office gives back. What a person must look at for
/// another reason stays so.
///
/// # Errors
/// When the database fails.
pub fn review_excess(tx: &mut DbConnection, order: &mut Order) -> Result<(), Problem> {
    let has_excess = order.excess_cents(&payments::store::of_order(tx, order.id)?) > 0;
    let review = match order.review {
        None if has_excess => Some(OrderReview::Excess),
        Some(OrderReview::Excess) if !has_excess => None,
        review => review,
    };
    if review != order.review {
        order.review = review;
        store::update_status(tx, order)?;
    }
    Ok(())
}

/// Puts an order before a person. Of several reasons the gravest is said, in whatever order they came.
///
/// # Errors
/// When the database fails.
pub fn mark_for_review(tx: &mut DbConnection, order: &mut Order, reason: OrderReview) -> Result<(), Problem> {
    order.review = order.review.max(Some(reason));
    store::update_status(tx, order)?;
    Ok(())
}

/// Records that a person looked at an order's money. An excess is not looked away: it is given back.
///
/// # Errors
/// `not_found`; `order_state_forbids` where there is nothing to look at, or an excess.
pub fn resolve_review(tx: &mut DbConnection, by: AccountId, id: OrderId, now: Time) -> Result<(), Problem> {
    let mut order = store::find_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let reason = match order.review {
        None => return Err(ORDER_STATE_FORBIDS.detail("Nobody must look at the order's money.")),
        Some(OrderReview::Excess) => return Err(ORDER_STATE_FORBIDS.detail("Give the excess back.")),
        Some(reason) => reason,
    };
    order.review = None;
    store::update_status(tx, &order)?;
    review_excess(tx, &mut order)?;
    store::record_event(tx, id, "review_resolved", json!({ "reason": reason }), now)?;
    audit::store::record(tx, by, "order_review_resolved", id, json!({ "reason": reason }), now)?;
    Ok(())
}

/// Ends an order all whose money was given back: the coupon's use and the services go as at a withdrawal. One that was
/// never confirmed is over already.
///
/// # Errors
/// When the database fails.
pub fn close_if_all_was_refunded(
    tx: &mut DbConnection,
    events: &Events,
    order: &mut Order,
    now: Time,
) -> Result<(), Problem> {
    let payments = payments::store::of_order(tx, order.id)?;
    let all_is_back = payments.iter().all(|payment| payment.refunded_cents == payment.received_cents);
    if all_is_back && order.status.after(OrderCommand::Refund).is_some() {
        let was_withdrawn = order.status == OrderStatus::Withdrawn;
        order.review = order.review.filter(|review| *review != OrderReview::ActivationEnded);
        advance(tx, order, OrderCommand::Refund, now)?;
        coupons::store::settle(tx, order.id, RedemptionState::Restored, now)?;
        store::record_event(tx, order.id, "order_refunded", json!({}), now)?;
        if !was_withdrawn {
            events.publish(tx, &OrderEnded { order_id: order.id, kind: "order_refunded" }, now)?;
        }
    }
    Ok(())
}

/// Records that a service is active; an order is active when all that it bought is.
///
/// # Errors
/// When the database fails.
pub fn activation_became_active(
    tx: &mut DbConnection,
    order_id: OrderId,
    activation_request: &str,
    now: Time,
) -> Result<(), Problem> {
    let Some(mut order) = store::find_locked(tx, order_id)? else { return Ok(()) };
    store::mark_activation(tx, order_id, activation_request)?;
    let all_active = store::activations(tx, order_id)?.iter().all(|activation| activation.active);
    if all_active && order.status.after(OrderCommand::Activate).is_some() {
        advance(tx, &mut order, OrderCommand::Activate, now)?;
        store::record_event(tx, order_id, "order_active", json!({}), now)?;
    }
    Ok(())
}

/// Records that a service will not come about. What was paid for it is looked at by a person, who gives it back: how much
/// that is where an order bought several is not for a rule to say.
///
/// # Errors
/// When the database fails.
pub fn activation_ended(
    tx: &mut DbConnection,
    order_id: OrderId,
    activation_request: &str,
    reason: &str,
    now: Time,
) -> Result<(), Problem> {
    let Some(mut order) = store::find_locked(tx, order_id)? else { return Ok(()) };
    let details = json!({ "activation_request": activation_request, "reason": reason });
    store::record_event(tx, order_id, "activation_ended", details, now)?;
    let payments = payments::store::of_order(tx, order_id)?;
    let holds_money = payments.iter().any(|payment| payment.held_cents() > 0);
    if holds_money { mark_for_review(tx, &mut order, OrderReview::ActivationEnded) } else { Ok(()) }
}
