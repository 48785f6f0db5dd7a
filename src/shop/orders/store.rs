//! The tables of orders.

use diesel::prelude::*;

use super::rules::{Order, OrderActivation, OrderEvent, OrderEventId, OrderId, OrderReview, OrderStatus, OrderTotals};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Locked;
use crate::platform::db::schema::{order_activations, order_events, orders};
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;
use crate::shop::carts::rules::CartId;
use crate::shop::plans::rules::PlanId;

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders)]
struct OrderRow {
    id: OrderId,
    number: String,
    account_id: AccountId,
    status: OrderStatus,
    net_cents: i64,
    discount_cents: i64,
    vat_cents: i64,
    gross_cents: i64,
    due_cents: i64,
    snapshot: Json,
    placed_at: Time,
    confirmed_at: Option<Time>,
    expires_at: Option<Time>,
    review: Option<OrderReview>,
}

impl OrderRow {
    fn into_order(self) -> Result<Order, Problem> {
        Ok(Order {
            id: self.id,
            number: self.number,
            account_id: self.account_id,
            status: self.status,
            totals: OrderTotals {
                net_cents: self.net_cents,
                discount_cents: self.discount_cents,
                vat_cents: self.vat_cents,
                gross_cents: self.gross_cents,
                due_cents: self.due_cents,
            },
            snapshot: self.snapshot.read()?,
            placed_at: self.placed_at,
            confirmed_at: self.confirmed_at,
            expires_at: self.expires_at,
            review: self.review,
        })
    }
}

/// An order, whosever it is.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(connection: &mut DbConnection, id: OrderId) -> Result<Option<Order>, Problem> {
    let row: Option<OrderRow> = orders::table.find(id).select(OrderRow::as_select()).first(connection).optional()?;
    row.map(OrderRow::into_order).transpose()
}

/// Records that an order led to an activation request; called by the room of activation within the confirmation.
///
/// # Errors
/// When the database fails.
pub fn record_activation(
    tx: &mut DbConnection,
    order: OrderId,
    unit: i32,
    plan: PlanId,
    activation_request: impl ToString,
) -> QueryResult<usize> {
    diesel::insert_into(order_activations::table)
        .values((
            order_activations::activation_request.eq(activation_request.to_string()),
            order_activations::order_id.eq(order),
            order_activations::order_unit.eq(unit),
            order_activations::plan_id.eq(plan),
            order_activations::active.eq(false),
        ))
        .execute(tx)
}

/// Adds an order. A second one of the same cart is refused by the database (invariant 2 of the design).
///
/// # Errors
/// When the database fails.
pub fn insert(tx: &mut DbConnection, order: &Order, cart: CartId) -> Result<(), Problem> {
    diesel::insert_into(orders::table)
        .values((
            orders::id.eq(order.id),
            orders::number.eq(&order.number),
            orders::cart_id.eq(cart),
            orders::account_id.eq(order.account_id),
            orders::fiscal_subject.eq(order.snapshot.billing.fiscal_subject()),
            orders::customer_email.eq(order.snapshot.customer.email.to_lowercase()),
            orders::status.eq(order.status),
            (
                orders::net_cents.eq(order.totals.net_cents),
                orders::discount_cents.eq(order.totals.discount_cents),
                orders::vat_cents.eq(order.totals.vat_cents),
                orders::gross_cents.eq(order.totals.gross_cents),
                orders::due_cents.eq(order.totals.due_cents),
            ),
            orders::snapshot.eq(Json::of(&order.snapshot)?),
            orders::placed_at.eq(order.placed_at),
            orders::expires_at.eq(order.expires_at),
        ))
        .execute(tx)?;
    Ok(())
}

/// An order, so that whoever else wants to change it waits.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_locked(tx: &mut DbConnection, id: OrderId) -> Result<Option<Order>, Problem> {
    let query = orders::table.find(id).select(OrderRow::as_select());
    let row: Option<OrderRow> = Locked(query).get_result(tx).optional()?;
    row.map(OrderRow::into_order).transpose()
}

/// The order of a cart.
///
/// # Errors
/// When the database fails.
pub fn of_cart(connection: &mut DbConnection, cart: CartId) -> QueryResult<Option<OrderId>> {
    orders::table.filter(orders::cart_id.eq(cart)).select(orders::id).first(connection).optional()
}

/// Whether a fiscal subject has an order that awaits its payment, is confirmed or active, `except` aside.
pub fn has_live_order(
    connection: &mut DbConnection,
    fiscal_subject: &str,
    except: Option<OrderId>,
) -> QueryResult<bool> {
    let is_live = orders::status
        .eq(OrderStatus::PendingPayment)
        .or(orders::status.eq(OrderStatus::Confirmed))
        .or(orders::status.eq(OrderStatus::Active));
    let query = orders::table.filter(orders::fiscal_subject.eq(fiscal_subject)).filter(is_live).select(orders::id);
    // Two are enough to know whether there is another.
    let found: Vec<OrderId> = query.limit(2).load(connection)?;
    Ok(found.into_iter().any(|id| Some(id) != except))
}

