//! A cart as it is answered.

use serde::Serialize;
use utoipa::ToSchema;

use crate::customers::billing_profiles::rules::BillingProfileId;
use crate::platform::clock::Time;
use crate::platform::locale::Localized;
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::carts::rules::{CartContents, CartId, CartItem, CartItemId, CartStatus, Missing, Warning};
use crate::shop::orders::rules::OrderTotals;
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::plans::rules::{Plan, PlanId};

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
}

impl From<OrderTotals> for Totals {
    fn from(totals: OrderTotals) -> Self {
        Self {
            net: Money::euro(totals.net_cents),
            discount: Money::euro(totals.discount_cents),
            vat: Money::euro(totals.vat_cents),
            gross: Money::euro(totals.gross_cents),
            due: Money::euro(totals.due_cents),
        }
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
}

impl CartItemView {
    fn of((item, plan): &(CartItem, Option<Plan>)) -> Self {
        Self {
            id: item.id,
            plan_id: item.plan_id,
            slug: plan.as_ref().map(|plan| plan.slug.clone()),
            name: plan.as_ref().map(|plan| plan.name.clone()),
            quantity: item.quantity,
            unit_price: plan.as_ref().map(|plan| Money::euro(plan.net_cents)),
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
    pub fn of(contents: &CartContents, now: Time) -> Result<Self, Problem> {
        let summary = contents.summary(now)?;
        let cart = &contents.cart;
        Ok(Self {
            id: cart.id,
            status: cart.status,
            items: contents.items.iter().map(CartItemView::of).collect(),
            coupon: contents.coupon.as_ref().map(|coupon| CartCoupon {
                code: coupon.code.clone(),
                campaign: coupon.campaign.name.clone(),
                applied: summary.coupon_applies,
                reason: summary.coupon_refusal,
            }),
            billing_profile_id: contents.profile.as_ref().map(|profile| profile.id),
            payment_method: cart.payment_method,
            totals: summary.priced.totals.into(),
            missing: summary.missing,
            warnings: summary.warnings,
            created_at: cart.created_at,
            expires_at: cart.expires_at,
        })
    }
}
