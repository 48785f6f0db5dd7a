//! What the shop holds of an account.

use serde_json::{Value, json};

use crate::customers::accounts::rules::AccountId;
use crate::customers::privacy::PersonalData;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::problem::Problem;
use crate::shop::carts::rules::{Cart, CartId, CartItem};
use crate::shop::invoices::rules::Invoice;
use crate::shop::orders::flow::OrderDetails;
use crate::shop::orders::rules::{OrderId, OrderStatus};
use crate::shop::orders::store::OrderFilter;
use crate::shop::payments::refunds::rules::Refund;
use crate::shop::payments::rules::Payment;
use crate::shop::payments::store::BankTransferRow;
use crate::shop::problems::ORDERS_OPEN;
use crate::shop::withdrawals::rules::Withdrawal;
use crate::shop::{carts, coupons, invoices, orders, payments};

/// The carts that it claimed. Erasing forgets them, apart from those that became an order, which name nobody but the
/// account. It comes before [`OrderData`]: a checkout that is under way is waited for, and its order is then seen.
pub struct CartData;

impl PersonalData for CartData {
    fn section(&self) -> &'static str {
        "carts"
    }

    fn export(&self, connection: &mut DbConnection, account: AccountId) -> Result<Value, Problem> {
        let found = carts::store::of_account(connection, account)?;
        let ids: Vec<CartId> = found.iter().map(|cart| cart.id).collect();
        let items = carts::store::items_of(connection, &ids)?;
        let entry = |cart: &Cart| {
            let coupon = match cart.coupon_code_id {
                Some(code) => coupons::store::codes::find(connection, code)?.map(|coupon| coupon.code),
                None => None,
            };
            let own = items.iter().filter(|(id, _)| *id == cart.id).map(|(_, item)| cart_item(item));
            Ok(json!({
                "id": cart.id,
                "status": cart.status,
                "items": own.collect::<Vec<_>>(),
                "coupon": coupon,
                "billing_profile_id": cart.billing_profile_id,
                "payment_method": cart.payment_method,
                "merged_into": cart.merged_into,
                "created_at": cart.created_at,
                "expires_at": cart.expires_at,
            }))
        };
        found.iter().map(entry).collect()
    }

    fn erase(&self, tx: &mut DbConnection, account: AccountId, _: Time) -> Result<(), Problem> {
        carts::store::forget_unordered(tx, account)?;
        Ok(())
    }
}

fn cart_item(item: &CartItem) -> Value {
    json!({
        "plan_id": item.plan_id,
        "quantity": item.quantity,
        "price_version": item.seen.version,
        "unit_net_cents": item.seen.net_cents,
        "vat_rate": item.seen.vat_rate_basis_points,
    })
}

/// Its orders with their payments, refunds, withdrawals, invoices and credit notes. An order that awaits its payment
/// forbids the erasure; the others stay with all of that, and with whom they were made out to, for the ten years of
/// art. 2220 c.c. (GDPR art. 17(3)(b)).
pub struct OrderData;

impl PersonalData for OrderData {
    fn section(&self) -> &'static str {
        "orders"
    }

    fn export(&self, connection: &mut DbConnection, account: AccountId) -> Result<Value, Problem> {
        let filter = OrderFilter { account: Some(account), ..OrderFilter::default() };
        let found = orders::flow::list(connection, &filter, i64::MAX)?;
        let ids: Vec<OrderId> = found.iter().map(|details| details.order.id).collect();
        let transfers = payments::store::bank_transfers_of(connection, &ids)?;
        let documents = invoices::store::documents_of(connection, &ids)?;
        Ok(found.iter().map(|details| order(details, &transfers, &documents)).collect())
    }

    fn erase(&self, tx: &mut DbConnection, account: AccountId, _: Time) -> Result<(), Problem> {
        let status = Some(OrderStatus::PendingPayment);
        let filter = OrderFilter { account: Some(account), status, ..OrderFilter::default() };
        if orders::store::list(tx, &filter, 1)?.is_empty() {
            Ok(())
        } else {
            Err(ORDERS_OPEN.detail("Pay or cancel the order that awaits its payment first."))
        }
    }
}

fn order(details: &OrderDetails, transfers: &[BankTransferRow], documents: &[(Invoice, String)]) -> Value {
    let OrderDetails { order, payments, refunds, .. } = details;
    let transfers = transfers.iter().filter(|transfer| transfer.order_id == order.id);
    let documents = documents.iter().filter(|(document, _)| document.order_id == order.id);
    json!({
        "id": order.id,
        "number": order.number,
        "status": order.status,
        "snapshot": order.snapshot,
        "net_cents": order.totals.net_cents,
        "discount_cents": order.totals.discount_cents,
        "vat_cents": order.totals.vat_cents,
        "gross_cents": order.totals.gross_cents,
        "due_cents": order.totals.due_cents,
        "placed_at": order.placed_at,
        "confirmed_at": order.confirmed_at,
        "payments": payments.iter().map(payment).collect::<Vec<_>>(),
        "bank_transfers": transfers.map(bank_transfer).collect::<Vec<_>>(),
        "refunds": refunds.iter().map(refund).collect::<Vec<_>>(),
        "withdrawal": details.withdrawal.as_ref().map(withdrawal),
        "invoices": documents.map(document).collect::<Vec<_>>(),
    })
}

fn payment(payment: &Payment) -> Value {
    json!({
        "id": payment.id,
        "method": payment.method,
        "provider": payment.provider,
        "provider_reference": payment.provider_reference,
        "status": payment.status,
        "amount_cents": payment.amount_cents,
        "received_cents": payment.received_cents,
        "refunded_cents": payment.refunded_cents,
        "created_at": payment.created_at,
    })
}

fn bank_transfer(transfer: &BankTransferRow) -> Value {
    json!({
        "id": transfer.id,
        "payment_id": transfer.payment_id,
        "amount_cents": transfer.amount_cents,
        "reference": transfer.reference,
        "received_on": transfer.received_on,
    })
}

fn refund(refund: &Refund) -> Value {
    json!({
        "id": refund.id,
        "payment_id": refund.payment_id,
        "amount_cents": refund.amount_cents,
        "reason": refund.reason,
        "status": refund.status,
        "provider_reference": refund.provider_reference,
        "requested_at": refund.requested_at,
        "settled_at": refund.settled_at,
    })
}

fn withdrawal(withdrawal: &Withdrawal) -> Value {
    json!({
        "id": withdrawal.id,
        "name": withdrawal.name,
        "contract": withdrawal.contract,
        "confirmation_email": withdrawal.confirmation_email,
        "received_at": withdrawal.received_at,
    })
}

fn document((document, xml): &(Invoice, String)) -> Value {
    json!({
        "id": document.id,
        "kind": document.kind,
        "number": document.number.to_string(),
        "issued_on": document.issued_on,
        "total_cents": document.content.total_cents(),
        "xml": xml,
    })
}
