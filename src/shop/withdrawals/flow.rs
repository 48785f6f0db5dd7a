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
use crate::shop::orders::rules::OrderId;

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
    jobs::enqueue(tx, &WithdrawalMail { order_id: id }, now)?;
    Ok(())
}
