//! What a cart is, what it comes to, and what checkout still needs.

use crate::customers::accounts::rules::AccountId;
use crate::customers::billing_profiles::rules::{BillingKind, BillingProfile, BillingProfileId};
use crate::platform::clock::Time;
use crate::platform::problem::Problem;
use crate::shop::coupons::eligibility::SubjectHistory;
use crate::shop::coupons::rules::{Coupon, CouponCodeId};
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::plans::rules::{Plan, PlanId};
use crate::shop::pricing::rules::{Priced, Purchase, net_of, price_purchases};
use crate::shop::problems::CART_NOT_OPEN;

crate::typed_id!(
    /// A cart's identifier.
    CartId = "cart"
);

crate::typed_id!(
    /// A cart item's identifier.
    CartItemId = "item"
);

crate::text_enum!(
    /// Where a cart stands: `open → ordered | merged | expired`.
    CartStatus {
        Open = "open",
        Ordered = "ordered",
        Merged = "merged",
        Expired = "expired",
    }
);

crate::text_enum!(
    /// What checkout still needs.
    Missing {
        Items = "items",
        Account = "account",
        BillingProfile = "billing_profile",
        PaymentMethod = "payment_method",
    }
);

crate::text_enum!(
    /// What the customer should know, though checkout does not need it.
    Warning {
        PriceChanged = "price_changed",
        PlanUnavailable = "plan_unavailable",
        CouponNotApplied = "coupon_not_applied",
        HolderMustBeItalian = "holder_must_be_italian",
    }
);

/// Seconds that a cart stays open after its last change.
pub const CART_LIFETIME: i64 = 30 * 24 * 3600;
/// Different plans that a cart may hold.
pub const MAX_ITEMS: usize = 20;

/// A cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cart {
    /// Which.
    pub id: CartId,
    /// SHA-256 of its token.
    pub token_hash: Vec<u8>,
    /// Who claimed it.
    pub account_id: Option<AccountId>,
    /// Where it stands.
    pub status: CartStatus,
    /// The coupon put on it.
    pub coupon_code_id: Option<CouponCodeId>,
    /// Whom the order is to be made out to.
    pub billing_profile_id: Option<BillingProfileId>,
    /// How it is to be paid.
    pub payment_method: Option<PaymentMethod>,
    /// Raised at each change.
    pub version: i64,
    /// When it was opened.
    pub created_at: Time,
    /// Until when it stays open.
    pub expires_at: Time,
}

impl Cart {
    /// Passes for an open cart.
    ///
    /// # Errors
    /// `cart_not_open`, saying which state it is in.
    pub fn require_open(&self, now: Time) -> Result<(), Problem> {
        let status =
            if self.status == CartStatus::Open && now >= self.expires_at { CartStatus::Expired } else { self.status };
        if status == CartStatus::Open {
            return Ok(());
        }
        Err(CART_NOT_OPEN.problem().member("cart_status", status.as_str().into()))
    }
}

/// A plan in a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartItem {
    /// Which.
    pub id: CartItemId,
    /// The plan.
    pub plan_id: PlanId,
    /// How many.
    pub quantity: i32,
    /// The version of the price that the customer saw.
    pub price_version: i32,
}

/// A cart with all that its price depends on.
pub struct CartContents {
    /// The cart.
    pub cart: Cart,
    /// Its items, with the plan as it is now; none where it is no longer on offer.
    pub items: Vec<(CartItem, Option<Plan>)>,
    /// The coupon put on it.
    pub coupon: Option<Coupon>,
    /// Whom the order is to be made out to.
    pub profile: Option<BillingProfile>,
    /// What the coupon's campaign asks of them; none while there is no coupon or nobody to make the order out to.
    pub history: Option<SubjectHistory>,
}

/// What a cart comes to and what it lacks.
pub struct CartSummary {
    /// The price, of the plans still on offer.
    pub priced: Priced,
    /// What checkout still needs.
    pub missing: Vec<Missing>,
    /// What the customer should know.
    pub warnings: Vec<Warning>,
    /// Whether the coupon counts.
    pub coupon_applies: bool,
    /// Why it does not: the code of the refusal.
    pub coupon_refusal: Option<&'static str>,
}

impl CartContents {
    /// The plans still on offer, and how many of each.
    pub fn purchases(&self) -> Vec<Purchase> {
        let available = self.items.iter().filter_map(|(item, plan)| Some((item, plan.clone()?)));
        available.map(|(item, plan)| Purchase { plan, quantity: item.quantity }).collect()
    }

    /// Why the coupon does not count; nothing where it does, or there is none. That of an ordered cart does: it is held.
    pub fn coupon_refusal(&self, now: Time) -> Option<Problem> {
        let coupon = self.coupon.as_ref().filter(|_| self.cart.status != CartStatus::Ordered)?;
        coupon.check(&self.purchases(), self.history, now).err()
    }

    /// Prices the cart, and says what is missing and worth knowing.
    ///
    /// # Errors
    /// `internal_error` for amounts out of bounds.
    pub fn summary(&self, now: Time) -> Result<CartSummary, Problem> {
        let purchases = self.purchases();
        let refusal = self.coupon_refusal(now);
        let coupon_applies = self.coupon.is_some() && refusal.is_none();
        let applied = self.coupon.as_ref().filter(|_| coupon_applies);
        let discount = applied.map_or(0, |coupon| coupon.campaign.discount.off(net_of(&purchases)));
        let split_payment = self.profile.as_ref().is_some_and(|profile| profile.details.is_split_payment());
        let priced = price_purchases(&purchases, discount, split_payment)?;
        Ok(CartSummary {
            missing: self.missing(&priced),
            warnings: self.warnings(coupon_applies),
            priced,
            coupon_applies,
            coupon_refusal: refusal.map(|refusal| refusal.code.name),
        })
    }

    fn missing(&self, priced: &Priced) -> Vec<Missing> {
        let needs = [
            (Missing::Items, priced.lines.is_empty()),
            (Missing::Account, self.cart.account_id.is_none()),
            (Missing::BillingProfile, self.profile.is_none()),
            (Missing::PaymentMethod, priced.totals.due_cents > 0 && self.cart.payment_method.is_none()),
        ];
        needs.into_iter().filter(|(_, is_missing)| *is_missing).map(|(missing, _)| missing).collect()
    }

    fn warnings(&self, coupon_applies: bool) -> Vec<Warning> {
        let changed = |(item, plan): &(CartItem, Option<Plan>)| {
            plan.as_ref().is_some_and(|plan| plan.price_version != item.price_version)
        };
        let is_foreign = self.profile.as_ref().is_some_and(|profile| profile.details.kind == BillingKind::Foreign);
        let facts = [
            (Warning::PriceChanged, self.items.iter().any(changed)),
            (Warning::PlanUnavailable, self.items.iter().any(|(_, plan)| plan.is_none())),
            (Warning::CouponNotApplied, self.coupon.is_some() && !coupon_applies),
            // The five holder types are Italian, so a foreign buyer needs an Italian holder.
            (Warning::HolderMustBeItalian, is_foreign),
        ];
        facts.into_iter().filter(|(_, holds)| *holds).map(|(warning, _)| warning).collect()
    }
}
