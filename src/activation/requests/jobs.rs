//! The mails about a request (guide: the outcome of the check, and the activation, are told by e-mail).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::flow;
use super::idleness::IdleRules;
use super::requirements::{Requirement, requirements};
use super::rules::ActivationRequestId;
use super::store;
use crate::activation::contracts::data::SERVICE_NAME;
use crate::activation::review;
use crate::activation::review::rules::ReviewDecisionId;
use crate::customers::accounts;
use crate::platform::Platform;
use crate::platform::jobs::{Failure, Job, JobId};
use crate::platform::mail::templates::MailTemplate;
use crate::platform::problem::Problem;
use crate::shop::payments;

/// The templates.
pub const MAIL_TEMPLATES: [MailTemplate; 8] = [
    crate::mail_template!("activation", "request_submitted"),
    crate::mail_template!("activation", "request_approved"),
    crate::mail_template!("activation", "resubmission_requested"),
    crate::mail_template!("activation", "request_rejected"),
    crate::mail_template!("activation", "service_active"),
    crate::mail_template!("activation", "request_reminder"),
    crate::mail_template!("activation", "request_expired"),
    crate::mail_template!("activation", "request_cancelled"),
];

crate::text_enum!(
    /// What a mail tells.
    ActivationMailKind {
        Submitted = "submitted",
        Approved = "approved",
        ResubmissionRequested = "resubmission_requested",
        Rejected = "rejected",
        Active = "active",
        Reminder = "reminder",
        Expired = "expired",
        Cancelled = "cancelled",
    }
);

/// Owes the customer a mail about a request.
#[derive(Serialize, Deserialize)]
pub struct ActivationMail {
    /// Which request.
    pub request_id: ActivationRequestId,
    /// What about.
    pub kind: ActivationMailKind,
    /// The decision that it tells.
    pub decision_id: Option<ReviewDecisionId>,
}

impl Job for ActivationMail {
    const KIND: &'static str = "activation_mail";
}

/// Sends the mail, to the address that was proved.
///
/// # Errors
/// When it should be tried again.
pub async fn send(platform: Arc<Platform>, id: JobId, job: ActivationMail) -> Result<(), Failure> {
    let (request_id, decision_id) = (job.request_id, job.decision_id);
    let found = platform
        .db
        .read(move |connection| {
            let Some(request) = store::find(connection, request_id)? else { return Ok(None) };
            let account = accounts::store::find(connection, request.account_id)?;
            let decision = match decision_id {
                Some(decision) => review::store::find(connection, decision)?,
                None => None,
            };
            let payments = payments::store::of_order(connection, request.order_id)?;
            let is_paid = payments.iter().any(|payment| payment.held_cents() > 0);
            Ok(account.map(|account| (request, account, decision, is_paid)))
        })
        .await?;
    let Some((request, account, decision, is_paid)) = found else { return Ok(()) };
    if job.kind == ActivationMailKind::Reminder && !request.status.is_with_customer() {
        return Ok(());
    }
    let locale = account.locale;
    let due = requirements(&request, platform.clock.now().italian_date()).currently_due;
    let due = if due.is_empty() {
        vec![Requirement::submission()]
    } else {
        due.into_iter().map(Requirement::label).collect()
    };
    let due: Vec<&str> = due.iter().map(|label| label.get(locale)).collect();
    let reasons: Vec<&str> = decision
        .iter()
        .flat_map(|decision| &decision.verdict.reasons)
        .map(|reason| reason.reason.get(locale))
        .collect();
    let data = json!({
        "first_name": account.first_name,
        "service": SERVICE_NAME,
        "reasons": reasons,
        "due": due,
        "is_paid": is_paid,
        "message": decision.as_ref().and_then(|decision| decision.verdict.message.clone()),
        "request_url": format!("{}/activation/{}", platform.client_url, request.id),
        "access_url": request.access_url,
        "service_reference": request.service_reference,
    });
    let name = match job.kind {
        ActivationMailKind::Submitted => "activation/request_submitted",
        ActivationMailKind::Approved => "activation/request_approved",
        ActivationMailKind::ResubmissionRequested => "activation/resubmission_requested",
        ActivationMailKind::Rejected => "activation/request_rejected",
        ActivationMailKind::Active => "activation/service_active",
        ActivationMailKind::Reminder => "activation/request_reminder",
        ActivationMailKind::Expired => "activation/request_expired",
        ActivationMailKind::Cancelled => "activation/request_cancelled",
    };
    let to = request.email.as_deref().unwrap_or(&account.email);
    let mail = platform.mail_templates.render(name, locale, to, data)?;
    platform.mailer.send(id, mail, platform.clock.now()).await?;
    Ok(())
}

/// Reminds of unfinished requests and lets them expire, as the configuration says. Only those for which something is due
/// are locked, and one that fails holds up no other: it is due again at the next look.
///
/// # Errors
/// When the database fails.
pub async fn look_after_unfinished(platform: Arc<Platform>) -> Result<(), Problem> {
    let rules = IdleRules::new(&platform.config.activation_reminder_days, platform.config.activation_expiry_days);
    let now = platform.clock.now();
    let Some(since) = rules.earliest(now) else { return Ok(()) };
    let idle = platform.db.read(move |connection| Ok(store::idle_since(connection, since)?)).await?;
    for (id, idle_since, reminders_sent) in idle {
        if rules.step(idle_since, reminders_sent, now).is_none() {
            continue;
        }
        let rules = rules.clone();
        if let Err(problem) = platform.db.write(move |tx| flow::step_idle(tx, id, &rules, now)).await {
            tracing::warn!(request = %id, %problem, "an idle request could not be looked after");
        }
    }
    Ok(())
}
