//! What a cart is, what it comes to, and what checkout still needs.

use crate::customers::accounts::rules::AccountId;
use crate::customers::billing_profiles::rules::{BillingKind, BillingProfile, BillingProfileId};
use crate::platform::clock::Time;
use crate::platform::problem::Problem;
use crate::shop::coupons::eligibility::SubjectHistory;
use crate::shop::coupons::rules::{Coupon, CouponCodeId};
use crate::shop::orders::rules::OrderTotals;
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::plans::rules::{Plan, PlanId};
use crate::shop::pricing::rules::{Priced, Purchase, net_of, price_purchases};
use crate::shop::pricing::treatment::{SaleTreatment, TaxRules, is_unverified};
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
        VatNumberUnverified = "vat_number_unverified",
        ConsumerNotServed = "consumer_not_served",
    }
);

/// Seconds that a cart stays open after its last change.
pub const CART_LIFETIME: i64 = 30 * 24 * 3600;
/// Seconds for which a cart that expired or was merged can still be read; then it is forgotten.
pub const CLOSED_CARTS_KEPT: i64 = 90 * 24 * 3600;
/// Different plans that a cart may hold.
pub const MAX_ITEMS: usize = 20;
/// How many of one plan a cart may hold.
pub const MAX_QUANTITY: i32 = 100;

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
    /// The cart that took in what was in this one.
    pub merged_into: Option<CartId>,
    /// Raised at each change.
    pub version: i64,
    /// When it was opened.
    pub created_at: Time,
    /// Until when it stays open.
    pub expires_at: Time,
}

impl Cart {
    /// Where it stands: an open cart expires the moment its time is over, whenever that is written down.
    pub fn status_at(&self, now: Time) -> CartStatus {
        if self.status == CartStatus::Open && now >= self.expires_at { CartStatus::Expired } else { self.status }
    }

    /// Passes for an open cart.
    ///
    /// # Errors
    /// `cart_not_open`, saying which state it is in, and where what was in it went.
    pub fn require_open(&self, now: Time) -> Result<(), Problem> {
        let status = self.status_at(now);
        if status == CartStatus::Open {
            return Ok(());
        }
        let problem = CART_NOT_OPEN.problem().member("cart_status", status.as_str().into());
        Err(match self.merged_into {
            Some(cart) => problem.member("merged_into", cart.to_string().into()),
            None => problem,
        })
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
    /// The price that the customer saw.
    pub seen: SeenPrice,
}

/// A price as the customer saw it when they put the plan into the cart, or set how many of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenPrice {
    /// Its version.
    pub version: i32,
    /// Net price of one, cents.
    pub net_cents: i64,
    /// Basis points.
    pub vat_rate_basis_points: i32,
}

impl CartItem {
    /// Whether the plan costs something else now.
    pub fn price_changed(&self, plan: &Plan) -> bool {
        (plan.net_cents, plan.vat_rate_basis_points) != (self.seen.net_cents, self.seen.vat_rate_basis_points)
    }
}

/// A plan that a caller wants and how many of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedItem {
    /// The plan.
    pub plan_id: PlanId,
    /// How many.
    pub quantity: i32,
}

/// What one line of a cart holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartLine {
    /// The plan.
    pub plan_id: PlanId,
    /// How many.
    pub quantity: i32,
    /// The price that the customer saw.
    pub seen: SeenPrice,
}

impl CartLine {
    /// So many of a plan at the price that it has now.
    pub fn of(plan: &Plan, quantity: i32) -> Self {
        let seen = SeenPrice {
            version: plan.price_version,
            net_cents: plan.net_cents,
            vat_rate_basis_points: plan.vat_rate_basis_points,
        };
        Self { plan_id: plan.id, quantity, seen }
    }
}

impl From<&CartItem> for CartLine {
    fn from(item: &CartItem) -> Self {
        Self { plan_id: item.plan_id, quantity: item.quantity, seen: item.seen }
    }
}

/// Lines in the order given, those of the same plan made one: quantities are added up, and of the prices that the customer
/// saw the lowest counts as seen, so that no rise goes unsaid. None where a cart cannot hold so much.
pub fn gathered(lines: impl IntoIterator<Item = CartLine>) -> Option<Vec<CartLine>> {
    let mut gathered: Vec<CartLine> = Vec::new();
    for line in lines {
        match gathered.iter_mut().find(|present| present.plan_id == line.plan_id) {
            Some(present) => {
                present.quantity = present.quantity.saturating_add(line.quantity);
                if line.seen.net_cents < present.seen.net_cents {
                    present.seen = line.seen;
                }
            }
            None => gathered.push(line),
        }
    }
    let fits = gathered.len() <= MAX_ITEMS && gathered.iter().all(|line| line.quantity <= MAX_QUANTITY);
    fits.then_some(gathered)
}

/// Says that a cart cannot hold what is asked for.
pub fn too_much(pointer: &str) -> Problem {
    Problem::invalid_field(pointer, "range", "Quantità troppo grande", "The cart cannot hold that many")
}

/// One cart made of two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedCart {
    /// The cart that goes on.
    pub cart: Cart,
    /// All that is in it then.
    pub lines: Vec<CartLine>,
    /// The cart that ends.
    pub ended: Cart,
}

