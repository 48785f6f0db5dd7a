//! How a document is issued: within the transaction that confirms the order, or that records the refund.

use chrono::Datelike as _;
use serde_json::json;

use super::credit::credit_note;
use super::document::Document;
use super::fattura::fattura;
use super::jobs::IssueDocument;
use super::rules::{Invoice, InvoiceContent, InvoiceFile, InvoiceId, InvoiceKind, InvoiceNumber, OwedRefund};
use super::sdi_checks::{Violation, violations};
use super::store;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::jobs;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::orders;
use crate::shop::orders::events::OrderConfirmed;
use crate::shop::orders::rules::{Order, OrderId, OrderStatus};
use crate::shop::payments;
use crate::shop::payments::events::RefundSucceeded;
use crate::shop::payments::rules::{PaymentMethod, PaymentStatus};
use crate::shop::problems::{INVOICE_NOT_ISSUED_YET, INVOICE_NOT_OWED};
use crate::shop::provider::Seller;

/// What became of a document that was owed.
pub enum Issued {
    /// It is there, now or since before.
    There,
    /// Nothing is owed: no money, or nothing left to credit.
    NotOwed,
    /// SdI would send it back: it got no number.
    Withheld(Vec<Violation>),
    /// A credit note for an invoice that is itself withheld.
    AwaitsInvoice,
}

/// Issues the invoice of an order that is being confirmed. Where SdI would send it back the confirmation stands, since the
/// money came: the order's timeline says so, and a job tries again until somebody has mended the cause.
///
/// # Errors
/// When the database fails.
pub fn on_order_confirmed(
    tx: &mut DbConnection,
    seller: &Seller,
    event: &OrderConfirmed,
    now: Time,
) -> Result<(), Problem> {
    let issued = issue_invoice(tx, seller, event.order_id, now)?;
    owe_what_was_withheld(tx, event.order_id, None, &issued, now)
}

/// Issues the credit note for money that was given back.
///
/// # Errors
/// When the database fails.
pub fn on_refund_succeeded(tx: &mut DbConnection, event: &RefundSucceeded, now: Time) -> Result<(), Problem> {
    let refund = OwedRefund { refund_id: event.refund_id, amount_cents: event.amount_cents };
    let issued = issue_credit_note(tx, event.order_id, &refund, now)?;
    owe_what_was_withheld(tx, event.order_id, Some(refund), &issued, now)
}

fn owe_what_was_withheld(
    tx: &mut DbConnection,
    order_id: OrderId,
    refund: Option<OwedRefund>,
    issued: &Issued,
    now: Time,
) -> Result<(), Problem> {
    let codes: Vec<&str> = match issued {
        Issued::There | Issued::NotOwed => return Ok(()),
        Issued::Withheld(violations) => violations.iter().map(|violation| violation.code).collect(),
        Issued::AwaitsInvoice => Vec::new(),
    };
    tracing::error!(order = %order_id, ?codes, "an invoice or credit note is withheld: SdI would send it back");
    orders::store::record_event(tx, order_id, "invoice_withheld", json!({ "sdi_codes": codes }), now)?;
    jobs::enqueue(tx, &IssueDocument { order_id, refund }, now)?;
    Ok(())
}

/// Issues an order's invoice, once.
///
/// # Errors
/// When the database fails.
pub fn issue_invoice(tx: &mut DbConnection, seller: &Seller, order_id: OrderId, now: Time) -> Result<Issued, Problem> {
    let order = orders::store::find_locked(tx, order_id)?.filter(is_owed);
    let Some(order) = order else { return Ok(Issued::NotOwed) };
    if !store::issued_for(tx, &[order_id])?.is_empty() {
        return Ok(Issued::There);
    }
    let today = now.italian_date();
    let method = paid_with(tx, order_id)?;
    let content = InvoiceContent::of_order(&order, seller, method, today).map_err(Problem::internal)?;
    number_and_keep(tx, draft(order_id, InvoiceKind::Invoice, content, now), now)
}

/// The method of the payment that came last.
fn paid_with(tx: &mut DbConnection, order_id: OrderId) -> Result<PaymentMethod, Problem> {
    let payments = payments::store::of_order(tx, order_id)?;
    let paid = payments.iter().rfind(|payment| payment.status == PaymentStatus::Succeeded).or(payments.last());
    paid.map(|payment| payment.method).ok_or_else(|| Problem::internal("a confirmed order with money has no payment"))
}

/// Issues the credit note of a refund, once.
///
/// # Errors
/// When the database fails.
pub fn issue_credit_note(
    tx: &mut DbConnection,
    order_id: OrderId,
    refund: &OwedRefund,
    now: Time,
) -> Result<Issued, Problem> {
    // Two refunds of one order take turns, so that each sees what the other left.
    let order = orders::store::find_locked(tx, order_id)?.filter(is_owed);
    let Some(order) = order else { return Ok(Issued::NotOwed) };
    let invoice = store::of_order(tx, order_id, InvoiceKind::Invoice)?.pop();
    let Some(invoice) = invoice else { return Ok(Issued::AwaitsInvoice) };
    let earlier = store::of_order(tx, order_id, InvoiceKind::CreditNote)?;
    if earlier.iter().any(|note| note.refund_id == Some(refund.refund_id)) {
        return Ok(Issued::There);
    }
    let earlier: Vec<InvoiceContent> = earlier.into_iter().map(|note| note.content).collect();
    let amount = refund.amount_cents.min(uncredited_cents(tx, &order, &earlier)?);
    let Some(content) = credit_note(&invoice, &earlier, amount) else { return Ok(Issued::NotOwed) };
    let mut note = draft(order_id, InvoiceKind::CreditNote, content, now);
    note.refund_id = Some(refund.refund_id);
    number_and_keep(tx, note, now)
}

