//! What is done with carts, each step one transaction.

use super::extract::CartHolder;
use super::rules::{
    CART_LIFETIME, Cart, CartContents, CartId, CartItemId, CartLine, CartStatus, WantedItem, gathered, merge, too_much,
};
use super::store;
use crate::customers::accounts;
use crate::customers::billing_profiles;
use crate::customers::billing_profiles::rules::BillingProfileId;
use crate::customers::sessions::extract::Customer;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::http::conditions::IfMatch;
use crate::platform::problem::{NOT_FOUND, Problem, UNAUTHENTICATED};
use crate::shop::coupons;
use crate::shop::coupons::codes::TypedCode;
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::plans;
use crate::shop::plans::rules::{Plan, PlanId};
use crate::shop::problems::{
    CART_CLAIMED, CART_NOT_CLAIMED, COUPON_ALREADY_APPLIED, COUPON_NOT_VALID, PLAN_NOT_AVAILABLE,
};

/// Opens a cart with some items.
///
/// # Errors
/// `plan_not_available`, or `invalid_fields` where the cart would hold too much.
pub fn open(
    tx: &mut DbConnection,
    token_hash: &[u8; 32],
    wanted: &[WantedItem],
    now: Time,
) -> Result<CartContents, Problem> {
    let cart = Cart {
        id: CartId::new(),
        token_hash: token_hash.to_vec(),
        account_id: None,
        status: CartStatus::Open,
        coupon_code_id: None,
        billing_profile_id: None,
        payment_method: None,
        merged_into: None,
        version: 1,
        created_at: now,
        expires_at: now.plus_seconds(CART_LIFETIME),
    };
    store::insert(tx, &cart)?;
    let mut lines = Vec::new();
    for (index, item) in wanted.iter().enumerate() {
        let plan = available_plan(tx, item.plan_id, &format!("/items/{index}/plan_id"), now)?;
        lines.push(CartLine::of(&plan, item.quantity));
    }
    for line in gathered(lines).ok_or_else(|| too_much("/items"))? {
        store::put_item(tx, cart.id, &line)?;
    }
    store::contents(tx, cart, now)
}

