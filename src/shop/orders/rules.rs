//! What an order is and how its state may change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::customers::accounts::rules::AccountId;
use crate::customers::billing_profiles::rules::BillingDetails;
use crate::customers::billing_profiles::vat_check::VatNumberCheck;
use crate::italy::vat::{Exigibility, Natura, Rate, Treatment, VatError};
use crate::platform::clock::Time;
use crate::platform::locale::{Locale, Localized};
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::payments::rules::{Payment, PaymentMethod};
use crate::shop::plans::rules::{Features, PlanId};
use crate::shop::problems::ORDER_STATE_FORBIDS;

crate::typed_id!(
    /// An order's identifier.
    OrderId = "ord"
);

crate::typed_id!(
    /// An entry of an order's timeline.
    OrderEventId = "oevt"
);

crate::text_enum!(
    /// Where an order stands.
    OrderStatus {
        PendingPayment = "pending_payment",
        Confirmed = "confirmed",
        Active = "active",
        Cancelled = "cancelled",
        Expired = "expired",
        Withdrawn = "withdrawn",
        Refunded = "refunded",
    }
);

crate::text_enum!(
    /// Why a person must look at an order's money, the gravest reason last.
    OrderReview {
        /// More came than was due, or came when the order was over.
        Excess = "excess",
        /// A service that was paid for will not come about: its request was rejected, given up or left to expire.
        ActivationEnded = "activation_ended",
        /// A provider took another amount or currency than was asked for.
        AmountMismatch = "amount_mismatch",
        /// A refund failed, or its provider contradicts itself.
        RefundFailed = "refund_failed",
        /// The provider gave money back that nobody here asked for.
        RefundUnknown = "refund_unknown",
    }
);

/// What may happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderCommand {
    /// Nothing is due any more.
    Confirm,
    /// All that it bought is active.
    Activate,
    /// The customer or the back office gives it up before it is paid.
    Cancel,
    /// It was not paid in time.
    Expire,
    /// The consumer withdraws (art. 52 Codice del consumo).
    Withdraw,
    /// All its money was given back.
    Refund,
}

impl OrderStatus {
    /// The state after a command; none where the state forbids it.
    pub fn after(self, command: OrderCommand) -> Option<Self> {
        match (self, command) {
            (Self::PendingPayment, OrderCommand::Confirm) => Some(Self::Confirmed),
            (Self::PendingPayment, OrderCommand::Cancel) => Some(Self::Cancelled),
            (Self::PendingPayment, OrderCommand::Expire) => Some(Self::Expired),
            (Self::Confirmed, OrderCommand::Activate) => Some(Self::Active),
            (Self::Confirmed | Self::Active, OrderCommand::Withdraw) => Some(Self::Withdrawn),
            (Self::Confirmed | Self::Active | Self::Withdrawn, OrderCommand::Refund) => Some(Self::Refunded),
            _ => None,
        }
    }
}

/// Who ordered, as they were then.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCustomer {
    /// Where the mails go.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The language of mails and contracts.
    pub locale: Locale,
}

/// One line: a plan, a quantity, and what it comes to. All amounts in cents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The plan.
    pub plan_id: PlanId,
    /// Its slug then.
    pub slug: String,
    /// What it is a plan of.
    pub product: String,
    /// Its name then.
    pub name: Localized,
    /// What was said of it then.
    pub description: Localized,
    /// What it had then.
    pub features: Features,
    /// How many.
    pub quantity: i32,
    /// Net price of one.
    pub unit_net_cents: i64,
    /// The version of that price.
    pub price_version: i32,
    /// Before discount and VAT.
    pub net_cents: i64,
    /// Its share of the discount.
    pub discount_cents: i64,
    /// Basis points.
    pub vat_rate_basis_points: i32,
    /// Why it bears no VAT; present at 0 % only.
    pub natura: Option<Natura>,
    /// Its share of the VAT.
    pub vat_cents: i64,
}

impl OrderLine {
    /// How the line is taxed.
    ///
    /// # Errors
    /// For a rate and natura that do not go together, which no order holds.
    pub fn treatment(&self) -> Result<Treatment, VatError> {
        treatment(self.vat_rate_basis_points, self.natura)
    }
}

/// The coupon that an order used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderCoupon {
    /// In its canonical form; of a generated code only the end.
    pub code: String,
    /// The campaign's name then.
    pub campaign: String,
}

/// What was bought, as it was then: it never changes after the order is placed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSnapshot {
    /// Who.
    pub customer: OrderCustomer,
    /// Whom it is made out to.
    pub billing: BillingDetails,
    /// What VIES had said of its VAT number; none where it knows no such numbers. With a natura it is the evidence for it.
    #[serde(default)]
    pub vat_number_check: Option<VatNumberCheck>,
    /// What.
    pub lines: Vec<OrderLine>,
    /// Who pays the VAT to the Treasury, by the rules of the day of the purchase.
    pub exigibility: Exigibility,
    /// With which coupon.
    pub coupon: Option<OrderCoupon>,
}

impl OrderSnapshot {
    /// The plans bought, one entry a unit.
    pub fn units(&self) -> Vec<PlanId> {
        let repeated =
            |line: &OrderLine| std::iter::repeat_n(line.plan_id, usize::try_from(line.quantity).unwrap_or(0));
        self.lines.iter().flat_map(repeated).collect()
    }

    /// What the lines of each rate and natura come to, in their order.
    pub fn vat_groups(&self) -> Vec<VatGroup> {
        vat_groups(&self.lines)
    }