/// What of an order's money went back that no credit note says yet, cents. As long as the money kept covers the invoice,
/// what goes back is money in excess, which the invoice never bore.
fn uncredited_cents(tx: &mut DbConnection, order: &Order, notes: &[InvoiceContent]) -> Result<i64, Problem> {
    let credited: i64 = notes.iter().map(InvoiceContent::payable_cents).sum();
    let payments = payments::store::of_order(tx, order.id)?;
    let kept: i64 = payments.iter().map(|payment| payment.received_cents - payment.refunded_cents).sum();
    Ok(order.totals.due_cents - credited - kept)
}

/// Whether a refund of an order's that has no credit note lacks one.
///
/// # Errors
/// When the database fails.
pub fn owes_credit_note(tx: &mut DbConnection, order_id: OrderId) -> Result<bool, Problem> {
    let Some(order) = orders::store::find(tx, order_id)?.filter(is_owed) else { return Ok(false) };
    let notes = store::of_order(tx, order_id, InvoiceKind::CreditNote)?;
    let notes: Vec<InvoiceContent> = notes.into_iter().map(|note| note.content).collect();
    Ok(uncredited_cents(tx, &order, &notes)? > 0)
}

/// Whether an order that was confirmed has money in it. An order that was only paid for after its end has none to invoice.
fn is_owed(order: &Order) -> bool {
    order.totals.due_cents > 0 && order.confirmed_at.is_some()
}

/// A document that has no number yet.
fn draft(order_id: OrderId, kind: InvoiceKind, content: InvoiceContent, now: Time) -> Invoice {
    let issued_on = now.italian_date();
    Invoice {
        id: InvoiceId::new(),
        order_id,
        kind,
        refund_id: None,
        number: InvoiceNumber { year: issued_on.year(), position: 1 },
        transmission: 1,
        issued_on,
        content,
    }
}

/// Issues a document that SdI would take. It is checked before it takes its number, which so has no gap to leave; number and
/// date, which may come out later than the draft's, change nothing that is checked (a test holds them to that).
fn number_and_keep(tx: &mut DbConnection, draft: Invoice, now: Time) -> Result<Issued, Problem> {
    let wrong = violations(&Document::of(&draft));
    if !wrong.is_empty() {
        return Ok(Issued::Withheld(wrong));
    }
    let issued = store::number(tx, draft)?;
    store::keep(tx, &issued, &fattura(&issued).map_err(Problem::internal)?, now)?;
    let kind = match issued.kind {
        InvoiceKind::Invoice => "invoice_issued",
        InvoiceKind::CreditNote => "credit_note_issued",
    };
    let details = json!({ "invoice_id": issued.id, "number": issued.number.to_string() });
    orders::store::record_event(tx, issued.order_id, kind, details, now)?;
    Ok(Issued::There)
}

/// The invoice of an order of an account's.
///
/// # Errors
/// `not_found`, `invoice_not_owed` for an order without money or one that is over, `invoice_not_issued_yet`.
pub fn own_invoice(connection: &mut DbConnection, account: AccountId, id: OrderId) -> Result<Invoice, Problem> {
    let order = own_order(connection, account, id)?;
    if let Some(invoice) = store::of_order(connection, id, InvoiceKind::Invoice)?.pop() {
        return Ok(invoice);
    }
    let may_come = is_owed(&order) || (order.status == OrderStatus::PendingPayment && order.totals.due_cents > 0);
    if may_come {
        Err(INVOICE_NOT_ISSUED_YET.problem().member("order_status", order.status.as_str().into()))
    } else {
        Err(INVOICE_NOT_OWED.problem())
    }
}

/// The file of a document.
///
/// # Errors
/// When the database fails.
pub fn file_of(connection: &mut DbConnection, document: &Invoice) -> Result<InvoiceFile, Problem> {
    Ok(InvoiceFile { name: document.file_name(), xml: store::xml(connection, document.id)? })
}

/// The credit notes of an order of an account's, oldest first.
///
/// # Errors
/// `not_found`.
pub fn own_credit_notes(
    connection: &mut DbConnection,
    account: AccountId,
    id: OrderId,
) -> Result<Vec<Invoice>, Problem> {
    own_order(connection, account, id)?;
    store::of_order(connection, id, InvoiceKind::CreditNote)
}

/// An invoice or credit note of an account's.
///
/// # Errors
/// `not_found`.
pub fn own_document(connection: &mut DbConnection, account: AccountId, id: InvoiceId) -> Result<Invoice, Problem> {
    let document = any_document(connection, id)?;
    own_order(connection, account, document.order_id)?;
    Ok(document)
}

/// Anybody's invoice or credit note.
///
/// # Errors
/// `not_found`.
pub fn any_document(connection: &mut DbConnection, id: InvoiceId) -> Result<Invoice, Problem> {
    store::find(connection, id)?.ok_or_else(|| NOT_FOUND.problem())
}

fn own_order(connection: &mut DbConnection, account: AccountId, id: OrderId) -> Result<Order, Problem> {
    let order = orders::store::find(connection, id)?.filter(|order| order.account_id == account);
    order.ok_or_else(|| NOT_FOUND.problem())
}
