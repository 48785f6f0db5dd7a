//! The table of invoices and credit notes.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::rules::{Invoice, InvoiceId, InvoiceKind, InvoiceNumber, IssuedInvoice, OwedRefund};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::{invoices, orders, refunds};
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;
use crate::platform::sequences;
use crate::shop::orders::rules::OrderId;
use crate::shop::payments::refunds::rules::{RefundId, RefundStatus};

/// How many orders or refunds without a document are looked at in one go.
const PORTION: i64 = 100;

/// The series of file numbers.
const TRANSMISSIONS: &str = "invoices/transmissions";

#[derive(Queryable, Selectable)]
#[diesel(table_name = invoices)]
struct InvoiceRow {
    id: InvoiceId,
    order_id: OrderId,
    kind: InvoiceKind,
    refund_id: Option<RefundId>,
    series_year: i32,
    series_position: i64,
    transmission: i64,
    issued_on: NaiveDate,
    content: Json,
}

impl InvoiceRow {
    fn into_invoice(self) -> Result<Invoice, Problem> {
        Ok(Invoice {
            id: self.id,
            order_id: self.order_id,
            kind: self.kind,
            refund_id: self.refund_id,
            number: InvoiceNumber { year: self.series_year, position: self.series_position },
            transmission: self.transmission,
            issued_on: self.issued_on,
            content: self.content.read()?,
        })
    }
}

/// Gives a document its number, file number and date; [`keep`] follows in the same transaction.
///
/// The series' row is locked from here to the end of the transaction, so that whoever comes next sees this document and
/// dates theirs no earlier: numbers and dates rise together, even when a transaction that began before midnight ends
/// after one that began later.
///
/// # Errors
/// When the database fails.
pub fn number(tx: &mut DbConnection, draft: Invoice) -> QueryResult<Invoice> {
    let year = draft.number.year;
    let position = sequences::store::next(tx, &format!("invoices/{year}"))?;
    let transmission = sequences::store::next(tx, TRANSMISSIONS)?;
    let latest = latest_date(tx, year)?;
    let issued_on = latest.map_or(draft.issued_on, |latest| latest.max(draft.issued_on));
    Ok(Invoice { number: InvoiceNumber { year, position }, transmission, issued_on, ..draft })
}

/// Keeps a document that has its number, and its XML as it is issued.
///
/// # Errors
/// When the database fails; also for a second invoice of an order or credit note of a refund, which the database refuses.
pub fn keep(tx: &mut DbConnection, invoice: &Invoice, xml: &str, now: Time) -> Result<(), Problem> {
    diesel::insert_into(invoices::table)
        .values((
            invoices::id.eq(invoice.id),
            invoices::order_id.eq(invoice.order_id),
            invoices::kind.eq(invoice.kind),
            invoices::refund_id.eq(invoice.refund_id),
            invoices::series_year.eq(invoice.number.year),
            invoices::series_position.eq(invoice.number.position),
            invoices::transmission.eq(invoice.transmission),
            invoices::issued_on.eq(invoice.issued_on),
            invoices::content.eq(Json::of(&invoice.content)?),
            invoices::xml.eq(xml),
            invoices::issued_at.eq(now),
        ))
        .execute(tx)?;
    Ok(())
}

/// The XML of a document, as it was issued.
pub fn xml(connection: &mut DbConnection, id: InvoiceId) -> QueryResult<String> {
    invoices::table.find(id).select(invoices::xml).first(connection)
}

fn latest_date(tx: &mut DbConnection, year: i32) -> QueryResult<Option<NaiveDate>> {
    invoices::table
        .filter(invoices::series_year.eq(year))
        .order(invoices::series_position.desc())
        .select(invoices::issued_on)
        .first(tx)
        .optional()
}

/// A document.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(connection: &mut DbConnection, id: InvoiceId) -> Result<Option<Invoice>, Problem> {
    let row: Option<InvoiceRow> =
        invoices::table.find(id).select(InvoiceRow::as_select()).first(connection).optional()?;
    row.map(InvoiceRow::into_invoice).transpose()
}

/// The documents of one kind of an order, in the order of their numbers.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn of_order(connection: &mut DbConnection, order: OrderId, kind: InvoiceKind) -> Result<Vec<Invoice>, Problem> {
    let rows: Vec<InvoiceRow> = invoices::table
        .filter(invoices::order_id.eq(order))
        .filter(invoices::kind.eq(kind))
        .order(invoices::transmission)
        .select(InvoiceRow::as_select())
        .load(connection)?;
    rows.into_iter().map(InvoiceRow::into_invoice).collect()
}