/// Which orders a list shows.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Only this account's.
    pub account: Option<AccountId>,
    /// Only in this state.
    pub status: Option<OrderStatus>,
    /// Only those whose money a person must look at.
    pub to_review: bool,
    /// Only the order of this number, those of this customer's address, or those made out to this fiscal subject.
    pub search: Option<String>,
    /// Only those placed at or after this moment.
    pub placed_from: Option<Time>,
    /// Only those placed before this moment.
    pub placed_before: Option<Time>,
    /// Only those before this one.
    pub before: Option<OrderId>,
}

/// Orders, newest first.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn list(connection: &mut DbConnection, filter: &OrderFilter, limit: i64) -> Result<Vec<Order>, Problem> {
    let mut query = orders::table.select(OrderRow::as_select()).into_boxed();
    if let Some(account) = filter.account {
        query = query.filter(orders::account_id.eq(account));
    }
    if let Some(status) = filter.status {
        query = query.filter(orders::status.eq(status));
    }
    if filter.to_review {
        query = query.filter(orders::review.is_not_null());
    }
    if let Some(search) = &filter.search {
        let is_meant = orders::number
            .eq(search.clone())
            .or(orders::customer_email.eq(search.to_lowercase()))
            .or(orders::fiscal_subject.eq(search.to_uppercase()));
        query = query.filter(is_meant);
    }
    if let Some(from) = filter.placed_from {
        query = query.filter(orders::placed_at.ge(from));
    }
    if let Some(before) = filter.placed_before {
        query = query.filter(orders::placed_at.lt(before));
    }
    if let Some(before) = filter.before {
        query = query.filter(orders::id.lt(before));
    }
    let rows: Vec<OrderRow> = query.order(orders::id.desc()).limit(limit).load(connection)?;
    rows.into_iter().map(OrderRow::into_order).collect()
}

/// Writes an order's state.
pub fn update_status(tx: &mut DbConnection, order: &Order) -> QueryResult<usize> {
    diesel::update(orders::table.find(order.id))
        .set((
            orders::status.eq(order.status),
            orders::confirmed_at.eq(order.confirmed_at),
            orders::expires_at.eq(order.expires_at),
            orders::review.eq(order.review),
        ))
        .execute(tx)
}

/// Orders that were not paid in time.
pub fn overdue(connection: &mut DbConnection, now: Time) -> QueryResult<Vec<OrderId>> {
    orders::table
        .filter(orders::status.eq(OrderStatus::PendingPayment))
        .filter(orders::expires_at.le(Some(now)))
        .order(orders::id)
        .limit(100)
        .select(orders::id)
        .load(connection)
}

/// Adds to an order's timeline.
pub fn record_event(
    tx: &mut DbConnection,
    order: OrderId,
    kind: &str,
    details: serde_json::Value,
    now: Time,
) -> QueryResult<usize> {
    diesel::insert_into(order_events::table)
        .values((
            order_events::id.eq(OrderEventId::new()),
            order_events::order_id.eq(order),
            order_events::kind.eq(kind),
            order_events::details.eq(Json(details)),
            order_events::recorded_at.eq(now),
        ))
        .execute(tx)
}

/// An order's timeline, oldest first.
pub fn timeline(connection: &mut DbConnection, order: OrderId) -> QueryResult<Vec<OrderEvent>> {
    let rows: Vec<(OrderEventId, String, Json, Time)> = order_events::table
        .filter(order_events::order_id.eq(order))
        .order(order_events::id)
        .select((order_events::id, order_events::kind, order_events::details, order_events::recorded_at))
        .load(connection)?;
    Ok(rows.into_iter().map(|(id, kind, details, at)| OrderEvent { id, kind, details: details.0, at }).collect())
}

/// The activation requests that an order led to, by unit.
pub fn activations(connection: &mut DbConnection, order: OrderId) -> QueryResult<Vec<OrderActivation>> {
    Ok(activations_of(connection, &[order])?.into_iter().map(|(_, activation)| activation).collect())
}

/// The activation requests that some orders led to, each with its order, by unit.
pub fn activations_of(
    connection: &mut DbConnection,
    orders: &[OrderId],
) -> QueryResult<Vec<(OrderId, OrderActivation)>> {
    let rows: Vec<(OrderId, String, PlanId, bool)> = order_activations::table
        .filter(order_activations::order_id.eq_any(orders.to_vec()))
        .order(order_activations::order_unit)
        .select((
            order_activations::order_id,
            order_activations::activation_request,
            order_activations::plan_id,
            order_activations::active,
        ))
        .load(connection)?;
    Ok(rows.into_iter().map(|(order, id, plan_id, active)| (order, OrderActivation { id, plan_id, active })).collect())
}

/// Marks one of an order's activation requests active.
pub fn mark_activation(tx: &mut DbConnection, order: OrderId, activation_request: &str) -> QueryResult<usize> {
    diesel::update(order_activations::table.find(activation_request).filter(order_activations::order_id.eq(order)))
        .set(order_activations::active.eq(true))
        .execute(tx)
}
