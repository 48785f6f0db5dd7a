//! The tables of orders.

use diesel::prelude::*;

use super::rules::{Order, OrderId, OrderStatus, OrderTotals};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::{order_activations, orders};
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;
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
