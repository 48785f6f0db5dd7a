//! What orders tell later rooms.

use super::rules::OrderId;
use crate::customers::accounts::rules::AccountId;
use crate::shop::plans::rules::PlanId;

/// An order has nothing left to pay: what it bought can be activated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderConfirmed {
    /// Which.
    pub order_id: OrderId,
    /// Whose.
    pub account_id: AccountId,
    /// The plans bought, one entry a unit, so that quantity n makes n activation requests.
    pub units: Vec<PlanId>,
}

/// An order that was confirmed is withdrawn from, or all its money was given back: what it bought ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEnded {
    /// Which.
    pub order_id: OrderId,
    /// How it ended, as its timeline has it: `order_withdrawn` or `order_refunded`.
    pub kind: &'static str,
}
