//! Opening the pages that a crash or an outage left unopened, closing those of what was given up, and asking providers about
//! what they have not told. Each call is a job of its own, so that a slow provider holds up nothing else.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::flow;
use super::gateways::{Closing, Gateways, Outcome};
use super::refunds;
use super::refunds::jobs::MakeRefund;
use super::refunds::rules::RefundId;
use super::rules::{Payment, PaymentId, PaymentStatus};
use super::store;
use crate::platform::Platform;
use crate::platform::db::DbConnection;
use crate::platform::jobs::{self, Failure, Job};
use crate::platform::problem::Problem;

/// Seconds without word after which a provider is asked.
pub const TOO_LONG: i64 = 30 * 60;
/// Seconds after which a payment without a page is one that was forgotten.
const FORGOTTEN: i64 = 60;
/// How many payments, and how many refunds, are read at once.
const PORTION: i64 = 100;

/// Owes a provider the call that opens a payment's page.
#[derive(Serialize, Deserialize)]
pub struct OpenPage {
    /// Which payment.
    pub payment_id: PaymentId,
}

impl Job for OpenPage {
    const KIND: &'static str = "open_payment_page";
}

/// Owes a provider a question: what became of a payment.
#[derive(Serialize, Deserialize)]
pub struct AskAboutPayment {
    /// Which.
    pub payment_id: PaymentId,
}

impl Job for AskAboutPayment {
    const KIND: &'static str = "ask_about_payment";
}

/// Owes a provider the call that closes a payment's page.
#[derive(Serialize, Deserialize)]
pub struct ClosePage {
    /// Which payment.
    pub payment_id: PaymentId,
}

impl Job for ClosePage {
    const KIND: &'static str = "close_payment_page";
}

/// Owes the pages that a crash between two transactions, or an outage, left unopened.
///
/// # Errors
/// When the database fails.
pub async fn owe_forgotten_pages(platform: Arc<Platform>) -> Result<(), Problem> {
    let now = platform.clock.now();
    let before = now.plus_seconds(-FORGOTTEN);
    let forgotten = platform.db.read(move |connection| Ok(store::unopened(connection, before)?)).await?;
    for payment_id in forgotten.into_iter().map(|payment| payment.id) {
        let once = format!("open/{payment_id}");
        platform.db.write(move |tx| jobs::enqueue_once(tx, &OpenPage { payment_id }, &once, now)).await?;
    }
    Ok(())
}

/// Opens the page, where that was not done meanwhile.
///
/// # Errors
/// When it should be tried again.
pub async fn open_page(platform: Arc<Platform>, gateways: Arc<Gateways>, job: OpenPage) -> Result<(), Failure> {
    let found = platform.db.read(move |connection| Ok(store::find(connection, job.payment_id)?)).await?;
    match found.filter(|payment| payment.status == PaymentStatus::Created) {
        Some(payment) => Ok(flow::open_at_provider(&platform, &gateways, payment).await?),
        None => Ok(()),
    }
}

/// Closes the page, so that nobody pays what was given up. Where it was over before, the customer may have paid just then:
/// the provider is asked, so that the money is seen.
///
/// # Errors
/// When it should be tried again.
pub async fn close_page(platform: Arc<Platform>, gateways: Arc<Gateways>, job: ClosePage) -> Result<(), Failure> {
    let found = platform.db.read(move |connection| Ok(store::find(connection, job.payment_id)?)).await?;
    match found.map(|payment| (gateways.named(&payment.provider), payment)) {
        Some((Ok(gateway), payment)) => {
            if gateway.close(&payment).await? == Closing::OverBefore {
                ask_about_payment(&platform, &gateways, payment).await?;
            }
            Ok(())
        }
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
    let payments = all(
        platform,
        move |connection, last| Ok(store::unsettled(connection, before, last, PORTION)?),
        |payment| payment.id,
    );
    for payment in payments.await? {
        let about = payment.id.to_string();
        findings.push(Finding { about, said: ask_about_payment(platform, gateways, payment).await });
    }
    let refunds = all(
        platform,
        move |connection, last| Ok(refunds::store::pending_since(connection, before, last, PORTION)?),
        |refund| *refund,
    );
    for refund in refunds.await? {
        let said = ask_about_refund(platform, gateways, refund).await;
        findings.push(Finding { about: refund.to_string(), said });
    }
    Ok(findings)
}

/// All that `find` finds, read a portion at a time: those after the key that it is given.
async fn all<T, K>(
    platform: &Platform,
    find: impl Fn(&mut DbConnection, Option<K>) -> Result<Vec<T>, Problem> + Clone + Send + 'static,
    key: impl Fn(&T) -> K,
) -> Result<Vec<T>, Problem>
where
    T: Send + 'static,
    K: Copy + Send + 'static,
{
    let mut found = Vec::new();
    loop {
        let (find, last) = (find.clone(), found.last().map(&key));
        let portion = platform.db.read(move |connection| find(connection, last)).await?;
        if portion.is_empty() {
            return Ok(found);
        }
        found.extend(portion);
    }
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

async fn ask_about_refund(
    platform: &Arc<Platform>,
    gateways: &Gateways,
    refund: RefundId,
) -> Result<&'static str, Problem> {
    refunds::jobs::ask_provider(platform, gateways, refund).await?;
    let found = platform.db.read(move |connection| Ok(refunds::store::find(connection, refund)?)).await?;
    Ok(found.map_or("unknown", |refund| refund.status.as_str()))
}

/// Owes, once an hour, the questions that [`reconcile`] asks.
///
/// # Errors
/// When the database fails.
pub async fn owe_questions(platform: Arc<Platform>) -> Result<(), Problem> {
    let now = platform.clock.now();
    let (before, hour) = (now.plus_seconds(-TOO_LONG), now.0.timestamp() / 3600);
    let payments = platform.db.in_portions(
        move |connection, last| {
            let portion = store::unsettled(connection, before, last, PORTION)?;
            Ok(portion.into_iter().map(|payment| payment.id).collect())
        },
        move |tx, portion| {
            portion.iter().try_for_each(|payment_id| {
                let once = format!("ask/{payment_id}/{hour}");
                jobs::enqueue_once(tx, &AskAboutPayment { payment_id: *payment_id }, &once, now)
            })
        },
    );
    payments.await?;
    let refunds = platform.db.in_portions(
        move |connection, last| Ok(refunds::store::pending_since(connection, before, last, PORTION)?),
        move |tx, portion| {
            portion.iter().try_for_each(|refund_id| {
                let once = format!("refund/{refund_id}/{hour}");
                jobs::enqueue_once(tx, &MakeRefund { refund_id: *refund_id }, &once, now)
            })
        },
    );
    refunds.await
}

/// Asks about one payment that still waits for word.
///
/// # Errors
/// When it should be tried again.
pub async fn ask(platform: Arc<Platform>, gateways: Arc<Gateways>, job: AskAboutPayment) -> Result<(), Failure> {
    let found = platform.db.read(move |connection| Ok(store::find(connection, job.payment_id)?)).await?;
    let waits = |payment: &Payment| matches!(payment.status, PaymentStatus::RequiresAction | PaymentStatus::Processing);
    if let Some(payment) = found.filter(waits) {
        ask_about_payment(&platform, &gateways, payment).await?;
    }
    Ok(())
}
