//! The tables of payments, notifications and bank transfers.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::rules::{BankTransferId, Payment, PaymentId, PaymentMethod, PaymentStatus};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::{Both, Locked};
use crate::platform::db::schema::{bank_transfers, payment_notifications, payments};
use crate::shop::orders::rules::OrderId;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = payments)]
struct PaymentRow {
    id: PaymentId,
    order_id: OrderId,
    method: PaymentMethod,
    provider: String,
    status: PaymentStatus,
    amount_cents: i64,
    received_cents: i64,
    refunding_cents: i64,
    refunded_cents: i64,
    provider_reference: Option<String>,
    redirect_url: Option<String>,
    created_at: Time,
    updated_at: Time,
}

impl From<PaymentRow> for Payment {
    fn from(row: PaymentRow) -> Self {
        Self {
            id: row.id,
            order_id: row.order_id,
            method: row.method,
            provider: row.provider,
            status: row.status,
            amount_cents: row.amount_cents,
            received_cents: row.received_cents,
            refunding_cents: row.refunding_cents,
            refunded_cents: row.refunded_cents,
            provider_reference: row.provider_reference,
            redirect_url: row.redirect_url,
            created_at: row.created_at,
        }
    }
}

/// Adds a payment.
pub fn insert(tx: &mut DbConnection, payment: &Payment) -> QueryResult<usize> {
    let row = PaymentRow {
        id: payment.id,
        order_id: payment.order_id,
        method: payment.method,
        provider: payment.provider.clone(),
        status: payment.status,
        amount_cents: payment.amount_cents,
        received_cents: payment.received_cents,
        refunding_cents: payment.refunding_cents,
        refunded_cents: payment.refunded_cents,
        provider_reference: payment.provider_reference.clone(),
        redirect_url: payment.redirect_url.clone(),
        created_at: payment.created_at,
        updated_at: payment.created_at,
    };
    diesel::insert_into(payments::table).values(row).execute(tx)
}

/// A payment.
pub fn find(connection: &mut DbConnection, id: PaymentId) -> QueryResult<Option<Payment>> {
    let row: Option<PaymentRow> =
        payments::table.find(id).select(PaymentRow::as_select()).first(connection).optional()?;
    Ok(row.map(Payment::from))
}

/// An order's payments, oldest first.
pub fn of_order(connection: &mut DbConnection, order: OrderId) -> QueryResult<Vec<Payment>> {
    of_orders(connection, &[order])
}

/// The payments of some orders, oldest first.
pub fn of_orders(connection: &mut DbConnection, orders: &[OrderId]) -> QueryResult<Vec<Payment>> {
    let rows: Vec<PaymentRow> = payments::table
        .filter(payments::order_id.eq_any(orders.to_vec()))
        .order(payments::id)
        .select(PaymentRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(Payment::from).collect())
}

/// An order's payments, so that whoever else wants to change them waits.
pub fn of_order_locked(tx: &mut DbConnection, order: OrderId) -> QueryResult<Vec<Payment>> {
    let query =
        payments::table.filter(payments::order_id.eq(order)).order(payments::id).select(PaymentRow::as_select());
    let rows: Vec<PaymentRow> = Locked(query).get_results(tx)?;
    Ok(rows.into_iter().map(Payment::from).collect())
}

/// Writes what may change of a payment, but for what is given back of it: see [`reserve_refund`].
pub fn update(tx: &mut DbConnection, payment: &Payment, now: Time) -> QueryResult<usize> {
    diesel::update(payments::table.find(payment.id))
        .set((
            payments::status.eq(payment.status),
            payments::received_cents.eq(payment.received_cents),
            payments::provider_reference.eq(&payment.provider_reference),
            payments::redirect_url.eq(&payment.redirect_url),
            payments::updated_at.eq(now),
        ))
        .execute(tx)
}

