//! What a withdrawal does, all in its caller's transaction.

use serde_json::json;

use super::jobs::WithdrawalMail;
use super::rules::{self, Withdrawal, WithdrawalId};
use super::store;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::events::Events;
use crate::platform::jobs;
use crate::platform::problem::Problem;
use crate::shop::orders;
use crate::shop::orders::rules::{Order, OrderId};
use crate::shop::payments::refunds;
use crate::shop::payments::refunds::rules::{RefundReason, WantedRefund};

/// What a consumer says when they withdraw; what they leave out is as the order has it.
#[derive(Clone, Default)]
pub struct Declaration {
    /// Their name.
    pub name: Option<String>,
    /// What they call the contract.
    pub contract: Option<String>,
    /// Where the receipt should go.
    pub confirmation_email: Option<String>,
}

/// Withdraws from an order: what was paid is given back, the coupon and the services follow, the receipt is owed.
///
/// # Errors
/// `not_found`, or why the order cannot be withdrawn from.
pub fn withdraw(
    tx: &mut DbConnection,
    events: &Events,
    account: AccountId,
    id: OrderId,
    declaration: Declaration,
    now: Time,
) -> Result<(), Problem> {
    let mut order = orders::flow::own_locked(tx, account, id)?;
    rules::check(&order, now)?;
    let customer = order.snapshot.customer.clone();
    let withdrawal = Withdrawal {
        id: WithdrawalId::new(),
        order_id: id,
        name: declaration.name.unwrap_or_else(|| format!("{} {}", customer.first_name, customer.last_name)),
        contract: declaration.contract.unwrap_or_else(|| order.number.clone()),
        confirmation_email: declaration.confirmation_email.unwrap_or(customer.email),
        received_at: now,
    };
    store::insert(tx, &withdrawal)?;
    orders::flow::withdraw(tx, events, &mut order, json!({ "withdrawal_id": withdrawal.id }), now)?;
    give_all_back(tx, &mut order, account, now)?;
    jobs::enqueue(tx, &WithdrawalMail { order_id: id }, now)?;
    Ok(())
}

/// Without undue delay, by the means that the consumer paid with, and whole: a part for the days of use would need an
/// express request to begin at once, which the journey does not ask for (arts. 56(1) and 57(3)).
fn give_all_back(tx: &mut DbConnection, order: &mut Order, account: AccountId, now: Time) -> Result<(), Problem> {
    let cents = refunds::flow::refundable_cents(tx, order.id)?;
    if cents == 0 {
        return Ok(());
    }
    let wanted = WantedRefund { cents, reason: RefundReason::Withdrawal, payment_id: None, requested_by: account };
    refunds::flow::begin(tx, order, &wanted, now)?;
    Ok(())
}
