//! A cart as it is answered.

use serde::Serialize;
use utoipa::ToSchema;

use crate::customers::billing_profiles::rules::BillingProfileId;
use crate::italy::vat::{Exigibility, Natura};
use crate::platform::clock::Time;
use crate::platform::locale::Localized;
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::carts::rules::{CartContents, CartId, CartItem, CartItemId, CartStatus, Missing, Warning};
use crate::shop::orders::rules::{Order, OrderLine, OrderTotals};
use crate::shop::orders::rules::{VatGroup, vat_groups};
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::plans::rules::{Plan, PlanId};
use crate::shop::pricing::rules::Priced;
use crate::shop::pricing::treatment::TaxRules;

/// The lines that share a VAT rate and, at 0 %, the reason for it.
#[derive(Serialize, ToSchema)]
#[schema(as = VatGroup)]
pub struct VatGroupView {
    /// Basis points.
    #[schema(example = 2200)]
    rate: i32,
    /// Why they bear no VAT, as the FatturaPA codes it; null unless the rate is zero.
    #[schema(required = true, example = "N2.1")]
    natura: Option<&'static str>,
    /// After the discount.
    base: Money,
    /// On the base, rounded once.
    vat: Money,
}

impl From<VatGroup> for VatGroupView {
    fn from(group: VatGroup) -> Self {
        Self {
            rate: group.vat_rate_basis_points,
            natura: group.natura.map(Natura::code),
            base: Money::euro(group.base_cents),
            vat: Money::euro(group.vat_cents),
        }
    }
}

/// What a purchase comes to.
#[derive(Serialize, ToSchema)]
pub struct Totals {
    /// Before discount and VAT.
    net: Money,
    /// The coupon's.
    discount: Money,
    /// On what is left.
    vat: Money,
    /// Net less discount plus VAT.
    gross: Money,
    /// What is to be paid: the gross, or the net for public bodies under split payment.
    due: Money,
    /// Whether the customer pays the VAT to the Treasury and not to us (art. 17-ter D.P.R. 633/1972).
    split_payment: bool,
    /// The VAT by rate and reason for none, which sums to `vat`.
    vat_breakdown: Vec<VatGroupView>,
}

impl Totals {
    fn new(totals: OrderTotals, lines: &[OrderLine], exigibility: Exigibility) -> Self {
        Self {
            net: Money::euro(totals.net_cents),
            discount: Money::euro(totals.discount_cents),
            vat: Money::euro(totals.vat_cents),
            gross: Money::euro(totals.gross_cents),
            due: Money::euro(totals.due_cents),
            split_payment: exigibility == Exigibility::SplitPayment,
            vat_breakdown: vat_groups(lines).into_iter().map(VatGroupView::from).collect(),
        }
    }
}

impl From<&Priced> for Totals {
    fn from(priced: &Priced) -> Self {
        Self::new(priced.totals, &priced.lines, priced.exigibility)
    }
}

impl From<&Order> for Totals {
    fn from(order: &Order) -> Self {
        Self::new(order.totals, &order.snapshot.lines, order.snapshot.exigibility)
    }
}

/// A plan in a cart.
#[derive(Serialize, ToSchema)]
#[schema(as = CartItem)]
pub struct CartItemView {
    id: CartItemId,
    plan_id: PlanId,
    /// Null where the plan is no longer on offer.
    #[schema(required = true)]
    slug: Option<String>,
    /// Null where the plan is no longer on offer.
    #[schema(required = true)]
    name: Option<Localized>,
    /// How many.
    quantity: i32,
    /// Net price of one; null where the plan is no longer on offer.
    #[schema(required = true)]
    unit_price: Option<Money>,
    /// Net price of one as it was when the customer saw it; null where it has not changed since.
    #[schema(required = true)]
    previous_unit_price: Option<Money>,
    /// Basis points; null where the plan is no longer on offer.
    #[schema(required = true)]
    vat_rate: Option<i32>,
    /// Why it bears no VAT, as the FatturaPA codes it; null unless the rate is zero.
    #[schema(required = true, example = "N2.1")]
    natura: Option<&'static str>,
}

