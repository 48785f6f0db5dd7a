//! What happens to an order after it is placed. Every function works within its caller's transaction.

use serde_json::json;

use super::events::OrderConfirmed;
use super::jobs::{OrderMail, OrderMailKind};
use super::rules::{Order, OrderActivation, OrderCommand, OrderId, OrderStatus};
use super::store;
use crate::customers::accounts::rules::AccountId;
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
use crate::shop::payments::rules::{Payment, PaymentCommand};
use crate::shop::problems::ORDER_STATE_FORBIDS;

/// An order with what belongs to it.
pub struct OrderDetails {
    /// The order.
    pub order: Order,
    /// Its payments, oldest first.
    pub payments: Vec<Payment>,
    /// The activation requests that it led to.
    pub activations: Vec<OrderActivation>,
    /// Its invoice, once it is issued.
    pub invoice: Option<IssuedInvoice>,
}

/// Reads an order with what belongs to it.
///
/// # Errors
/// `not_found`.
pub fn details(connection: &mut DbConnection, id: OrderId) -> Result<OrderDetails, Problem> {
    let order = store::find(connection, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    Ok(OrderDetails {
        payments: payments::store::of_order(connection, id)?,
        activations: store::activations(connection, id)?,
        invoice: invoices::store::issued_for(connection, id)?,
        order,
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

/// Moves an order to the state after a command.
///
/// # Errors
/// `order_state_forbids`, saying which state it is in.
fn advance(tx: &mut DbConnection, order: &mut Order, command: OrderCommand) -> Result<(), Problem> {
    let forbidden = || ORDER_STATE_FORBIDS.problem().member("order_status", order.status.as_str().into());
    order.status = order.status.after(command).ok_or_else(forbidden)?;
    store::update_status(tx, order)?;
    Ok(())
}

/// Confirms an order that has nothing due any more: the coupon's use is committed, later rooms are told, and the mail
/// with the instructions is owed.
///
/// # Errors
/// `order_state_forbids`.
pub fn confirm(tx: &mut DbConnection, events: &Events, order: &mut Order, now: Time) -> Result<(), Problem> {
    order.confirmed_at = Some(now);
    order.expires_at = None;
    advance(tx, order, OrderCommand::Confirm)?;
    coupons::store::settle(tx, order.id, RedemptionState::Committed, now)?;
    store::record_event(tx, order.id, "order_confirmed", json!({}), now)?;
    let event = OrderConfirmed { order_id: order.id, account_id: order.account_id, units: order.snapshot.units() };
    events.publish(tx, &event, now)?;
    jobs::enqueue(tx, &OrderMail { order_id: order.id, kind: OrderMailKind::Confirmed }, now)?;
    Ok(())
}

/// Gives up an order that was not paid.
///
/// # Errors
/// `order_state_forbids`.
pub fn cancel(tx: &mut DbConnection, order: &mut Order, now: Time) -> Result<(), Problem> {
    advance(tx, order, OrderCommand::Cancel)?;
    coupons::store::settle(tx, order.id, RedemptionState::Released, now)?;
    close_payments(tx, order.id, PaymentCommand::Cancel, now)?;
    store::record_event(tx, order.id, "order_cancelled", json!({}), now)?;
    jobs::enqueue(tx, &OrderMail { order_id: order.id, kind: OrderMailKind::Cancelled }, now)?;
    Ok(())
}

/// Expires an order that was not paid in time; one that was meanwhile paid or given up stays as it is.
///
/// # Errors
/// When the database fails.
pub fn expire(tx: &mut DbConnection, id: OrderId, now: Time) -> Result<(), Problem> {
    let Some(mut order) = store::find_locked(tx, id)? else { return Ok(()) };
    let is_overdue = order.expires_at.is_some_and(|deadline| deadline <= now);
    if order.status != OrderStatus::PendingPayment || !is_overdue {
        return Ok(());
    }
    advance(tx, &mut order, OrderCommand::Expire)?;
    coupons::store::settle(tx, id, RedemptionState::Lapsed, now)?;
    close_payments(tx, id, PaymentCommand::Expire, now)?;
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
    for mut payment in payments::store::of_order_locked(tx, order)? {
        if let Some(status) = payment.status.after(command) {
            payment.status = status;
            payments::store::update(tx, &payment, now)?;
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
        advance(tx, &mut order, OrderCommand::Activate)?;
        store::record_event(tx, order_id, "order_active", json!({}), now)?;
    }
    Ok(())
}