/// Sets money aside that is to be given back, where the payment still holds so much; false where it does not. This one
/// conditional update keeps refunds within what came, whatever happens at once (invariant 4 of the design).
pub fn reserve_refund(tx: &mut DbConnection, id: PaymentId, cents: i64, now: Time) -> QueryResult<bool> {
    let holds = payments::received_cents - payments::refunding_cents - payments::refunded_cents;
    let updated = diesel::update(payments::table.find(id).filter(holds.ge(cents)))
        .set((payments::refunding_cents.eq(payments::refunding_cents + cents), payments::updated_at.eq(now)))
        .execute(tx)?;
    Ok(updated == 1)
}

/// Ends what [`reserve_refund`] began: the money was given back, or stays here.
pub fn settle_refund(
    tx: &mut DbConnection,
    id: PaymentId,
    cents: i64,
    given_back: bool,
    now: Time,
) -> QueryResult<usize> {
    let refunded = if given_back { cents } else { 0 };
    diesel::update(payments::table.find(id))
        .set((
            payments::refunding_cents.eq(payments::refunding_cents - cents),
            payments::refunded_cents.eq(payments::refunded_cents + refunded),
            payments::updated_at.eq(now),
        ))
        .execute(tx)
}

/// Payments created before a moment whose provider's page was never opened, as a crash between the two leaves them.
pub fn unopened(connection: &mut DbConnection, before: Time) -> QueryResult<Vec<Payment>> {
    let rows: Vec<PaymentRow> = payments::table
        .filter(payments::status.eq(PaymentStatus::Created))
        .filter(payments::created_at.lt(before))
        .order(payments::id)
        .limit(50)
        .select(PaymentRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(Payment::from).collect())
}

/// Payments at a provider that have not moved since a moment although their customer was sent there, those after one.
pub fn unsettled(
    connection: &mut DbConnection,
    before: Time,
    after: Option<PaymentId>,
    limit: i64,
) -> QueryResult<Vec<Payment>> {
    let mut query = payments::table
        .filter(payments::status.eq_any([PaymentStatus::RequiresAction, PaymentStatus::Processing]))
        .filter(payments::updated_at.lt(before))
        .select(PaymentRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(payments::id.gt(after));
    }
    let rows: Vec<PaymentRow> = query.order(payments::id).limit(limit).load(connection)?;
    Ok(rows.into_iter().map(Payment::from).collect())
}

/// Remembers a notification; false where it came before.
pub fn remember_notification(tx: &mut DbConnection, provider: &str, id: &str, now: Time) -> QueryResult<bool> {
    let row = diesel::insert_into(payment_notifications::table)
        .values((
            payment_notifications::provider.eq(provider),
            payment_notifications::notification_id.eq(id),
            payment_notifications::received_at.eq(now),
        ))
        .on_conflict((payment_notifications::provider, payment_notifications::notification_id))
        .do_nothing();
    Ok(Both(row).execute(tx)? == 1)
}

/// A bank transfer that the back office saw on the account.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = bank_transfers)]
pub struct BankTransferRow {
    /// Which.
    pub id: BankTransferId,
    /// For which order.
    pub order_id: OrderId,
    /// For which payment.
    pub payment_id: PaymentId,
    /// Cents.
    pub amount_cents: i64,
    /// The bank's reference.
    pub reference: String,
    /// Value date.
    pub received_on: NaiveDate,
    /// Who saw it.
    pub recorded_by: AccountId,
    /// When it was recorded.
    pub recorded_at: Time,
}

/// Records a bank transfer; false where one with its reference is recorded for its order already.
pub fn insert_bank_transfer(tx: &mut DbConnection, row: BankTransferRow) -> QueryResult<bool> {
    let row = diesel::insert_into(bank_transfers::table)
        .values(row)
        .on_conflict((bank_transfers::order_id, bank_transfers::reference))
        .do_nothing();
    Ok(Both(row).execute(tx)? == 1)
}

/// The bank transfers seen for some orders, oldest first.
pub fn bank_transfers_of(connection: &mut DbConnection, orders: &[OrderId]) -> QueryResult<Vec<BankTransferRow>> {
    bank_transfers::table
        .filter(bank_transfers::order_id.eq_any(orders.to_vec()))
        .order(bank_transfers::id)
        .select(BankTransferRow::as_select())
        .load(connection)
}
