//! What payments tell later rooms.

use super::refunds::rules::RefundId;
use crate::shop::orders::rules::OrderId;

/// Money was given back: a credit note is owed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSucceeded {
    /// Which refund.
    pub refund_id: RefundId,
    /// Of which order.
    pub order_id: OrderId,
    /// Cents, VAT included where the customer had paid it.
    pub amount_cents: i64,
}
