//! What happens to payments: begun with an order, opened at a provider, and settled by whatever word of money arrives.

use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::json;

use super::gateways::{Gateways, Notification, Opening, Outcome, Paid, PaymentToOpen, Word};
use super::refunds;
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
use crate::shop::orders::rules::{Order, OrderId, OrderReview, OrderStatus};
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
        refunding_cents: 0,
        refunded_cents: 0,
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

/// Opens the provider's page for one payment and records it. A payment that the provider refuses has failed, and its order
/// can be paid again.
///
/// # Errors
/// `provider_unavailable`.
pub async fn open_at_provider(platform: &Platform, gateways: &Gateways, payment: Payment) -> Result<(), Problem> {
    let (id, order) = (payment.id, payment.order_id);
    let gateway = gateways.gateway_of(payment.method).ok_or_else(|| PROVIDER_UNAVAILABLE.problem())?;
    let wanted = platform.db.read(move |connection| to_open(connection, payment)).await?;
    let opening = gateway.open(&wanted).await?;
    if let Opening::Refused(reason) = &opening {
        tracing::warn!(payment = %id, reason, "the provider refuses the payment");
    }
    let now = platform.clock.now();
    platform.db.write(move |tx| record_opening(tx, order, id, &opening, now)).await
}

fn to_open(connection: &mut DbConnection, payment: Payment) -> Result<PaymentToOpen, Problem> {
    let order = orders::store::find(connection, payment.order_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let customer = order.snapshot.customer;
    Ok(PaymentToOpen { payment, order_number: order.number, email: customer.email, locale: customer.locale })
}

fn record_opening(
    tx: &mut DbConnection,
    order: OrderId,
    id: PaymentId,
    opening: &Opening,
    now: Time,
) -> Result<(), Problem> {
    let Some((order, mut payment)) = locked(tx, order, id)? else { return Ok(()) };
    let Opening::Opened(session) = opening else {
        return step(tx, &order, payment, PaymentCommand::Fail, "payment_failed", now);
    };
    if let Some(status) = payment.status.after(PaymentCommand::RequireAction) {
        payment.status = status;
        payment.provider_reference = Some(session.reference.clone());
        payment.redirect_url = Some(session.redirect_url.clone());
        store::update(tx, &payment, now)?;
    }
    Ok(())
}

/// An order and one of its payments, so that whoever else wants to change them waits.
fn locked(tx: &mut DbConnection, order: OrderId, id: PaymentId) -> Result<Option<(Order, Payment)>, Problem> {
    let Some(order) = orders::store::find_locked(tx, order)? else { return Ok(None) };
    let payment = store::of_order_locked(tx, order.id)?.into_iter().find(|payment| payment.id == id);
    Ok(payment.map(|payment| (order, payment)))
}

/// Opens the pages that a crash or an outage left unopened.
///
/// # Errors
/// When the database fails.
pub async fn open_forgotten(platform: &Platform, gateways: &Gateways) -> Result<(), Problem> {
    let before = platform.clock.now().plus_seconds(-60);
    for payment in platform.db.read(move |connection| Ok(store::unopened(connection, before)?)).await? {
        let id = payment.id;
        if let Err(problem) = open_at_provider(platform, gateways, payment).await {
            tracing::warn!(%problem, payment = %id, "the provider's page could not be opened yet");
        }
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

/// Takes a provider's word: the same word again, late or out of order leads to the same state (invariant 9 of the
/// design). What it says of things that are not ours (other shops may share its account) is passed over.
///
/// # Errors
/// When the database fails.
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
    match &said.word {
        Word::Payment(id, outcome) => take_outcome(tx, events, provider, *id, outcome, now),
        Word::Refund(id, answer) => {
            let payment = refunds::store::find(tx, *id)?.map(|refund| refund.payment_id);
            match payment {
                Some(payment) if is_of(tx, provider, payment)? => refunds::flow::settle(tx, events, *id, answer, now),
                _ => Ok(()),
            }
        }
        Word::RefundedSoFar(id, cents) => compare_refunds(tx, provider, *id, *cents, now),
        Word::Other => Ok(()),
    }
}

fn is_of(tx: &mut DbConnection, provider: &str, payment: PaymentId) -> Result<bool, Problem> {
    Ok(store::find(tx, payment)?.is_some_and(|payment| payment.provider == provider))
}

/// Takes what a provider says became of a payment, whether it told or was asked.
///
/// # Errors
/// When the database fails.
pub fn take_outcome(
    tx: &mut DbConnection,
    events: &Events,
    provider: &str,
    id: PaymentId,
    outcome: &Outcome,
    now: Time,
) -> Result<(), Problem> {
    let found = store::find(tx, id)?.filter(|payment| payment.provider == provider);
    let Some(order) = found.map(|payment| payment.order_id) else { return Ok(()) };
    let Some((mut order, payment)) = locked(tx, order, id)? else { return Ok(()) };
    match outcome {
        // A provider says "succeeded" of the whole payment, so saying it again brings no more money.
        Outcome::Succeeded(paid) if paid.is_whole(&payment) => {
            if payment.status == PaymentStatus::Succeeded {
                return Ok(());
            }
            let received = payment.received_cents.max(payment.amount_cents);
            receive(tx, events, &mut order, payment, received, now)
        }
        Outcome::Succeeded(paid) => record_mismatch(tx, &mut order, payment, paid, now),
        Outcome::Processing => step(tx, &order, payment, PaymentCommand::Process, "payment_processing", now),
        Outcome::Failed => step(tx, &order, payment, PaymentCommand::Fail, "payment_failed", now),
        Outcome::Expired => step(tx, &order, payment, PaymentCommand::Expire, "payment_expired", now),
    }
}

/// Moves a payment on, where its state allows it.
fn step(
    tx: &mut DbConnection,
    order: &Order,
    mut payment: Payment,
    command: PaymentCommand,
    kind: &str,
    now: Time,
) -> Result<(), Problem> {
    let Some(status) = payment.status.after(command) else { return Ok(()) };
    payment.status = status;
    store::update(tx, &payment, now)?;
    orders::store::record_event(tx, order.id, kind, json!({ "payment_id": payment.id }), now)?;
    Ok(())
}

/// Records money that is not what was asked for. It confirms nothing: a person looks at it.
fn record_mismatch(
    tx: &mut DbConnection,
    order: &mut Order,
    mut payment: Payment,
    paid: &Paid,
    now: Time,
) -> Result<(), Problem> {
    let before = payment.clone();
    payment.received_cents = payment.received_cents.max(paid.euro_cents());
    payment.status = payment.status.after(PaymentCommand::Process).unwrap_or(payment.status);
    if payment == before && order.review == Some(OrderReview::AmountMismatch) {
        return Ok(());
    }
    store::update(tx, &payment, now)?;
    let details = json!({
        "payment_id": payment.id,
        "amount": paid.cents,
        "currency": paid.currency,
        "due": payment.amount_cents,
    });
    orders::store::record_event(tx, order.id, "payment_to_review", details, now)?;
    orders::flow::mark_for_review(tx, order, OrderReview::AmountMismatch)
}

/// A provider that gave more back than we asked it to was asked by somebody else, at its own desk.
fn compare_refunds(tx: &mut DbConnection, provider: &str, id: PaymentId, cents: i64, now: Time) -> Result<(), Problem> {
    let found = store::find(tx, id)?.filter(|payment| payment.provider == provider);
    let Some(order) = found.map(|payment| payment.order_id) else { return Ok(()) };
    let Some((mut order, payment)) = locked(tx, order, id)? else { return Ok(()) };
    if cents <= payment.refunding_cents + payment.refunded_cents || order.review == Some(OrderReview::RefundUnknown) {
        return Ok(());
    }
    let details = json!({ "payment_id": id, "amount": cents, "refunded": payment.refunded_cents });
    orders::store::record_event(tx, order.id, "refund_to_review", details, now)?;
    orders::flow::mark_for_review(tx, &mut order, OrderReview::RefundUnknown)
}

/// Records how much came for a payment, and confirms the order when all is there. Money beyond what is due, or for an
/// order that is over, is recorded for the back office to give back.
fn receive(
    tx: &mut DbConnection,
    events: &Events,
    order: &mut Order,
    mut payment: Payment,
    received: i64,
    now: Time,
) -> Result<(), Problem> {
    let command = if received >= payment.amount_cents { PaymentCommand::Succeed } else { PaymentCommand::ReceivePart };
    let amount = received - payment.received_cents;
    payment.status = payment.status.after(command).unwrap_or(payment.status);
    payment.received_cents = received;
    store::update(tx, &payment, now)?;
    orders::flow::review_excess(tx, order)?;
    let details =
        json!({ "payment_id": payment.id, "amount": amount, "received": received, "due": payment.amount_cents });
    let kind = if order.review.is_some() { "payment_to_review" } else { "payment_received" };
    orders::store::record_event(tx, order.id, kind, details, now)?;
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
    let received = payment.received_cents + seen.amount_cents;
    receive(tx, events, &mut order, payment, received, now)
}
