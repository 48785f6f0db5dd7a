//! The jobs of a refund: the call to the provider, and the mail to the customer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::flow;
use super::rules::{Refund, RefundId, RefundStatus};
use super::store;
use crate::platform::Platform;
use crate::platform::jobs::{Failure, Job, JobId};
use crate::platform::mail::templates::MailTemplate;
use crate::platform::money::Money;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::shop::orders;
use crate::shop::payments;
use crate::shop::payments::gateways::{Gateways, RefundToMake};
use crate::shop::payments::rules::{Payment, PaymentMethod};

/// The template.
pub const MAIL_TEMPLATES: [MailTemplate; 1] = [crate::mail_template!("payments", "refund_made")];

/// Owes a provider's call that gives money back.
#[derive(Serialize, Deserialize)]
pub struct MakeRefund {
    /// Which refund.
    pub refund_id: RefundId,
}

impl Job for MakeRefund {
    const KIND: &'static str = "make_refund";
}

/// Owes the customer the mail that says that money was given back.
#[derive(Serialize, Deserialize)]
pub struct RefundMail {
    /// Which refund.
    pub refund_id: RefundId,
}

impl Job for RefundMail {
    const KIND: &'static str = "refund_mail";
}

/// Has the provider give the money back; called again, it finds the refund that it made before.
///
/// # Errors
/// When it should be tried again.
pub async fn make(platform: Arc<Platform>, gateways: Arc<Gateways>, job: MakeRefund) -> Result<(), Failure> {
    Ok(ask_provider(&platform, &gateways, job.refund_id).await?)
}

/// As [`make`], for whoever wants to know what went wrong.
///
/// # Errors
/// `provider_unavailable`, or `not_found` where the provider that took the money is no longer configured.
pub async fn ask_provider(platform: &Arc<Platform>, gateways: &Gateways, id: RefundId) -> Result<(), Problem> {
    let (refund, payment) = platform.db.read(move |connection| read(connection, id)).await?;
    // What came by bank transfer a person pays out.
    if refund.status != RefundStatus::Pending || payment.method == PaymentMethod::BankTransfer {
        return Ok(());
    }
    let wanted = RefundToMake { refund, payment };
    let mut answer = gateways.named(&wanted.payment.provider)?.refund(&wanted).await?;
    answer.said_at.get_or_insert(platform.clock.outside());
    let now = platform.clock.now();
    let shared = platform.clone();
    platform.db.write(move |tx| flow::settle(tx, &shared.events, id, &answer, now)).await
}

fn read(connection: &mut crate::platform::db::DbConnection, id: RefundId) -> Result<(Refund, Payment), Problem> {
    let refund = store::find(connection, id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let payment = payments::store::find(connection, refund.payment_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    Ok((refund, payment))
}

/// Sends the mail.
///
/// # Errors
/// When it should be tried again.
pub async fn send(platform: Arc<Platform>, id: JobId, job: RefundMail) -> Result<(), Failure> {
    let (refund, payment, details) = platform
        .db
        .read_one_moment(move |connection| {
            let (refund, payment) = read(connection, job.refund_id)?;
            let details = orders::flow::details(connection, refund.order_id)?;
            Ok((refund, payment, details))
        })
        .await?;
    let customer = &details.order.snapshot.customer;
    let data = json!({
        "first_name": customer.first_name,
        "number": details.order.number,
        "amount": Money::euro(refund.amount_cents).display(customer.locale),
        "method": payment.method,
    });
    let mail = platform.mail_templates.render("payments/refund_made", customer.locale, &customer.email, data)?;
    platform.mailer.send(id, mail, platform.clock.now()).await?;
    Ok(())
}
