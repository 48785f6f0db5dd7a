//! What happens to payments: begun with an order, opened at a provider, and settled by whatever word of money arrives
//! ([`arrival`]).

pub mod arrival;

use std::sync::Arc;

use serde_json::json;

use super::gateways::{Gateways, Opening, PaymentToOpen};
use super::jobs::ClosePage;
use super::rules::{Payment, PaymentCommand, PaymentId, PaymentMethod, PaymentStatus};
use super::store;
use crate::customers::accounts::rules::AccountId;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::idempotency::{self, Answer, Claim, Key};
use crate::platform::jobs;
use crate::platform::problem::{NOT_FOUND, PROVIDER_UNAVAILABLE, Problem};
use crate::shop::orders;
use crate::shop::orders::checkout::{Placed, Render};
use crate::shop::orders::rules::{Order, OrderId, OrderStatus};
use crate::shop::problems::{NOTHING_DUE, ORDER_STATE_FORBIDS, PAYMENT_METHOD_NOT_AVAILABLE};

/// Seconds that a provider's page stays open: an hour less than its order waits for it (see [`PaymentMethod::patience`]),
/// so that what is paid at the last moment still arrives in time.
const PAGE_LIFETIME: i64 = 23 * 3600;

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
    let advanced = platform.clock.advanced();
    let wanted = platform.db.read(move |connection| to_open(connection, payment, advanced)).await?;
    let opening = gateway.open(&wanted).await?;
    if let Opening::Refused(reason) = &opening {
        tracing::warn!(payment = %id, reason, "the provider refuses the payment");
    }
    let now = platform.clock.now();
    platform.db.write(move |tx| record_opening(tx, order, id, &opening, now)).await
}

fn to_open(connection: &mut DbConnection, payment: Payment, advanced: i64) -> Result<PaymentToOpen, Problem> {
    let order = orders::store::find(connection, payment.order_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let customer = order.snapshot.customer;
    let expires_at = payment.created_at.plus_seconds(PAGE_LIFETIME - advanced);
    let (email, locale) = (customer.email, customer.locale);
    Ok(PaymentToOpen { payment, order_number: order.number, email, locale, expires_at })
}

fn record_opening(
    tx: &mut DbConnection,
    order: OrderId,
    id: PaymentId,
    opening: &Opening,
    now: Time,
) -> Result<(), Problem> {
    let Some((order, mut payment)) = locked(tx, order, id)? else { return Ok(()) };
    orders::flow::owe_placed_mail(tx, order.id, now)?;
    let Opening::Opened(session) = opening else {
        return step(tx, &order, payment, PaymentCommand::Fail, "payment_failed", now);
    };
    match payment.status.after(PaymentCommand::RequireAction) {
        Some(status) => {
            payment.status = status;
            payment.provider_reference = Some(session.reference.clone());
            payment.redirect_url = Some(session.redirect_url.clone());
            store::update(tx, &payment, now)?;
        }
        // It was given up while its page was being opened: nobody is to pay there.
        None if payment.provider_reference.is_none() => {
            payment.provider_reference = Some(session.reference.clone());
            store::update(tx, &payment, now)?;
            jobs::enqueue(tx, &ClosePage { payment_id: payment.id }, now)?;
        }
        None => {}
    }
    Ok(())
}

/// An order and one of its payments, so that whoever else wants to change them waits.
fn locked(tx: &mut DbConnection, order: OrderId, id: PaymentId) -> Result<Option<(Order, Payment)>, Problem> {
    let Some(order) = orders::store::find_locked(tx, order)? else { return Ok(None) };
    let payment = store::of_order_locked(tx, order.id)?.into_iter().find(|payment| payment.id == id);
    Ok(payment.map(|payment| (order, payment)))
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
    // What came or is on its way is not asked for a second time; a page that nobody finished is given up.
    let payments = store::of_order(tx, order.id)?;
    if payments.iter().any(Payment::is_on_its_way) {
        return Err(
            ORDER_STATE_FORBIDS.detail("The money is on its way: wait until the payment has succeeded or failed.")
        );
    }
    if payments.iter().any(|payment| payment.held_cents() > 0) {
        return Err(ORDER_STATE_FORBIDS.detail("Part of the money has arrived: send the rest the same way."));
    }
    let is_overdue = order.expires_at.is_some_and(|deadline| deadline <= now);
    let deadline = order.deadline_for(method, now).filter(|_| !is_overdue);
    let deadline =
        deadline.ok_or_else(|| ORDER_STATE_FORBIDS.detail("The time in which the order can be paid is over."))?;
    orders::flow::close_payments(tx, order.id, PaymentCommand::Cancel, now)?;
    order.expires_at = Some(deadline);
    orders::store::update_status(tx, &order)?;
    begin(tx, gateways, &order, method, now)
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
