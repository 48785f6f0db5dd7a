//! The mail with the invitation: the job knows the invitation only, and makes the link when it sends.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::rules::{LINK, RepresentativeInvitationId};
use super::store;
use crate::activation::contracts::data::SERVICE_NAME;
use crate::activation::requests;
use crate::customers::accounts;
use crate::customers::accounts::link_token;
use crate::platform::Platform;
use crate::platform::jobs::{Failure, Job, JobId};
use crate::platform::mail::templates::MailTemplate;

/// The templates.
pub const MAIL_TEMPLATES: [MailTemplate; 1] = [crate::mail_template!("activation", "representative_invitation")];

/// Owes an invitation's mail.
#[derive(Serialize, Deserialize)]
pub struct RepresentativeMail {
    /// Which invitation.
    pub invitation_id: RepresentativeInvitationId,
}

impl Job for RepresentativeMail {
    const KIND: &'static str = "representative_mail";
}

/// Sends the mail of an invitation that is still open.
///
/// # Errors
/// When it should be tried again.
pub async fn send(platform: Arc<Platform>, id: JobId, job: RepresentativeMail) -> Result<(), Failure> {
    let invitation_id = job.invitation_id;
    let found = platform
        .db
        .read(move |connection| {
            let Some(invitation) = store::find(connection, invitation_id)? else { return Ok(None) };
            let Some(request) = requests::store::find(connection, invitation.request_id)? else { return Ok(None) };
            let account = accounts::store::find(connection, request.account_id)?;
            Ok(account.map(|account| (invitation, request, account)))
        })
        .await?;
    let Some((invitation, request, account)) = found else { return Ok(()) };
    let now = platform.clock.now();
    let is_open = invitation.is_open(request.status, now);
    let (Some(holder), Some(applicant), true) = (&request.holder, &request.applicant, is_open) else {
        return Ok(());
    };
    let token = link_token::write(&platform.keys, LINK, invitation_id)?;
    let data = json!({
        "first_name": invitation.first_name,
        "service": SERVICE_NAME,
        "applicant": applicant.full_name(),
        "holder": holder.display_name(),
        "url": format!("{}/representative?token={token}", platform.client_url),
        "expires_on": invitation.expires_at.italian_date(),
    });
    let name = "activation/representative_invitation";
    let mail = platform.mail_templates.render(name, account.locale, &invitation.email, data)?;
    platform.mailer.send(id, mail, now).await?;
    Ok(())
}
