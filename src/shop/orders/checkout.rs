//! Checkout: one order a cart, whatever is retried. The model for transactions.
//!
//! Everything that makes the order (coupon held, number taken, snapshot, payment intent, mail owed, idempotent answer)
//! is one transaction. Only where the answer must carry a provider's page is there a second: the first has recorded the
//! intent, so that a crash between the two is found and finished by a job.

use std::sync::Arc;

use chrono::Datelike as _;
use serde_json::json;

use super::flow::{self, OrderDetails};
use super::rules::{Order, OrderCoupon, OrderCustomer, OrderId, OrderSnapshot, OrderStatus};
use super::store;
use crate::customers::accounts;
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::events::Events;
use crate::platform::http::conditions::IfMatch;
use crate::platform::idempotency::{self, Answer, Claim, Key};
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::platform::sequences;
use crate::shop::carts;
use crate::shop::carts::extract::CartHolder;
use crate::shop::carts::rules::{CartContents, CartId, CartStatus, CartSummary, Missing, ShownTotals, Warning};
use crate::shop::coupons;
use crate::shop::coupons::eligibility::refused_at_checkout;
use crate::shop::payments;
use crate::shop::payments::gateways::Gateways;
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::pricing::treatment::TaxRules;
use crate::shop::problems::{CART_INCOMPLETE, CART_NOT_OPEN, TOTAL_CHANGED};

/// Who checks which cart out, and at which price.
pub struct Checkout {
    /// Who.
    pub customer: Customer,
    /// Which.
    pub cart_id: CartId,
    /// What the caller holds beside the account: a cart that nobody claimed shows itself only to whoever has its token.
    pub holder: CartHolder,
    /// The version of the cart that is meant.
    pub condition: IfMatch,
    /// What the customer was shown.
    pub shown: ShownTotals,
    /// Makes retries harmless.
    pub key: Key,
}

/// Makes the answer of an order; `api.rs` knows its form.
pub type Render = fn(&OrderDetails) -> Result<Answer, Problem>;

/// Places the order of a cart and answers it.
///
/// # Errors
/// `not_found`, `stale_version`, `cart_not_open` (naming its order), `cart_incomplete` (naming what is missing), `total_changed` (with the
/// new totals), or why the coupon cannot be held.
pub async fn check_out(
    platform: Arc<Platform>,
    gateways: Arc<Gateways>,
    checkout: Checkout,
    render: Render,
) -> Result<Answer, Problem> {
    let now = platform.clock.now();
    let checkout = Arc::new(checkout);
    let (shared, methods, work) = (platform.clone(), gateways.clone(), checkout.clone());
    let placed = platform.db.write(move |tx| place_once(tx, &shared, &methods, &work, render, now)).await?;
    match placed {
        Placed::Answered(answer) => Ok(answer),
        Placed::AwaitsProvider(order) => {
            payments::flow::finish_opening(platform, gateways, order, checkout.key.clone(), render).await
        }
    }
}

/// How far the first transaction came.
pub enum Placed {
    /// To the end.
    Answered(Answer),
    /// To the point where a provider must be asked for its page.
    AwaitsProvider(OrderId),
}

fn place_once(
    tx: &mut DbConnection,
    platform: &Platform,
    gateways: &Gateways,
    checkout: &Checkout,
    render: Render,
    now: Time,
) -> Result<Placed, Problem> {
    match idempotency::claim(tx, &checkout.key, &platform.keys, now)? {
        Claim::Answered(answer) => return Ok(Placed::Answered(answer)),
        // The order was placed and its owner died, or lost its patience, before it was answered.
        Claim::TakenOver => return own_order(tx, checkout).map(Placed::AwaitsProvider),
        Claim::Fresh => {}
    }
    let rules = TaxRules::of(&platform.config);
    let order = place(tx, &platform.events, gateways, checkout, &rules, now)?;
    let details = flow::details(tx, order)?;
    if payments::flow::awaits_provider(&details.payments) {
        return Ok(Placed::AwaitsProvider(order));
    }
    let answer = render(&details)?;
    idempotency::keep(tx, &checkout.key, &platform.keys, &answer)?;
    Ok(Placed::Answered(answer))
}