    /// The line that bought a plan.
    pub fn line_of(&self, plan: PlanId) -> Option<&OrderLine> {
        self.lines.iter().find(|line| line.plan_id == plan)
    }
}

/// What lines come to by rate and natura, in ascending order of both: the summary blocks (2.2.2) of an invoice.
pub fn vat_groups(lines: &[OrderLine]) -> Vec<VatGroup> {
    let mut groups: BTreeMap<(i32, Option<Natura>), (i64, i64)> = BTreeMap::new();
    for line in lines {
        let (base, vat) = groups.entry((line.vat_rate_basis_points, line.natura)).or_default();
        *base += line.net_cents - line.discount_cents;
        *vat += line.vat_cents;
    }
    let group = |((vat_rate_basis_points, natura), (base_cents, vat_cents))| VatGroup {
        vat_rate_basis_points,
        natura,
        base_cents,
        vat_cents,
    };
    groups.into_iter().map(group).collect()
}

/// The lines of one rate and natura together. All amounts in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VatGroup {
    /// Basis points.
    pub vat_rate_basis_points: i32,
    /// Why it bears no VAT; present at 0 % only.
    pub natura: Option<Natura>,
    /// What the lines come to after the discount.
    pub base_cents: i64,
    /// The VAT on it.
    pub vat_cents: i64,
}

impl VatGroup {
    /// How the group is taxed.
    ///
    /// # Errors
    /// For a rate and natura that do not go together, which no order holds.
    pub fn treatment(&self) -> Result<Treatment, VatError> {
        treatment(self.vat_rate_basis_points, self.natura)
    }

    /// The group as the documents' templates read it (`vat_groups` in `layout.typ`).
    pub fn to_document(self) -> serde_json::Value {
        serde_json::json!({
            "vat_rate": self.vat_rate_basis_points,
            "natura": self.natura,
            "net": Money::euro(self.base_cents),
            "vat": Money::euro(self.vat_cents),
        })
    }
}

fn treatment(basis_points: i32, natura: Option<Natura>) -> Result<Treatment, VatError> {
    let basis_points = u16::try_from(basis_points).map_err(|_| VatError::RateTooHigh)?;
    Treatment::new(Rate::new(basis_points)?, natura)
}

/// What an order comes to, in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderTotals {
    /// Before discount and VAT.
    pub net_cents: i64,
    /// The coupon's.
    pub discount_cents: i64,
    /// On what is left.
    pub vat_cents: i64,
    /// Net less discount plus VAT.
    pub gross_cents: i64,
    /// What the customer pays us: the gross, or the net under split payment (art. 17-ter D.P.R. 633/1972).
    pub due_cents: i64,
}

/// An order.
#[derive(Clone, PartialEq, Eq)]
pub struct Order {
    /// Which.
    pub id: OrderId,
    /// `2026-000001`, without gaps in its year.
    pub number: String,
    /// Whose.
    pub account_id: AccountId,
    /// Where it stands.
    pub status: OrderStatus,
    /// What it comes to.
    pub totals: OrderTotals,
    /// What was bought.
    pub snapshot: OrderSnapshot,
    /// When.
    pub placed_at: Time,
    /// When nothing was due any more.
    pub confirmed_at: Option<Time>,
    /// Until when it can be paid.
    pub expires_at: Option<Time>,
    /// Why a person must look at its money.
    pub review: Option<OrderReview>,
}

impl Order {
    /// Moves on to the state after a command; a command that the state forbids changes nothing (invariant 7 of the design).
    ///
    /// # Errors
    /// `order_state_forbids`, saying which state it is in.
    pub fn advance(&mut self, command: OrderCommand, now: Time) -> Result<(), Problem> {
        let forbidden = || ORDER_STATE_FORBIDS.problem().member("order_status", self.status.as_str().into());
        self.status = self.status.after(command).ok_or_else(forbidden)?;
        if command == OrderCommand::Confirm {
            self.confirmed_at = Some(now);
            self.expires_at = None;
        }
        Ok(())
    }

    /// Until when it waits for a payment that begins now. However often it is begun again, the whole wait is no longer than
    /// for a bank transfer, so that nobody keeps old prices or a coupon's use for good; none where that time is over.
    pub fn deadline_for(&self, method: PaymentMethod, now: Time) -> Option<Time> {
        let last = self.placed_at.plus_seconds(PaymentMethod::BankTransfer.patience());
        (now < last).then(|| now.plus_seconds(method.patience()).min(last))
    }

    /// Cents that an order holds too much: what came for it beyond what is due, or all where it is over.
    pub fn excess_cents(&self, payments: &[Payment]) -> i64 {
        let held: i64 = payments.iter().map(Payment::held_cents).sum();
        let owed = match self.status {
            OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Withdrawn | OrderStatus::Refunded => 0,
            OrderStatus::PendingPayment | OrderStatus::Confirmed | OrderStatus::Active => self.totals.due_cents,
        };
        (held - owed).max(0)
    }
}

/// An entry of an order's timeline.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OrderEvent {
    /// Which.
    pub id: OrderEventId,
    /// What happened, in snake_case.
    #[schema(example = "order_confirmed")]
    pub kind: String,
    /// Identifiers and amounts.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// When.
    pub at: Time,
}

/// An activation request that an order led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrderActivation {
    /// The request's identifier.
    #[schema(example = "areq_01kawz3h8mf5ttb4c5v3e8n0qx")]
    pub id: String,
    /// The plan that it activates.
    pub plan_id: PlanId,
    /// Whether the service is active.
    pub active: bool,
}

#[cfg(test)]
mod tests;