/// Reads a cart.
///
/// # Errors
/// `not_found` for a cart that is not the caller's.
pub fn read(
    connection: &mut DbConnection,
    id: CartId,
    holder: &CartHolder,
    now: Time,
) -> Result<CartContents, Problem> {
    let cart = store::find(connection, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    holder.check(&cart)?;
    store::contents(connection, cart, now)
}

/// Changes an open cart of the caller's: what `change` makes of it is written, and its version raised.
///
/// # Errors
/// `not_found`, `stale_version`, `cart_not_open`, or what `change` refuses.
pub fn change(
    tx: &mut DbConnection,
    id: CartId,
    holder: &CartHolder,
    condition: &IfMatch,
    now: Time,
    change: impl FnOnce(&mut DbConnection, &mut Cart) -> Result<(), Problem>,
) -> Result<CartContents, Problem> {
    let mut cart = store::find_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    holder.check(&cart)?;
    condition.check(cart.version)?;
    cart.require_open(now)?;
    change(tx, &mut cart)?;
    save(tx, &cart, now)
}

fn save(tx: &mut DbConnection, cart: &Cart, now: Time) -> Result<CartContents, Problem> {
    store::update(tx, cart, now, now.plus_seconds(CART_LIFETIME))?;
    let saved = store::find(tx, cart.id)?.ok_or_else(|| NOT_FOUND.problem())?;
    store::contents(tx, saved, now)
}

/// Adds to the quantity of a plan in the cart.
///
/// # Errors
/// `plan_not_available`, or `invalid_fields` where the cart would hold too much.
pub fn add_item(tx: &mut DbConnection, cart: &Cart, wanted: WantedItem, now: Time) -> Result<(), Problem> {
    let plan = available_plan(tx, wanted.plan_id, "/plan_id", now)?;
    let items = store::items(tx, cart.id)?;
    let added = CartLine::of(&plan, wanted.quantity);
    let lines = gathered(items.iter().map(CartLine::from).chain([added])).ok_or_else(|| too_much("/quantity"))?;
    let line = lines.into_iter().find(|line| line.plan_id == plan.id).ok_or_else(|| NOT_FOUND.problem())?;
    // Whoever adds to it sees the price of now.
    store::put_item(tx, cart.id, &CartLine { seen: added.seen, ..line })?;
    Ok(())
}

/// Sets the quantity of an item. The customer so accepts a price that has changed.
///
/// # Errors
/// `not_found`, `plan_not_available`.
pub fn set_quantity(
    tx: &mut DbConnection,
    cart: &Cart,
    item: CartItemId,
    quantity: i32,
    now: Time,
) -> Result<(), Problem> {
    let items = store::items(tx, cart.id)?;
    let item = items.iter().find(|candidate| candidate.id == item).ok_or_else(|| NOT_FOUND.problem())?;
    let plan = available_plan(tx, item.plan_id, "/plan_id", now)?;
    store::put_item(tx, cart.id, &CartLine::of(&plan, quantity))?;
    Ok(())
}

/// Takes an item out.
///
/// # Errors
/// `not_found`.
pub fn remove_item(tx: &mut DbConnection, cart: &Cart, item: CartItemId) -> Result<(), Problem> {
    if store::remove_item(tx, cart.id, item)? == 0 { Err(NOT_FOUND.problem()) } else { Ok(()) }
}

/// Puts a coupon on the cart after checking it; nothing is held before checkout. Coupons do not add up: a cart that holds
/// another keeps it, and the one that it holds already changes nothing.
///
/// # Errors
/// Why the coupon is refused; `coupon_already_applied`, naming the coupon that would have to be removed first, is said
/// only of one that could be used.
pub fn apply_coupon(tx: &mut DbConnection, cart: &mut Cart, typed: &TypedCode, now: Time) -> Result<(), Problem> {
    let coupon = coupons::store::codes::find_typed(tx, typed)?.ok_or_else(|| COUPON_NOT_VALID.problem())?;
    let Some(held) = cart.coupon_code_id.replace(coupon.code_id) else { return check_coupon(tx, cart, now) };
    if held == coupon.code_id {
        return Ok(());
    }
    check_coupon(tx, cart, now)?;
    let held = coupons::store::codes::find(tx, held)?.map(|coupon| coupon.code);
    Err(COUPON_ALREADY_APPLIED.detail("Remove the other coupon first.").member("coupon", held.into()))
}

fn check_coupon(tx: &mut DbConnection, cart: &Cart, now: Time) -> Result<(), Problem> {
    store::contents(tx, cart.clone(), now)?.coupon_refusal(now).map_or(Ok(()), Err)
}

/// Gives the cart to the account that claims it, and merges the open cart that the account had into it (see [`merge`]),
/// unless it is to be kept apart. Claiming one's own cart again changes nothing.
///
/// Those who claim for the same account take turns, so that they never wait for each other's carts in a circle, and so
/// that of carts claimed at once all end up in one.
///
/// # Errors
/// `not_found` without its token, `cart_claimed` when it is another account's, `stale_version`, `cart_not_open`,
/// `unauthenticated` where the account was erased meanwhile.
pub fn claim(
    tx: &mut DbConnection,
    id: CartId,
    customer: Customer,
    (holder, condition): (&CartHolder, &IfMatch),
    merges: bool,
    now: Time,
) -> Result<CartContents, Problem> {
    accounts::store::take_turns(tx, customer.account_id)?.ok_or_else(|| UNAUTHENTICATED.problem())?;
    let mut cart = store::find_locked(tx, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    if cart.account_id == Some(customer.account_id) {
        condition.check(cart.version)?;
        return store::contents(tx, cart, now);
    }
    if !holder.has_token_of(&cart) {
        return Err(NOT_FOUND.problem());
    }
    if cart.account_id.is_some() {
        return Err(CART_CLAIMED.problem());
    }
    condition.check(cart.version)?;
    cart.require_open(now)?;
    cart.account_id = Some(customer.account_id);
    if merges {
        cart = take_in_older(tx, cart, customer, now)?;
    }
    save(tx, &cart, now)
}

fn take_in_older(tx: &mut DbConnection, cart: Cart, customer: Customer, now: Time) -> Result<Cart, Problem> {
    let Some(older) = store::open_one_of(tx, customer.account_id, cart.id, now)? else { return Ok(cart) };
    let older = store::find_locked(tx, older)?.filter(|older| older.status_at(now) == CartStatus::Open);
    let Some(older) = older else { return Ok(cart) };
    let (items, older_items) = (store::items(tx, cart.id)?, store::items(tx, older.id)?);
    let Some(merged) = merge((&cart, &items), (&older, &older_items)) else { return Ok(cart) };
    for line in &merged.lines {
        store::put_item(tx, cart.id, line)?;
    }
    store::update(tx, &merged.ended, now, merged.ended.expires_at)?;
    Ok(merged.cart)
}

/// Says whom the order is to be made out to.
///
/// # Errors
/// `cart_not_claimed`, `invalid_fields` for a profile that is not the account's.
pub fn choose_billing_profile(
    tx: &mut DbConnection,
    cart: &mut Cart,
    profile: BillingProfileId,
) -> Result<(), Problem> {
    let unknown = || {
        Problem::invalid_field(
            "/billing_profile_id",
            "unknown",
            "Anagrafica sconosciuta",
            "There is no such billing profile",
        )
    };
    let account = cart.account_id.ok_or_else(|| CART_NOT_CLAIMED.problem())?;
    let found = billing_profiles::store::find(tx, account, profile)?.ok_or_else(unknown)?;
    cart.billing_profile_id = Some(found.id);
    Ok(())
}

/// Says how the order is to be paid.
///
/// # Errors
/// `payment_method_not_available`.
pub fn choose_payment_method(
    cart: &mut Cart,
    method: PaymentMethod,
    available: &[PaymentMethod],
) -> Result<(), Problem> {
    if !available.contains(&method) {
        return Err(crate::shop::problems::PAYMENT_METHOD_NOT_AVAILABLE.problem());
    }
    cart.payment_method = Some(method);
    Ok(())
}

fn available_plan(tx: &mut DbConnection, id: PlanId, pointer: &str, now: Time) -> Result<Plan, Problem> {
    plans::store::find_active(tx, id, now)?.ok_or_else(|| {
        let mut problem = PLAN_NOT_AVAILABLE.problem();
        problem.errors =
            Problem::invalid_field(pointer, "unknown", "Piano sconosciuto", "There is no such plan on offer").errors;
        problem
    })
}