/// All documents of some orders with the XML as it was issued, in the order of their numbers.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn documents_of(connection: &mut DbConnection, orders: &[OrderId]) -> Result<Vec<(Invoice, String)>, Problem> {
    let rows: Vec<(InvoiceRow, String)> = invoices::table
        .filter(invoices::order_id.eq_any(orders.to_vec()))
        .order(invoices::transmission)
        .select((InvoiceRow::as_select(), invoices::xml))
        .load(connection)?;
    rows.into_iter().map(|(row, xml)| Ok((row.into_invoice()?, xml))).collect()
}

/// The invoices of some orders, as the orders name them.
pub fn issued_for(connection: &mut DbConnection, orders: &[OrderId]) -> QueryResult<Vec<(OrderId, IssuedInvoice)>> {
    let rows: Vec<(OrderId, InvoiceId, i32, i64, NaiveDate)> = invoices::table
        .filter(invoices::order_id.eq_any(orders.to_vec()))
        .filter(invoices::kind.eq(InvoiceKind::Invoice))
        .select((
            invoices::order_id,
            invoices::id,
            invoices::series_year,
            invoices::series_position,
            invoices::issued_on,
        ))
        .load(connection)?;
    let issued = |(order, id, year, position, issued_on)| {
        (order, IssuedInvoice { id, number: InvoiceNumber { year, position }, issued_on })
    };
    Ok(rows.into_iter().map(issued).collect())
}

/// Orders with money that were confirmed before a moment and have no invoice, in the order of their identifiers: a portion
/// of those after one.
pub fn orders_without_invoice(
    connection: &mut DbConnection,
    before: Time,
    after: Option<OrderId>,
) -> QueryResult<Vec<OrderId>> {
    let own = invoices::table.filter(invoices::order_id.eq(orders::id));
    let invoice = own.filter(invoices::kind.eq(InvoiceKind::Invoice));
    let mut query = orders::table
        .filter(orders::due_cents.gt(0))
        .filter(orders::confirmed_at.lt(Some(before)))
        .filter(diesel::dsl::not(diesel::dsl::exists(invoice)))
        .select(orders::id)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(orders::id.gt(after));
    }
    query.order(orders::id).limit(PORTION).load(connection)
}

/// Money given back before a moment, on orders that were confirmed with money, for which there is no credit note, in the
/// order of the refunds' identifiers: a portion of what comes after one. Some owe none, since they gave back an excess.
pub fn refunds_without_note(
    connection: &mut DbConnection,
    before: Time,
    after: Option<RefundId>,
) -> QueryResult<Vec<(OrderId, OwedRefund)>> {
    let note = invoices::table.filter(invoices::refund_id.eq(refunds::id.nullable()));
    let mut query = refunds::table
        .inner_join(orders::table)
        .filter(refunds::status.eq(RefundStatus::Succeeded))
        .filter(refunds::settled_at.lt(Some(before)))
        .filter(orders::due_cents.gt(0))
        .filter(orders::confirmed_at.is_not_null())
        .filter(diesel::dsl::not(diesel::dsl::exists(note)))
        .select((refunds::order_id, refunds::id, refunds::amount_cents))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(refunds::id.gt(after));
    }
    let rows: Vec<(OrderId, RefundId, i64)> = query.order(refunds::id).limit(PORTION).load(connection)?;
    let owed = |(order, refund_id, amount_cents)| (order, OwedRefund { refund_id, amount_cents });
    Ok(rows.into_iter().map(owed).collect())
}

/// Which documents a list shows.
#[derive(Debug, Clone, Default)]
pub struct InvoiceFilter {
    /// Only this kind.
    pub kind: Option<InvoiceKind>,
    /// Only those of this day or later.
    pub from: Option<NaiveDate>,
    /// Only those of this day or earlier.
    pub to: Option<NaiveDate>,
    /// Only those before this one.
    pub before: Option<InvoiceId>,
}

/// Documents, newest first.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn list(connection: &mut DbConnection, filter: &InvoiceFilter, limit: i64) -> Result<Vec<Invoice>, Problem> {
    let mut query = invoices::table.select(InvoiceRow::as_select()).into_boxed();
    if let Some(kind) = filter.kind {
        query = query.filter(invoices::kind.eq(kind));
    }
    if let Some(from) = filter.from {
        query = query.filter(invoices::issued_on.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(invoices::issued_on.le(to));
    }
    if let Some(before) = filter.before {
        query = query.filter(invoices::id.lt(before));
    }
    let rows: Vec<InvoiceRow> = query.order(invoices::id.desc()).limit(limit).load(connection)?;
    rows.into_iter().map(InvoiceRow::into_invoice).collect()
}
