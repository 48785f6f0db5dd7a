//! The tables of carts and their items.

use diesel::prelude::*;

use super::rules::{Cart, CartContents, CartId, CartItem, CartItemId, CartLine, CartStatus, SeenPrice};
use crate::customers::accounts::rules::AccountId;
use crate::customers::billing_profiles;
use crate::customers::billing_profiles::rules::BillingProfileId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::{Both, Locked};
use crate::platform::db::schema::{cart_items, carts, plan_prices};
use crate::platform::problem::Problem;
use crate::shop::coupons::rules::CouponCodeId;
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::plans::rules::PlanId;
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
    merged_into: Option<CartId>,
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
            merged_into: row.merged_into,
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

/// The open cart that an account opened last, apart from one.
pub fn open_one_of(
    connection: &mut DbConnection,
    account: AccountId,
    apart_from: CartId,
    now: Time,
) -> QueryResult<Option<CartId>> {
    carts::table
        .filter(carts::account_id.eq(Some(account)))
        .filter(carts::id.ne(apart_from))
        .filter(carts::status.eq(CartStatus::Open))
        .filter(carts::expires_at.gt(now))
        .order(carts::id.desc())
        .select(carts::id)
        .first(connection)
        .optional()
}

/// The carts that an account claimed, oldest first.
pub fn of_account(connection: &mut DbConnection, account: AccountId) -> QueryResult<Vec<Cart>> {
    let rows: Vec<CartRow> = carts::table
        .filter(carts::account_id.eq(Some(account)))
        .order(carts::id)
        .select(CartRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(Cart::from).collect())
}

/// Forgets the carts of an account that became no order. One that is being ordered is waited for, and stays.
pub fn forget_unordered(tx: &mut DbConnection, account: AccountId) -> QueryResult<()> {
    let unordered =
        carts::table.filter(carts::account_id.eq(Some(account))).filter(carts::status.ne(CartStatus::Ordered));
    let ids: Vec<CartId> = Locked(unordered.order(carts::id).select(carts::id)).get_results(tx)?;
    forget(tx, &ids)
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
            carts::merged_into.eq(cart.merged_into),
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
    Ok(items_of(connection, &[cart])?.into_iter().map(|(_, item)| item).collect())
}

/// The items of some carts, each with its cart, in the order in which they were added.
pub fn items_of(connection: &mut DbConnection, carts: &[CartId]) -> QueryResult<Vec<(CartId, CartItem)>> {
    let seen = plan_prices::plan_id.eq(cart_items::plan_id).and(plan_prices::version.eq(cart_items::price_version));
    let rows: Vec<(CartId, CartItemId, PlanId, i32, i32, i64, i32)> = cart_items::table
        .inner_join(plan_prices::table.on(seen))
        .filter(cart_items::cart_id.eq_any(carts.to_vec()))
        .order(cart_items::id)
        .select((
            cart_items::cart_id,
            cart_items::id,
            cart_items::plan_id,
            cart_items::quantity,
            cart_items::price_version,
            plan_prices::net_cents,
            plan_prices::vat_rate_basis_points,
        ))
        .load(connection)?;
    let item = |(cart, id, plan_id, quantity, version, net_cents, vat_rate_basis_points)| {
        let seen = SeenPrice { version, net_cents, vat_rate_basis_points };
        (cart, CartItem { id, plan_id, quantity, seen })
    };
    Ok(rows.into_iter().map(item).collect())
}

/// Puts a line into a cart, or makes that of its plan what it says.
pub fn put_item(tx: &mut DbConnection, cart: CartId, line: &CartLine) -> QueryResult<usize> {
    let row = diesel::insert_into(cart_items::table)
        .values((
            cart_items::id.eq(CartItemId::new()),
            cart_items::cart_id.eq(cart),
            cart_items::plan_id.eq(line.plan_id),
            cart_items::quantity.eq(line.quantity),
            cart_items::price_version.eq(line.seen.version),
        ))
        .on_conflict((cart_items::cart_id, cart_items::plan_id))
        .do_update()
        .set((cart_items::quantity.eq(line.quantity), cart_items::price_version.eq(line.seen.version)));
    Both(row).execute(tx)
}

/// Takes an item out.
pub fn remove_item(tx: &mut DbConnection, cart: CartId, item: CartItemId) -> QueryResult<usize> {
    diesel::delete(cart_items::table.find(item).filter(cart_items::cart_id.eq(cart))).execute(tx)
}

/// Carts that expired or were merged so long ago that they may be forgotten, in the order of their identifiers: a portion
/// of those after one.
pub fn forgettable(connection: &mut DbConnection, before: Time, after: Option<CartId>) -> QueryResult<Vec<CartId>> {
    let mut query = carts::table
        .filter(carts::status.eq_any([CartStatus::Expired, CartStatus::Merged]))
        .filter(carts::expires_at.lt(before))
        .select(carts::id)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(carts::id.gt(after));
    }
    query.order(carts::id).limit(500).load(connection)
}

/// Forgets carts, with what is in them.
pub fn forget(tx: &mut DbConnection, ids: &[CartId]) -> QueryResult<()> {
    diesel::delete(cart_items::table.filter(cart_items::cart_id.eq_any(ids))).execute(tx)?;
    diesel::delete(carts::table.filter(carts::id.eq_any(ids))).execute(tx)?;
    Ok(())
}

/// A cart with all that its price depends on.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn contents(connection: &mut DbConnection, cart: Cart, now: Time) -> Result<CartContents, Problem> {
    let items = items(connection, cart.id)?;
    let wanted: Vec<PlanId> = items.iter().map(|item| item.plan_id).collect();
    let on_offer = plans::store::find_all_active(connection, &wanted, now)?;
    let with_plan = |item: CartItem| {
        let plan = on_offer.iter().find(|plan| plan.id == item.plan_id).cloned();
        (item, plan)
    };
    let items = items.into_iter().map(with_plan).collect();
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
    Ok(CartContents { cart, items, coupon, profile, history })
}