/// Merges the open cart that an account had into the one that it has just claimed, which is the one that the customer has
/// before them.
///
/// - Every line of both is in the claimed cart then, its own first (see [`gathered`]).
/// - Coupon, billing profile and payment method are the claimed cart's, where it has none the older cart's.
/// - The older cart ends as `merged` and says into which; what was in it stays written in it.
/// - Nothing is ever dropped: where both together would hold more than a cart may, neither changes, and the account has
///   two open carts.
pub fn merge((claimed, items): (&Cart, &[CartItem]), (older, older_items): (&Cart, &[CartItem])) -> Option<MergedCart> {
    let lines = gathered(items.iter().chain(older_items).map(CartLine::from))?;
    let cart = Cart {
        coupon_code_id: claimed.coupon_code_id.or(older.coupon_code_id),
        billing_profile_id: claimed.billing_profile_id.or(older.billing_profile_id),
        payment_method: claimed.payment_method.or(older.payment_method),
        ..claimed.clone()
    };
    let ended = Cart { status: CartStatus::Merged, merged_into: Some(claimed.id), ..older.clone() };
    Some(MergedCart { cart, lines, ended })
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
    /// What the same would come to at the prices that the customer saw, taxed as of now.
    pub seen: OrderTotals,
}

/// What the customer was shown, as far as they say so. All amounts in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShownTotals {
    /// With VAT.
    pub gross_cents: Option<i64>,
    /// What they are to pay us.
    pub due_cents: Option<i64>,
}

impl CartSummary {
    /// The ways to pay, of those that the shop takes: none where nothing is due.
    pub fn ways_to_pay(&self, taken: Vec<PaymentMethod>) -> Vec<PaymentMethod> {
        if self.priced.totals.due_cents > 0 { taken } else { Vec::new() }
    }

    /// Whether the customer buys at what they were shown: nobody pays another gross or another due than the one that they
    /// name, and who names neither pays no more of either than the cart comes to at the prices that they saw, taxed as of
    /// now. So what VIES answered, another billing profile or the end of split payment is refused to those only who name
    /// their totals.
    pub fn is_as_shown(&self, shown: ShownTotals) -> bool {
        let (now, seen) = (&self.priced.totals, &self.seen);
        let is_as_named = |named: Option<i64>, now: i64| named.is_none_or(|named| named == now);
        if shown == ShownTotals::default() {
            return now.gross_cents <= seen.gross_cents && now.due_cents <= seen.due_cents;
        }
        is_as_named(shown.gross_cents, now.gross_cents) && is_as_named(shown.due_cents, now.due_cents)
    }
}

impl CartContents {
    /// The plans still on offer, and how many of each.
    pub fn purchases(&self) -> Vec<Purchase> {
        let available = self.items.iter().filter_map(|(item, plan)| Some((item, plan.clone()?)));
        available.map(|(item, plan)| Purchase { plan, quantity: item.quantity }).collect()
    }

    /// The same at the prices that the customer saw.
    fn seen_purchases(&self) -> Vec<Purchase> {
        let mut purchases = self.purchases();
        let available = self.items.iter().filter(|(_, plan)| plan.is_some());
        for (purchase, (item, _)) in purchases.iter_mut().zip(available) {
            purchase.plan.net_cents = item.seen.net_cents;
            purchase.plan.vat_rate_basis_points = item.seen.vat_rate_basis_points;
            purchase.plan.price_version = item.seen.version;
        }
        purchases
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
    pub fn summary(&self, now: Time, rules: &TaxRules) -> Result<CartSummary, Problem> {
        let purchases = self.purchases();
        let refusal = self.coupon_refusal(now);
        let coupon_applies = self.coupon.is_some() && refusal.is_none();
        let sale = SaleTreatment::of(self.profile.as_ref(), now, rules);
        let price = |purchases: &[Purchase]| {
            let applied = self.coupon.as_ref().filter(|_| coupon_applies);
            let discount = applied.map_or(0, |coupon| coupon.campaign.discount.off(net_of(purchases)));
            price_purchases(purchases, discount, sale)
        };
        let priced = price(&purchases)?;
        Ok(CartSummary {
            missing: self.missing(&priced),
            warnings: self.warnings(coupon_applies, now, rules),
            priced,
            coupon_applies,
            seen: price(&self.seen_purchases())?.totals,
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

    fn warnings(&self, coupon_applies: bool, now: Time, rules: &TaxRules) -> Vec<Warning> {
        let changed =
            |(item, plan): &(CartItem, Option<Plan>)| plan.as_ref().is_some_and(|plan| item.price_changed(plan));
        let profile_is = |holds: &dyn Fn(&BillingProfile) -> bool| self.profile.as_ref().is_some_and(holds);
        let facts = [
            (Warning::PriceChanged, self.items.iter().any(changed)),
            (Warning::PlanUnavailable, self.items.iter().any(|(_, plan)| plan.is_none())),
            (Warning::CouponNotApplied, self.coupon.is_some() && !coupon_applies),
            // The five holder types are Italian, so a foreign buyer needs an Italian holder.
            (Warning::HolderMustBeItalian, profile_is(&|profile| profile.details.kind == BillingKind::Foreign)),
            // Until VIES confirms it, Italian VAT is charged (art. 7-ter D.P.R. 633/1972).
            (Warning::VatNumberUnverified, profile_is(&|profile| is_unverified(profile, now, rules))),
            (Warning::ConsumerNotServed, profile_is(&|profile| rules.refuses(&profile.details))),
        ];
        facts.into_iter().filter(|(_, holds)| *holds).map(|(warning, _)| warning).collect()
    }
}

#[cfg(test)]
mod tests;
