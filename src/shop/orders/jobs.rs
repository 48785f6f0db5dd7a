//! The mails of an order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::flow::{self, OrderDetails};
use super::rules::OrderId;
use super::store;
use crate::platform::Platform;
use crate::platform::jobs::{Failure, Job, JobId};
use crate::platform::locale::Locale;
use crate::platform::mail::templates::MailTemplate;
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::carts;
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::provider::Seller;

/// The templates.
pub const MAIL_TEMPLATES: [MailTemplate; 4] = [
    crate::mail_template!("orders", "order_placed"),
    crate::mail_template!("orders", "order_confirmed"),
    crate::mail_template!("orders", "order_cancelled"),
    crate::mail_template!("orders", "order_expired"),
];

crate::text_enum!(
    /// What a mail tells.
    OrderMailKind {
        Placed = "placed",
        Confirmed = "confirmed",
        Cancelled = "cancelled",
        Expired = "expired",
    }
);

/// Owes the customer a mail about an order (guide: "verrà inviata una e-mail … contenente tutte le istruzioni").
#[derive(Serialize, Deserialize)]
pub struct OrderMail {
    /// Which order.
    pub order_id: OrderId,
    /// What about.
    pub kind: OrderMailKind,
}

impl Job for OrderMail {
    const KIND: &'static str = "order_mail";
}

/// Sends the mail.
///
/// # Errors
/// When it should be tried again.
pub async fn send(platform: Arc<Platform>, seller: Arc<Seller>, id: JobId, job: OrderMail) -> Result<(), Failure> {
    let order = job.order_id;
    let details = platform.db.read_one_moment(move |connection| flow::details(connection, order)).await?;
    let customer = &details.order.snapshot.customer;
    let name = match job.kind {
        OrderMailKind::Placed => "orders/order_placed",
        OrderMailKind::Confirmed => "orders/order_confirmed",
        OrderMailKind::Cancelled => "orders/order_cancelled",
        OrderMailKind::Expired => "orders/order_expired",
    };
    let mail = platform.mail_templates.render(
        name,
        customer.locale,
        &customer.email,
        mail_data(&platform, &seller, &details),
    )?;
    platform.mailer.send(id, mail, platform.clock.now()).await?;
    Ok(())
}

fn mail_data(platform: &Platform, seller: &Seller, details: &OrderDetails) -> serde_json::Value {
    let (order, locale) = (&details.order, details.order.snapshot.customer.locale);
    let money = |cents| Money::euro(cents).display(locale);
    let open = details.payments.iter().rfind(|payment| payment.status.is_open());
    let line = |line: &super::rules::OrderLine| {
        json!([format!("{} × {}", line.quantity, line.name.get(locale)), money(line.net_cents)])
    };
    json!({
        "first_name": order.snapshot.customer.first_name,
        "number": order.number,
        "lines": order.snapshot.lines.iter().map(line).collect::<Vec<_>>(),
        "discount": (order.totals.discount_cents > 0).then(|| money(order.totals.discount_cents)),
        "vat": money(order.totals.vat_cents),
        "gross": money(order.totals.gross_cents),
        "due": money(order.totals.due_cents),
        "method": open.map(|payment| payment.method.as_str()),
        "payment_url": open.and_then(|payment| payment.redirect_url.clone()),
        "iban": open.filter(|payment| payment.method == PaymentMethod::BankTransfer).map(|_| seller.iban.as_str()),
        "pay_until": order.expires_at.map(|deadline| date(deadline, locale)),
        "activations": details.activations.iter().map(|activation| format!("{}/activation/{}", platform.client_url, activation.id)).collect::<Vec<_>>(),
    })
}

fn date(time: crate::platform::clock::Time, locale: Locale) -> String {
    let form = match locale {
        Locale::Italian => "%d/%m/%Y",
        Locale::English => "%Y-%m-%d",
    };
    time.italian_date().format(form).to_string()
}

/// Expires carts that nobody touched and orders that nobody paid, each order in a transaction of its own.
///
/// # Errors
/// When the database fails.
pub async fn expire_overdue(platform: Arc<Platform>) -> Result<(), Problem> {
    let now = platform.clock.now();
    let (orders, carts) = platform
        .db
        .read(move |connection| Ok((store::overdue(connection, now)?, carts::store::any_overdue(connection, now)?)))
        .await?;
    if carts {
        platform.db.write(move |tx| Ok(carts::store::expire(tx, now)?)).await?;
    }
    for order in orders {
        // One that cannot be expired holds up none of the others.
        if let Err(problem) = platform.db.write(move |tx| flow::expire(tx, order, now)).await {
            tracing::error!(%problem, %order, "an order could not be expired");
        }
    }
    Ok(())
}
