//! What happens to payments: begun with an order, opened at a provider, and settled by whatever word of money arrives.

use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::json;

use super::gateways::{Gateways, Notification, Outcome};
use super::rules::{BankTransferId, Payment, PaymentCommand, PaymentId, PaymentMethod, PaymentStatus};
use super::store::{self, BankTransferRow};
use crate::customers::accounts::rules::AccountId;
use crate::platform::Platform;
use crate::platform::audit;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::events::Events;
use crate::platform::idempotency::{self, Answer, Claim, Key};
use crate::platform::problem::{NOT_FOUND, PROVIDER_UNAVAILABLE, Problem};
use crate::shop::orders;
use crate::shop::orders::checkout::{Placed, Render};
use crate::shop::orders::rules::{Order, OrderId, OrderStatus};
use crate::shop::problems::{NOTHING_DUE, ORDER_STATE_FORBIDS, PAYMENT_METHOD_NOT_AVAILABLE};

/// Begins a payment of all that an order has due.
///
/// # Errors
/// When the database fails.
pub fn begin(
    tx: &mut DbConnection,
    gateways: &Gateways,
    order: &Order,
    method: PaymentMethod,
    now: Time,
) -> Result<(), Problem> {
    if !gateways.methods().contains(&method) {
        return Err(PAYMENT_METHOD_NOT_AVAILABLE.problem());
    }
    let status = match method {
        PaymentMethod::Card => PaymentStatus::Created,
        PaymentMethod::BankTransfer => PaymentStatus::AwaitingFunds,
    };
    let payment = Payment {
        id: PaymentId::new(),
        order_id: order.id,
        method,
        provider: gateways.provider_of(method).to_owned(),
        status,
        amount_cents: order.totals.due_cents,
        received_cents: 0,
        provider_reference: None,
        redirect_url: None,
        created_at: now,
    };
    store::insert(tx, &payment)?;
    let details = json!({ "payment_id": payment.id, "method": method, "amount": payment.amount_cents });
    orders::store::record_event(tx, order.id, "payment_started", details, now)?;
    Ok(())
}

/// Whether a provider must still be asked for its page.
pub fn awaits_provider(payments: &[Payment]) -> bool {
    payments.iter().any(|payment| payment.status == PaymentStatus::Created)
}

/// Asks the provider for its page and answers the order; between this and the transaction before it, nothing is locked.
/// Where the provider does not answer, the order is answered without a page, and a job goes on asking.
///
/// # Errors
/// When the database fails.
pub async fn finish_opening(
    platform: Arc<Platform>,
    gateways: Arc<Gateways>,
    order: OrderId,
    key: Key,
    render: Render,
) -> Result<Answer, Problem> {
    let payments = platform.db.read(move |connection| Ok(store::of_order(connection, order)?)).await?;
    for payment in payments.into_iter().filter(|payment| payment.status == PaymentStatus::Created) {
        if let Err(problem) = open_at_provider(&platform, &gateways, payment).await {
            tracing::warn!(%problem, order = %order, "the provider's page could not be opened yet");
        }
    }
    let shared = platform.clone();
    platform
        .db
        .write(move |tx| {
            let answer = render(&orders::flow::details(tx, order)?)?;
            idempotency::keep(tx, &key, &shared.keys, &answer)?;
            Ok(answer)
        })
        .await
}

/// Opens the provider's page for one payment and records it.
///
/// # Errors
/// `provider_unavailable`.
pub async fn open_at_provider(platform: &Platform, gateways: &Gateways, mut payment: Payment) -> Result<(), Problem> {
    let gateway = gateways.gateway_of(payment.method).ok_or_else(|| PROVIDER_UNAVAILABLE.problem())?;
    let session = gateway.open(&payment).await?;
    let now = platform.clock.now();
    platform
        .db
        .write(move |tx| {
            let current =
                store::of_order_locked(tx, payment.order_id)?.into_iter().find(|current| current.id == payment.id);
            let Some(status) = current.and_then(|current| current.status.after(PaymentCommand::RequireAction)) else {
                return Ok(());
            };
            payment.status = status;
            payment.provider_reference = Some(session.reference.clone());
            payment.redirect_url = Some(session.redirect_url.clone());
            store::update(tx, &payment, now)?;
            Ok(())
        })
        .await
}

