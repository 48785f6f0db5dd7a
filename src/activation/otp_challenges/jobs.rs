//! The mail with the code: the job knows the challenge only, and makes the code when it sends.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::flow::open_secret;
use super::rules::{ChallengePurpose, ChallengeStatus, LIFETIME, OtpChallengeId, code_of};
use super::store;
use crate::activation::{representatives, requests};
use crate::customers::accounts;
use crate::platform::Platform;
use crate::platform::jobs::{Failure, Job, JobId};
use crate::platform::mail::templates::MailTemplate;

/// The templates.
pub const MAIL_TEMPLATES: [MailTemplate; 1] = [crate::mail_template!("activation", "otp")];

/// Owes the code of a challenge.
#[derive(Serialize, Deserialize)]
pub struct OtpMail {
    /// Which challenge.
    pub challenge_id: OtpChallengeId,
}

impl Job for OtpMail {
    const KIND: &'static str = "otp_mail";
}

/// Sends the code of a challenge that is still live.
///
/// # Errors
/// When it should be tried again.
pub async fn send(platform: Arc<Platform>, id: JobId, job: OtpMail) -> Result<(), Failure> {
    let challenge_id = job.challenge_id;
    let found = platform
        .db
        .read(move |connection| {
            let Some(challenge) = store::find(connection, challenge_id)? else { return Ok(None) };
            let Some(request) = requests::store::find(connection, challenge.request_id)? else { return Ok(None) };
            let Some(account) = accounts::store::find(connection, request.account_id)? else { return Ok(None) };
            let first_name = match challenge.purpose {
                ChallengePurpose::Applicant => Some(account.first_name),
                ChallengePurpose::Representative => {
                    let invitation = representatives::store::current(connection, request.id)?;
                    invitation.map(|invitation| invitation.first_name)
                }
            };
            Ok(first_name.map(|first_name| (challenge, first_name, account.locale)))
        })
        .await?;
    let Some((challenge, first_name, locale)) = found else { return Ok(()) };
    let now = platform.clock.now();
    if challenge.status != ChallengeStatus::Issued || now >= challenge.expires_at {
        return Ok(());
    }
    let code = code_of(&open_secret(&platform, &challenge)?);
    let data = json!({ "first_name": first_name, "code": code, "minutes": LIFETIME / 60 });
    let mut mail = platform.mail_templates.render("activation/otp", locale, &challenge.email, data)?;
    mail.otp = Some(code);
    platform.mailer.send(id, mail, now).await?;
    Ok(())
}
