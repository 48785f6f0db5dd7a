//! Asking providers about what they have not told, and closing the pages of what was given up.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::flow;
use super::gateways::{Gateways, Outcome};
use super::refunds;
use super::refunds::rules::RefundId;
use super::rules::{Payment, PaymentId, PaymentMethod};
use super::store;
use crate::platform::Platform;
use crate::platform::jobs::{Failure, Job};
use crate::platform::problem::Problem;

/// Seconds without word after which a provider is asked.
pub const TOO_LONG: i64 = 30 * 60;
/// How many payments, and how many refunds, are read at once.
const PORTION: i64 = 100;

/// Owes a provider the call that closes a payment's page.
#[derive(Serialize, Deserialize)]
pub struct ClosePage {
    /// Which payment.
    pub payment_id: PaymentId,
}

impl Job for ClosePage {
    const KIND: &'static str = "close_payment_page";
}

/// Closes the page, so that nobody pays what was given up.
///
/// # Errors
/// When it should be tried again.
pub async fn close_page(platform: Arc<Platform>, gateways: Arc<Gateways>, job: ClosePage) -> Result<(), Failure> {
    let found = platform.db.read(move |connection| Ok(store::find(connection, job.payment_id)?)).await?;
    match found.map(|payment| (gateways.named(&payment.provider), payment)) {
        Some((Ok(gateway), payment)) => Ok(gateway.close(&payment).await?),
        // A provider that is no longer configured has no page of ours.
        Some((Err(_), _)) | None => Ok(()),
    }
}

/// What came of asking about one payment or refund.
#[derive(Debug)]
pub struct Finding {
    /// Its identifier.
    pub about: String,
    /// What the provider said, or why it could not be asked.
    pub said: Result<&'static str, Problem>,
}

/// Asks the providers about every payment and refund that has waited for word for so many seconds, and takes what they
/// say as if they had told it.
///
/// # Errors
/// When the database fails. That a provider cannot be asked is a finding.
pub async fn reconcile(
    platform: &Arc<Platform>,
    gateways: &Gateways,
    older_than: i64,
) -> Result<Vec<Finding>, Problem> {
    let before = platform.clock.now().plus_seconds(-older_than);
    let mut findings = Vec::new();
    let mut last = None;
    loop {
        let portion =
            platform.db.read(move |connection| Ok(store::unsettled(connection, before, last, PORTION)?)).await?;
        let Some(end) = portion.last().map(|payment| payment.id) else { break };
        last = Some(end);
        for payment in portion {
            let about = payment.id.to_string();
            findings.push(Finding { about, said: ask_about_payment(platform, gateways, payment).await });
        }
    }
    let pending =
        platform.db.read(move |connection| Ok(refunds::store::pending_since(connection, before, PORTION)?)).await?;
    for refund in pending {
        if let Some(said) = ask_about_refund(platform, gateways, refund.id, refund.payment_id).await {
            findings.push(Finding { about: refund.id.to_string(), said });
        }
    }
    Ok(findings)
}

async fn ask_about_payment(
    platform: &Arc<Platform>,
    gateways: &Gateways,
    payment: Payment,
) -> Result<&'static str, Problem> {
    let Some(outcome) = gateways.named(&payment.provider)?.look_up(&payment).await? else { return Ok("open") };
    let said = match outcome {
        Outcome::Succeeded(_) => "succeeded",
        Outcome::Processing => "processing",
        Outcome::Failed => "failed",
        Outcome::Expired => "expired",
    };
    let (shared, now) = (platform.clone(), platform.clock.now());
    platform
        .db
        .write(move |tx| flow::arrival::take_outcome(tx, &shared.events, &payment.provider, payment.id, &outcome, now))
        .await?;
    Ok(said)
}

/// None for a refund that a person pays out by bank transfer.
async fn ask_about_refund(
    platform: &Arc<Platform>,
    gateways: &Gateways,
    refund: RefundId,
    payment: PaymentId,
) -> Option<Result<&'static str, Problem>> {
    let payment = platform.db.read(move |connection| Ok(store::find(connection, payment)?)).await;
    if payment.is_ok_and(|payment| payment.is_some_and(|payment| payment.method == PaymentMethod::BankTransfer)) {
        return None;
    }
    if let Err(problem) = refunds::jobs::ask_provider(platform, gateways, refund).await {
        return Some(Err(problem));
    }
    let found = platform.db.read(move |connection| Ok(refunds::store::find(connection, refund)?)).await;
    Some(found.map(|refund| refund.map_or("unknown", |refund| refund.status.as_str())))
}

/// As [`reconcile`], for the regular round: what it found is in the log.
///
/// # Errors
/// When the database fails.
pub async fn reconcile_regularly(platform: &Arc<Platform>, gateways: &Gateways) -> Result<(), Problem> {
    for finding in reconcile(platform, gateways, TOO_LONG).await? {
        match finding.said {
            Ok(said) => tracing::info!(about = finding.about, said, "the payment provider was asked"),
            Err(problem) => tracing::warn!(about = finding.about, %problem, "the payment provider could not be asked"),
        }
    }
    Ok(())
}
