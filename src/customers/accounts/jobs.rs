//! The verification mail.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::rules::EmailVerificationId;
use super::store;
use crate::platform::Platform;
use crate::platform::jobs::{Failure, Job, JobId};
use crate::platform::mail::templates::MailTemplate;
use crate::platform::problem::Problem;

/// The templates.
pub const MAIL_TEMPLATES: [MailTemplate; 1] = [crate::mail_template!("accounts", "email_verification")];
const PURPOSE: &str = "email-verification";

/// Owes an account the link that proves its address.
#[derive(Serialize, Deserialize)]
pub struct VerificationMail {
    /// Which verification; the link's secret is made from it when the mail is sent.
    pub verification_id: EmailVerificationId,
}

impl Job for VerificationMail {
    const KIND: &'static str = "verification_mail";
}

/// The token of a verification's link.
///
/// # Errors
/// `internal_error` when the key cannot be derived.
pub fn token(platform: &Platform, id: EmailVerificationId) -> Result<String, Problem> {
    Ok(format!("{id}.{}", platform.keys.link_token(PURPOSE, &id.to_string())?))
}

/// Sends the mail.
///
/// # Errors
/// When it should be tried again.
pub async fn send(platform: Arc<Platform>, job_id: JobId, job: VerificationMail) -> Result<(), Failure> {
    let id = job.verification_id;
    let found = platform
        .db
        .read(move |connection| match store::verified_account(connection, id)? {
            Some(account) => store::find(connection, account),
            None => Ok(None),
        })
        .await?;
    let Some(account) = found else { return Ok(()) };
    let url = format!("{}/email-verification?token={}", platform.client_url, token(&platform, id)?);
    let data = json!({ "first_name": account.first_name, "url": url });
    let mail = platform.mail_templates.render("accounts/email_verification", account.locale, &account.email, data)?;
    platform.mailer.send(job_id, mail, platform.clock.now()).await?;
    Ok(())
}
