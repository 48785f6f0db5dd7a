//! The table of refunds.

use diesel::prelude::*;

use super::rules::{Refund, RefundId, RefundReason, RefundStatus, RefundTotal};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::{payments, refund_totals, refunds};
use crate::shop::orders::rules::OrderId;
use crate::shop::payments::rules::{PaymentId, PaymentMethod};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = refunds)]
struct RefundRow {
    id: RefundId,
    order_id: OrderId,
    payment_id: PaymentId,
    amount_cents: i64,
    reason: RefundReason,
    status: RefundStatus,
    provider_reference: Option<String>,
    requested_by: AccountId,
    requested_at: Time,
    settled_at: Option<Time>,
    failed_at: Option<Time>,
}

impl From<RefundRow> for Refund {
    fn from(row: RefundRow) -> Self {
        Self {
            id: row.id,
            order_id: row.order_id,
            payment_id: row.payment_id,
            amount_cents: row.amount_cents,
            reason: row.reason,
            status: row.status,
            provider_reference: row.provider_reference,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            settled_at: row.settled_at,
            failed_at: row.failed_at,
        }
    }
}

/// Adds a refund.
pub fn insert(tx: &mut DbConnection, refund: &Refund) -> QueryResult<usize> {
    let row = RefundRow {
        id: refund.id,
        order_id: refund.order_id,
        payment_id: refund.payment_id,
        amount_cents: refund.amount_cents,
        reason: refund.reason,
        status: refund.status,
        provider_reference: refund.provider_reference.clone(),
        requested_by: refund.requested_by,
        requested_at: refund.requested_at,
        settled_at: refund.settled_at,
        failed_at: refund.failed_at,
    };
    diesel::insert_into(refunds::table).values(row).execute(tx)
}

/// A refund.
pub fn find(connection: &mut DbConnection, id: RefundId) -> QueryResult<Option<Refund>> {
    let row: Option<RefundRow> = refunds::table.find(id).select(RefundRow::as_select()).first(connection).optional()?;
    Ok(row.map(Refund::from))
}

/// An order's refunds, oldest first.
pub fn of_order(connection: &mut DbConnection, order: OrderId) -> QueryResult<Vec<Refund>> {
    of_orders(connection, &[order])
}

/// The refunds of some orders, oldest first.
pub fn of_orders(connection: &mut DbConnection, orders: &[OrderId]) -> QueryResult<Vec<Refund>> {
    let rows: Vec<RefundRow> = refunds::table
        .filter(refunds::order_id.eq_any(orders.to_vec()))
        .order(refunds::id)
        .select(RefundRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(Refund::from).collect())
}

/// Refunds that a provider was asked for before a moment and that are still pending, those after one. What came by bank
/// transfer a person pays out, whenever that is.
pub fn pending_since(
    connection: &mut DbConnection,
    before: Time,
    after: Option<RefundId>,
    limit: i64,
) -> QueryResult<Vec<RefundId>> {
    let mut query = refunds::table
        .inner_join(payments::table)
        .filter(payments::method.ne(PaymentMethod::BankTransfer))
        .filter(refunds::status.eq(RefundStatus::Pending))
        .filter(refunds::requested_at.lt(before))
        .select(refunds::id)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(refunds::id.gt(after));
    }
    query.order(refunds::id).limit(limit).load(connection)
}

/// Writes what may change of a refund.
pub fn update(tx: &mut DbConnection, refund: &Refund) -> QueryResult<usize> {
    diesel::update(refunds::table.find(refund.id))
        .set((
            refunds::status.eq(refund.status),
            refunds::provider_reference.eq(&refund.provider_reference),
            refunds::settled_at.eq(refund.settled_at),
            refunds::failed_at.eq(refund.failed_at),
        ))
        .execute(tx)
}

/// Remembers what a provider said of how much of a payment was given back.
pub fn remember_total(tx: &mut DbConnection, payment: PaymentId, total: RefundTotal) -> QueryResult<usize> {
    let row = diesel::insert_into(refund_totals::table)
        .values((
            refund_totals::payment_id.eq(payment),
            refund_totals::said_at.eq(total.said_at),
            refund_totals::cents.eq(total.cents),
        ))
        .on_conflict((refund_totals::payment_id, refund_totals::said_at, refund_totals::cents))
        .do_nothing();
    Both(row).execute(tx)
}

/// What a provider said so far of how much of a payment was given back.
pub fn totals(connection: &mut DbConnection, payment: PaymentId) -> QueryResult<Vec<RefundTotal>> {
    let rows: Vec<(i64, Time)> = refund_totals::table
        .filter(refund_totals::payment_id.eq(payment))
        .select((refund_totals::cents, refund_totals::said_at))
        .load(connection)?;
    Ok(rows.into_iter().map(|(cents, said_at)| RefundTotal { cents, said_at }).collect())
}