/// Opens the pages that a crash left unopened.
///
/// # Errors
/// When the database fails.
pub async fn open_forgotten(platform: &Platform, gateways: &Gateways) -> Result<(), Problem> {
    let before = platform.clock.now().plus_seconds(-60);
    for payment in platform.db.read(move |connection| Ok(store::unopened(connection, before)?)).await? {
        open_at_provider(platform, gateways, payment).await?;
    }
    Ok(())
}

/// Starts another payment of an order whose last one failed, or pays it another way.
///
/// # Errors
/// `not_found`, `order_state_forbids`, `nothing_due`, `payment_method_not_available`.
pub async fn pay_again(
    platform: Arc<Platform>,
    gateways: Arc<Gateways>,
    account: AccountId,
    order: OrderId,
    method: PaymentMethod,
    key: Key,
    render: Render,
) -> Result<Answer, Problem> {
    let now = platform.clock.now();
    let (shared, methods, claimed) = (platform.clone(), gateways.clone(), key.clone());
    let placed = platform
        .db
        .write(move |tx| {
            match idempotency::claim(tx, &claimed, &shared.keys, now)? {
                Claim::Answered(answer) => return Ok(Placed::Answered(answer)),
                // The payment was begun and never answered.
                Claim::TakenOver => return Ok(Placed::AwaitsProvider(order)),
                Claim::Fresh => {}
            }
            begin_again(tx, &methods, account, order, method, now)?;
            let details = orders::flow::details(tx, order)?;
            if awaits_provider(&details.payments) {
                return Ok(Placed::AwaitsProvider(order));
            }
            let answer = render(&details)?;
            idempotency::keep(tx, &claimed, &shared.keys, &answer)?;
            Ok(Placed::Answered(answer))
        })
        .await?;
    match placed {
        Placed::Answered(answer) => Ok(answer),
        Placed::AwaitsProvider(order) => finish_opening(platform, gateways, order, key, render).await,
    }
}

fn begin_again(
    tx: &mut DbConnection,
    gateways: &Gateways,
    account: AccountId,
    order: OrderId,
    method: PaymentMethod,
    now: Time,
) -> Result<(), Problem> {
    let mut order = orders::flow::own_locked(tx, account, order)?;
    if order.status != OrderStatus::PendingPayment {
        return Err(ORDER_STATE_FORBIDS.problem().member("order_status", order.status.as_str().into()));
    }
    if order.totals.due_cents == 0 {
        return Err(NOTHING_DUE.problem());
    }
    // Money that is on its way by bank stays; a page that nobody finished is given up.
    if store::of_order(tx, order.id)?.iter().any(|payment| payment.status == PaymentStatus::PartiallyReceived) {
        return Err(
            ORDER_STATE_FORBIDS.detail("Part of the money has arrived by bank transfer: send the rest the same way.")
        );
    }
    orders::flow::close_payments(tx, order.id, PaymentCommand::Cancel, now)?;
    order.expires_at = Some(now.plus_seconds(method.patience()));
    orders::store::update_status(tx, &order)?;
    begin(tx, gateways, &order, method, now)
}