fn own_order(tx: &mut DbConnection, checkout: &Checkout) -> Result<OrderId, Problem> {
    let order = store::of_cart(tx, checkout.cart_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    flow::own_details(tx, checkout.customer.account_id, order).map(|details| details.order.id)
}

fn place(
    tx: &mut DbConnection,
    events: &Events,
    gateways: &Gateways,
    checkout: &Checkout,
    rules: &TaxRules,
    now: Time,
) -> Result<OrderId, Problem> {
    let contents = open_contents(tx, checkout, now)?;
    let summary = contents.summary(now, rules)?;
    refuse_lapsed_coupon(&contents, now)?;
    refuse_incomplete(&summary)?;
    refuse_other_total(&summary, checkout.shown)?;
    let snapshot = snapshot(tx, &contents, &summary, checkout)?;
    let is_paid = summary.priced.totals.due_cents == 0;
    let method = contents.cart.payment_method.filter(|_| !is_paid);
    let mut order = Order {
        id: OrderId::new(),
        number: next_number(tx, now)?,
        account_id: checkout.customer.account_id,
        status: OrderStatus::PendingPayment,
        totals: summary.priced.totals,
        snapshot,
        placed_at: now,
        confirmed_at: None,
        expires_at: method.map(|method| now.plus_seconds(method.patience())),
        review: None,
    };
    store::insert(tx, &order, contents.cart.id)?;
    store::record_event(tx, order.id, "order_placed", json!({ "number": order.number }), now)?;
    if let Some(coupon) = contents.coupon.as_ref().filter(|_| summary.coupon_applies) {
        let subject = order.snapshot.billing.fiscal_subject();
        coupons::flow::hold(tx, coupon, order.id, &subject, now).map_err(refused_at_checkout)?;
    }
    close_cart(tx, &contents, now)?;
    match method {
        None => flow::confirm(tx, events, &mut order, now)?,
        Some(method) => {
            payments::flow::begin(tx, gateways, &order, method, now)?;
            // A card's mail names the provider's page, so it is owed once that is open.
            if method == PaymentMethod::BankTransfer {
                flow::owe_placed_mail(tx, order.id, now)?;
            }
        }
    }
    Ok(order.id)
}

fn open_contents(tx: &mut DbConnection, checkout: &Checkout, now: Time) -> Result<CartContents, Problem> {
    let cart = carts::store::find_locked(tx, checkout.cart_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    match cart.account_id {
        Some(owner) if owner == checkout.customer.account_id => {}
        Some(_) => return Err(NOT_FOUND.problem()),
        None if !checkout.holder.has_token_of(&cart) => return Err(NOT_FOUND.problem()),
        None => return Err(CART_INCOMPLETE.problem().member("missing", json!([Missing::Account]))),
    }
    checkout.condition.check(cart.version)?;
    if cart.status == CartStatus::Ordered {
        let order = store::of_cart(tx, cart.id)?.map(|order| order.to_string());
        return Err(CART_NOT_OPEN.problem().member("cart_status", json!(cart.status)).member("order_id", json!(order)));
    }
    cart.require_open(now)?;
    carts::store::contents(tx, cart, now)
}

fn refuse_incomplete(summary: &CartSummary) -> Result<(), Problem> {
    if !summary.missing.is_empty() {
        return Err(CART_INCOMPLETE.problem().member("missing", json!(summary.missing)));
    }
    let forbids = |warning: &&Warning| matches!(warning, Warning::PlanUnavailable | Warning::ConsumerNotServed);
    match summary.warnings.iter().find(forbids) {
        Some(warning) => Err(CART_INCOMPLETE.problem().member("warnings", json!([warning]))),
        None => Ok(()),
    }
}

/// A coupon that was put on the cart and no longer counts is not dropped in silence: the customer would pay more than
/// they saw.
fn refuse_lapsed_coupon(contents: &CartContents, now: Time) -> Result<(), Problem> {
    contents.coupon_refusal(now).map_or(Ok(()), |reason| Err(refused_at_checkout(reason)))
}

/// Says the new totals; naming them accepts them.
fn refuse_other_total(summary: &CartSummary, shown: ShownTotals) -> Result<(), Problem> {
    if summary.is_as_shown(shown) {
        return Ok(());
    }
    let totals = carts::api::view::Totals::from(&summary.priced);
    Err(TOTAL_CHANGED.problem().member("totals", json!(totals)).member("warnings", json!(summary.warnings)))
}

fn snapshot(
    tx: &mut DbConnection,
    contents: &CartContents,
    summary: &CartSummary,
    checkout: &Checkout,
) -> Result<OrderSnapshot, Problem> {
    let account = accounts::store::find(tx, checkout.customer.account_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let profile = contents.profile.as_ref().ok_or_else(|| CART_INCOMPLETE.problem())?;
    let applied = contents.coupon.as_ref().filter(|_| summary.coupon_applies);
    Ok(OrderSnapshot {
        customer: OrderCustomer {
            email: account.email,
            first_name: account.first_name,
            last_name: account.last_name,
            locale: account.locale,
        },
        billing: profile.details.clone(),
        vat_number_check: profile.vat_number_check.clone(),
        lines: summary.priced.lines.clone(),
        exigibility: summary.priced.exigibility,
        coupon: applied.map(|coupon| OrderCoupon { code: coupon.code.clone(), campaign: coupon.campaign.name.clone() }),
    })
}

/// `2026-000001`: one series a year, by the Italian calendar, without gaps (invariant 8 of the design).
fn next_number(tx: &mut DbConnection, now: Time) -> Result<String, Problem> {
    let year = now.italian_date().year();
    let number = sequences::store::next(tx, &format!("orders/{year}"))?;
    Ok(format!("{year}-{number:06}"))
}

fn close_cart(tx: &mut DbConnection, contents: &CartContents, now: Time) -> Result<(), Problem> {
    let mut cart = contents.cart.clone();
    cart.status = CartStatus::Ordered;
    carts::store::update(tx, &cart, now, cart.expires_at)?;
    Ok(())
}
