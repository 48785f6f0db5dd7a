//! What the shop holds of an account.

use serde_json::{Value, json};

use crate::customers::accounts::rules::AccountId;
use crate::customers::privacy::PersonalData;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::problem::Problem;
use crate::shop::invoices;
use crate::shop::invoices::rules::{Invoice, InvoiceKind};
use crate::shop::orders::rules::{OrderId, OrderStatus};
use crate::shop::orders::store::{self, OrderFilter};
use crate::shop::problems::ORDERS_OPEN;

/// Its orders. An order that awaits its payment forbids the erasure; the others stay, with whom they were made out to, for
/// the ten years of art. 2220 c.c. (GDPR art. 17(3)(b)).
pub struct OrderData;

impl PersonalData for OrderData {
    fn section(&self) -> &'static str {
        "orders"
    }

    fn export(&self, connection: &mut DbConnection, account: AccountId) -> Result<Value, Problem> {
        let filter = OrderFilter { account: Some(account), ..OrderFilter::default() };
        let orders = store::list(connection, &filter, i64::MAX)?;
        let entries = orders.iter().map(|order| {
            Ok(json!({
                "id": order.id,
                "number": order.number,
                "status": order.status,
                "snapshot": order.snapshot,
                "due_cents": order.totals.due_cents,
                "placed_at": order.placed_at,
                "invoices": documents(connection, order.id)?,
            }))
        });
        entries.collect()
    }

    fn erase(&self, tx: &mut DbConnection, account: AccountId, _: Time) -> Result<(), Problem> {
        let status = Some(OrderStatus::PendingPayment);
        let open = store::list(tx, &OrderFilter { account: Some(account), status, ..OrderFilter::default() }, 1)?;
        if open.is_empty() {
            Ok(())
        } else {
            Err(ORDERS_OPEN.detail("Pay or cancel the order that awaits its payment first."))
        }
    }
}

/// The invoice and the credit notes of an order.
fn documents(connection: &mut DbConnection, order: OrderId) -> Result<Value, Problem> {
    let mut found = Vec::new();
    for kind in InvoiceKind::ALL {
        found.append(&mut invoices::store::of_order(connection, order, *kind)?);
    }
    let entry = |document: &Invoice| {
        json!({
            "id": document.id,
            "kind": document.kind,
            "number": document.number.to_string(),
            "issued_on": document.issued_on,
            "total_cents": document.content.total_cents(),
        })
    };
    Ok(found.iter().map(entry).collect())
}
