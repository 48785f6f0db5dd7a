//! The receipt: what was declared and when it arrived, on a durable medium (art. 54-bis).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::jobs::{Failure, Job, JobId};
use crate::platform::locale::Locale;
use crate::platform::mail::templates::MailTemplate;
use crate::platform::money::Money;
use crate::shop::orders::flow;
use crate::shop::orders::rules::OrderId;
use crate::shop::payments::refunds::rules::RefundReason;

/// The templates.
pub const MAIL_TEMPLATES: [MailTemplate; 1] = [crate::mail_template!("withdrawals", "withdrawal_received")];

/// Owes the consumer the receipt of a withdrawal.
#[derive(Serialize, Deserialize)]
pub struct WithdrawalMail {
    /// From which order.
    pub order_id: OrderId,
}

impl Job for WithdrawalMail {
    const KIND: &'static str = "withdrawal_mail";
}

/// Sends the receipt.
///
/// # Errors
/// When it should be tried again.
pub async fn send(platform: Arc<Platform>, id: JobId, job: WithdrawalMail) -> Result<(), Failure> {
    let details = platform.db.read_one_moment(move |connection| flow::details(connection, job.order_id)).await?;
    let Some(withdrawal) = &details.withdrawal else { return Ok(()) };
    let order = &details.order;
    let locale = order.snapshot.customer.locale;
    let owed = details.refunds.iter().filter(|refund| refund.reason == RefundReason::Withdrawal);
    let given_back: i64 = owed.map(|refund| refund.amount_cents).sum();
    let mail = platform.mail_templates.render(
        "withdrawals/withdrawal_received",
        locale,
        &withdrawal.confirmation_email,
        json!({
            "number": order.number,
            "name": withdrawal.name,
            "contract": withdrawal.contract,
            "received_at": moment(withdrawal.received_at, locale),
            "services": order.snapshot.lines.iter().map(|line| format!("{} × {}", line.quantity, line.name.get(locale))).collect::<Vec<_>>(),
            "refund": (given_back > 0).then(|| Money::euro(given_back).display(locale)),
        }),
    )?;
    platform.mailer.send(id, mail, platform.clock.now()).await?;
    Ok(())
}

fn moment(time: Time, locale: Locale) -> String {
    let form = match locale {
        Locale::Italian => "%d/%m/%Y alle %H:%M:%S (ora italiana)",
        Locale::English => "%Y-%m-%d at %H:%M:%S (Italian time)",
    };
    time.italian_time().format(form).to_string()
}