impl CartItemView {
    fn of((item, plan): &(CartItem, Option<Plan>), priced: &Priced) -> Self {
        let line = priced.lines.iter().find(|line| line.plan_id == item.plan_id);
        let changed = plan.as_ref().filter(|plan| item.price_changed(plan));
        Self {
            id: item.id,
            plan_id: item.plan_id,
            slug: plan.as_ref().map(|plan| plan.slug.clone()),
            name: plan.as_ref().map(|plan| plan.name.clone()),
            quantity: item.quantity,
            unit_price: plan.as_ref().map(|plan| Money::euro(plan.net_cents)),
            previous_unit_price: changed.map(|_| Money::euro(item.seen.net_cents)),
            vat_rate: line.map(|line| line.vat_rate_basis_points),
            natura: line.and_then(|line| line.natura).map(Natura::code),
        }
    }
}

/// The coupon on a cart.
#[derive(Serialize, ToSchema)]
pub struct CartCoupon {
    /// In its canonical form; of a generated code only the end.
    #[schema(example = "BENVENUTO100")]
    code: String,
    /// The campaign's name.
    campaign: String,
    /// Whether it counts now; if not, the cart warns `coupon_not_applied`.
    applied: bool,
    /// Why it does not count: the code of the problem that putting it on the cart would answer.
    #[schema(required = true, example = "coupon_minimum_total")]
    reason: Option<&'static str>,
}

/// A cart.
#[derive(Serialize, ToSchema)]
#[schema(as = Cart)]
pub struct CartView {
    id: CartId,
    status: CartStatus,
    /// The cart that took in what was in this one; null unless it is `merged`.
    #[schema(required = true)]
    merged_into: Option<CartId>,
    items: Vec<CartItemView>,
    #[schema(required = true)]
    coupon: Option<CartCoupon>,
    #[schema(required = true)]
    billing_profile_id: Option<BillingProfileId>,
    #[schema(required = true)]
    payment_method: Option<PaymentMethod>,
    totals: Totals,
    /// What checkout still needs.
    missing: Vec<Missing>,
    /// What the customer should know, though checkout does not need it.
    warnings: Vec<Warning>,
    created_at: Time,
    /// Until when it stays open if nobody touches it.
    expires_at: Time,
}

/// A cart that was just opened.
#[derive(Serialize, ToSchema)]
pub struct OpenedCart {
    /// The cart.
    #[serde(flatten)]
    pub cart: CartView,
    /// The secret that opens this cart, sent as `X-Cart-Token`. It is shown this once.
    pub token: String,
}

impl CartView {
    /// The cart as it stands now.
    ///
    /// # Errors
    /// `internal_error` for amounts out of bounds.
    pub fn of(contents: &CartContents, now: Time, rules: &TaxRules) -> Result<Self, Problem> {
        let summary = contents.summary(now, rules)?;
        let cart = &contents.cart;
        Ok(Self {
            id: cart.id,
            status: cart.status_at(now),
            merged_into: cart.merged_into,
            items: contents.items.iter().map(|item| CartItemView::of(item, &summary.priced)).collect(),
            coupon: contents.coupon.as_ref().map(|coupon| CartCoupon {
                code: coupon.code.clone(),
                campaign: coupon.campaign.name.clone(),
                applied: summary.coupon_applies,
                reason: summary.coupon_refusal,
            }),
            billing_profile_id: contents.profile.as_ref().map(|profile| profile.id),
            payment_method: cart.payment_method,
            totals: (&summary.priced).into(),
            missing: summary.missing,
            warnings: summary.warnings,
            created_at: cart.created_at,
            expires_at: cart.expires_at,
        })
    }
}
