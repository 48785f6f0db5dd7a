//! What the shop and the sandbox's payment provider say to each other.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::money::Money;
use crate::shop::payments::refunds::rules::RefundId;
use crate::shop::payments::rules::{MoneyOutcome, PaymentId};

/// What a notification says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum SandboxNotification {
    /// How a payment ended.
    Payment {
        /// Our name for it.
        reference: PaymentId,
        /// `succeeded` or `failed`.
        outcome: MoneyOutcome,
        /// What was paid.
        amount: Money,
    },
    /// How a refund ended.
    Refund {
        /// Our name for it.
        reference: RefundId,
        /// `succeeded` or `failed`.
        outcome: MoneyOutcome,
    },
}

/// How a payment stands at the provider.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = SandboxProviderPayment)]
pub struct SandboxPaymentState {
    /// Null while nobody decided.
    #[schema(required = true)]
    pub outcome: Option<MoneyOutcome>,
    /// What it is about.
    pub amount: Money,
}