/// Takes a provider's word about a payment: the same word again, late or out of order leads to the same state
/// (invariant 9 of the design).
///
/// # Errors
/// `not_found` for a payment that the provider has not from us.
pub fn take_notification(
    tx: &mut DbConnection,
    events: &Events,
    provider: &str,
    said: &Notification,
    now: Time,
) -> Result<(), Problem> {
    if !store::remember_notification(tx, provider, &said.id, now)? {
        return Ok(());
    }
    let payment = store::find_by_reference(tx, provider, &said.reference)?.ok_or_else(|| NOT_FOUND.problem())?;
    let mut order = orders::store::find_locked(tx, payment.order_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let current = store::of_order_locked(tx, order.id)?.into_iter().find(|current| current.id == payment.id);
    let Some(payment) = current else { return Err(NOT_FOUND.problem()) };
    match said.outcome {
        Outcome::Succeeded => receive(tx, events, &mut order, payment.clone(), payment.amount_cents, now),
        Outcome::Failed => fail(tx, &order, payment, now),
    }
}

fn fail(tx: &mut DbConnection, order: &Order, mut payment: Payment, now: Time) -> Result<(), Problem> {
    let Some(status) = payment.status.after(PaymentCommand::Fail) else { return Ok(()) };
    payment.status = status;
    store::update(tx, &payment, now)?;
    orders::store::record_event(tx, order.id, "payment_failed", json!({ "payment_id": payment.id }), now)?;
    Ok(())
}

/// Counts money that came for a payment, and confirms the order when all is there. Money for an order that is over is
/// recorded for the back office to give back.
fn receive(
    tx: &mut DbConnection,
    events: &Events,
    order: &mut Order,
    mut payment: Payment,
    cents: i64,
    now: Time,
) -> Result<(), Problem> {
    let received = payment.received_cents + cents;
    let command = if received >= payment.amount_cents { PaymentCommand::Succeed } else { PaymentCommand::ReceivePart };
    // A provider says "succeeded" of the whole payment, so saying it again brings no more money; each transfer does.
    if payment.method == PaymentMethod::Card && payment.status == PaymentStatus::Succeeded {
        return Ok(());
    }
    let is_over = !payment.status.is_open();
    payment.status = payment.status.after(command).unwrap_or(payment.status);
    payment.received_cents = received;
    store::update(tx, &payment, now)?;
    let details =
        json!({ "payment_id": payment.id, "amount": cents, "received": received, "due": payment.amount_cents });
    let excess = received > payment.amount_cents || is_over || order.status != OrderStatus::PendingPayment;
    orders::store::record_event(
        tx,
        order.id,
        if excess { "payment_to_review" } else { "payment_received" },
        details,
        now,
    )?;
    if payment.status == PaymentStatus::Succeeded && order.status == OrderStatus::PendingPayment {
        orders::flow::confirm(tx, events, order, now)?;
    }
    Ok(())
}

/// A bank transfer that the back office saw.
#[derive(Debug, Clone)]
pub struct SeenTransfer {
    /// Cents.
    pub amount_cents: i64,
    /// The bank's reference.
    pub reference: String,
    /// Value date.
    pub received_on: NaiveDate,
}

/// Records a bank transfer for an order.
///
/// # Errors
/// `not_found`, or `order_state_forbids` for an order without a bank transfer.
pub fn record_bank_transfer(
    tx: &mut DbConnection,
    events: &Events,
    by: AccountId,
    order: OrderId,
    seen: &SeenTransfer,
    now: Time,
) -> Result<(), Problem> {
    let mut order = orders::store::find_locked(tx, order)?.ok_or_else(|| NOT_FOUND.problem())?;
    let payments = store::of_order_locked(tx, order.id)?;
    let payment = payments.into_iter().rfind(|payment| payment.method == PaymentMethod::BankTransfer);
    let payment = payment.ok_or_else(|| ORDER_STATE_FORBIDS.detail("The order is not paid by bank transfer."))?;
    let row = BankTransferRow {
        id: BankTransferId::new(),
        order_id: order.id,
        payment_id: payment.id,
        amount_cents: seen.amount_cents,
        reference: seen.reference.clone(),
        received_on: seen.received_on,
        recorded_by: by,
        recorded_at: now,
    };
    store::insert_bank_transfer(tx, row)?;
    audit::store::record(tx, by, "bank_transfer_recorded", order.id, json!({ "amount": seen.amount_cents }), now)?;
    receive(tx, events, &mut order, payment, seen.amount_cents, now)
}
