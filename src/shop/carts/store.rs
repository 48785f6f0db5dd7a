//! The tables of carts and their items.

use diesel::prelude::*;

use super::rules::{Cart, CartContents, CartId, CartItem, CartItemId, CartStatus};
use crate::customers::accounts::rules::AccountId;
use crate::customers::billing_profiles;
use crate::customers::billing_profiles::rules::BillingProfileId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::{Both, Locked};
use crate::platform::db::schema::{cart_items, carts};
use crate::platform::problem::Problem;
use crate::shop::coupons::rules::CouponCodeId;
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::plans::rules::{Plan, PlanId};
use crate::shop::{coupons, plans};

#[derive(Queryable, Selectable)]
#[diesel(table_name = carts)]
struct CartRow {
    id: CartId,
    token_hash: Vec<u8>,
    account_id: Option<AccountId>,
    status: CartStatus,
    coupon_code_id: Option<CouponCodeId>,
    billing_profile_id: Option<BillingProfileId>,
    payment_method: Option<PaymentMethod>,
    version: i64,
    created_at: Time,
    expires_at: Time,
}

impl From<CartRow> for Cart {
    fn from(row: CartRow) -> Self {
        Self {
            id: row.id,
            token_hash: row.token_hash,
            account_id: row.account_id,
            status: row.status,
            coupon_code_id: row.coupon_code_id,
            billing_profile_id: row.billing_profile_id,
            payment_method: row.payment_method,
            version: row.version,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

/// Adds an open cart.
pub fn insert(tx: &mut DbConnection, cart: &Cart) -> QueryResult<usize> {
    diesel::insert_into(carts::table)
        .values((
            carts::id.eq(cart.id),
            carts::token_hash.eq(&cart.token_hash),
            carts::status.eq(cart.status),
            carts::version.eq(cart.version),
            carts::created_at.eq(cart.created_at),
            carts::updated_at.eq(cart.created_at),
            carts::expires_at.eq(cart.expires_at),
        ))
        .execute(tx)
}

/// A cart.
pub fn find(connection: &mut DbConnection, id: CartId) -> QueryResult<Option<Cart>> {
    let row: Option<CartRow> = carts::table.find(id).select(CartRow::as_select()).first(connection).optional()?;
    Ok(row.map(Cart::from))
}

/// A cart, so that whoever else wants to change it waits.
pub fn find_locked(tx: &mut DbConnection, id: CartId) -> QueryResult<Option<Cart>> {
    let row: Option<CartRow> = Locked(carts::table.find(id).select(CartRow::as_select())).get_result(tx).optional()?;
    Ok(row.map(Cart::from))
}

/// Writes what may change of a cart, raises its version and puts its expiry off.
pub fn update(tx: &mut DbConnection, cart: &Cart, now: Time, expires_at: Time) -> QueryResult<usize> {
    diesel::update(carts::table.find(cart.id))
        .set((
            carts::account_id.eq(cart.account_id),
            carts::status.eq(cart.status),
            carts::coupon_code_id.eq(cart.coupon_code_id),
            carts::billing_profile_id.eq(cart.billing_profile_id),
            carts::payment_method.eq(cart.payment_method),
            carts::version.eq(carts::version + 1),
            carts::updated_at.eq(now),
            carts::expires_at.eq(expires_at),
        ))
        .execute(tx)
}

/// Whether any open cart is overdue: asked before writing, so that an idle server writes nothing.
pub fn any_overdue(connection: &mut DbConnection, now: Time) -> QueryResult<bool> {
    let overdue = carts::table.filter(carts::status.eq(CartStatus::Open)).filter(carts::expires_at.le(now));
    diesel::select(diesel::dsl::exists(overdue)).get_result(connection)
}

/// Marks open carts that nobody touched in time.
pub fn expire(tx: &mut DbConnection, now: Time) -> QueryResult<usize> {
    diesel::update(carts::table.filter(carts::status.eq(CartStatus::Open)).filter(carts::expires_at.le(now)))
        .set((carts::status.eq(CartStatus::Expired), carts::version.eq(carts::version + 1)))
        .execute(tx)
}

/// A cart's items, in the order in which they were added.
pub fn items(connection: &mut DbConnection, cart: CartId) -> QueryResult<Vec<CartItem>> {
    let rows: Vec<(CartItemId, PlanId, i32, i32)> = cart_items::table
        .filter(cart_items::cart_id.eq(cart))
        .order(cart_items::id)
        .select((cart_items::id, cart_items::plan_id, cart_items::quantity, cart_items::price_version))
        .load(connection)?;
    let item = |(id, plan_id, quantity, price_version)| CartItem { id, plan_id, quantity, price_version };
    Ok(rows.into_iter().map(item).collect())
}

/// Puts a plan into a cart, or sets how many of it there are, at the price of now.
pub fn put_item(tx: &mut DbConnection, cart: CartId, plan: &Plan, quantity: i32) -> QueryResult<usize> {
    let row = diesel::insert_into(cart_items::table)
        .values((
            cart_items::id.eq(CartItemId::new()),
            cart_items::cart_id.eq(cart),
            cart_items::plan_id.eq(plan.id),
            cart_items::quantity.eq(quantity),
            cart_items::unit_net_cents.eq(plan.net_cents),
            cart_items::price_version.eq(plan.price_version),
        ))
        .on_conflict((cart_items::cart_id, cart_items::plan_id))
        .do_update()
        .set((
            cart_items::quantity.eq(quantity),
            cart_items::unit_net_cents.eq(plan.net_cents),
            cart_items::price_version.eq(plan.price_version),
        ));
    Both(row).execute(tx)
}

/// Takes an item out.
pub fn remove_item(tx: &mut DbConnection, cart: CartId, item: CartItemId) -> QueryResult<usize> {
    diesel::delete(cart_items::table.find(item).filter(cart_items::cart_id.eq(cart))).execute(tx)
}

/// A cart with all that its price depends on.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn contents(connection: &mut DbConnection, cart: Cart) -> Result<CartContents, Problem> {
    let mut priced_items = Vec::new();
    for item in items(connection, cart.id)? {
        let plan = plans::store::find_active(connection, item.plan_id)?;
        priced_items.push((item, plan));
    }
    let coupon = match cart.coupon_code_id {
        Some(id) => coupons::store::codes::find(connection, id)?,
        None => None,
    };
    let profile = match (cart.account_id, cart.billing_profile_id) {
        (Some(account), Some(profile)) => billing_profiles::store::find(connection, account, profile)?,
        _ => None,
    };
    let history = match (&coupon, &profile) {
        (Some(coupon), Some(profile)) => {
            let subject = profile.details.fiscal_subject();
            Some(coupons::store::ledger::history(connection, &coupon.campaign, &subject)?)
        }
        _ => None,
    };
    Ok(CartContents { cart, items: priced_items, coupon, profile, history })
}
