//! The mails of accounts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::link_token;
use super::rules::{Account, AccountId, EmailVerificationId, PasswordResetId, RESET_LIFETIME};
use super::store::{self, links};
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::crypto::Keyring;
use crate::platform::jobs::runner::Handlers;
use crate::platform::jobs::{Failure, Job, JobId};
use crate::platform::locale::Locale;
use crate::platform::mail::templates::MailTemplate;
use crate::platform::problem::Problem;

/// The templates.
pub const MAIL_TEMPLATES: [MailTemplate; 4] = [
    crate::mail_template!("accounts", "email_verification"),
    crate::mail_template!("accounts", "password_reset"),
    crate::mail_template!("accounts", "password_changed"),
    crate::mail_template!("accounts", "invitation"),
];
/// The purpose of the key that seals the addresses of password resets.
const RESET_ADDRESSES: &str = "password-reset-addresses";

/// Owes an account the link that proves its address.
#[derive(Serialize, Deserialize)]
pub struct VerificationMail {
    /// Which verification; the link's secret is made from it when the mail is sent.
    pub verification_id: EmailVerificationId,
}

impl Job for VerificationMail {
    const KIND: &'static str = "verification_mail";
}

/// Owes whoever has an address, if anybody, the link that sets a new password.
#[derive(Serialize, Deserialize)]
pub struct PasswordResetMail {
    /// The reset that begins if there is such an account.
    reset_id: PasswordResetId,
    /// The address, encrypted for this reset, in hexadecimal: it may be nobody's that we know.
    sealed_email: String,
}

impl Job for PasswordResetMail {
    const KIND: &'static str = "password_reset_mail";
}

impl PasswordResetMail {
    /// The mail to an address.
    ///
    /// # Errors
    /// `internal_error` when encryption fails.
    pub fn to(keys: &Keyring, email: &str) -> Result<Self, Problem> {
        let reset_id = PasswordResetId::new();
        let sealed = keys.seal(RESET_ADDRESSES, reset_id.0.as_bytes(), email.as_bytes())?;
        Ok(Self { reset_id, sealed_email: hex::encode(sealed) })
    }

    fn email(&self, keys: &Keyring) -> Result<String, Problem> {
        let sealed = hex::decode(&self.sealed_email).map_err(Problem::internal)?;
        let email = keys.open(RESET_ADDRESSES, self.reset_id.0.as_bytes(), &sealed)?;
        String::from_utf8(email).map_err(Problem::internal)
    }
}

/// Owes an account the news that its password was changed.
#[derive(Serialize, Deserialize)]
pub struct PasswordChangedMail {
    /// Whose.
    pub account_id: AccountId,
    /// When.
    pub changed_at: Time,
}

impl Job for PasswordChangedMail {
    const KIND: &'static str = "password_changed_mail";
}

/// Owes somebody the link that sets the first password of an account of the back office.
#[derive(Serialize, Deserialize)]
pub struct InvitationMail {
    /// The reset whose token the link carries.
    pub reset_id: PasswordResetId,
}

impl Job for InvitationMail {
    const KIND: &'static str = "invitation_mail";
}

/// Registers the handlers of the mails.
pub fn register(handlers: &mut Handlers, platform: &Arc<Platform>) {
    let shared = platform.clone();
    handlers.on(move |id, job: VerificationMail| send_verification(shared.clone(), id, job));
    let shared = platform.clone();
    handlers.on(move |id, job: PasswordResetMail| send_reset(shared.clone(), id, job));
    let shared = platform.clone();
    handlers.on(move |id, job: PasswordChangedMail| send_password_changed(shared.clone(), id, job));
    let shared = platform.clone();
    handlers.on(move |id, job: InvitationMail| send_invitation(shared.clone(), id, job));
}

/// A link that was used, has expired or belongs to an erased account is not sent.
async fn send_verification(platform: Arc<Platform>, job_id: JobId, job: VerificationMail) -> Result<(), Failure> {
    let (id, now) = (job.verification_id, platform.clock.now());
    let account = platform
        .db
        .read(move |connection| match links::pending_verification(connection, id, now)? {
            Some(account) => store::find(connection, account),
            None => Ok(None),
        })
        .await?;
    let Some(account) = account else { return Ok(()) };
    let token = link_token::write(&platform.keys, link_token::EMAIL_VERIFICATION, id)?;
    let url = format!("{}/email-verification?token={token}", platform.client_url);
    let data = json!({ "first_name": account.first_name, "url": url });
    send(&platform, job_id, "accounts/email_verification", &account, data).await
}

/// An address that is nobody's gets nothing. Run again, it finds its reset begun and sends the same link.
async fn send_reset(platform: Arc<Platform>, job_id: JobId, job: PasswordResetMail) -> Result<(), Failure> {
    let (id, email, now) = (job.reset_id, job.email(&platform.keys)?, platform.clock.now());
    let account = platform
        .db
        .write(move |tx| {
            let account = store::find_by_email(tx, &email)?;
            if let Some(account) = &account {
                links::insert_reset(tx, id, account.id, RESET_LIFETIME, now)?;
            }
            Ok(account)
        })
        .await?;
    let Some(account) = account else { return Ok(()) };
    let token = link_token::write(&platform.keys, link_token::PASSWORD_RESET, id)?;
    let url = format!("{}/password-reset?token={token}", platform.client_url);
    let data = json!({ "first_name": account.first_name, "url": url });
    send(&platform, job_id, "accounts/password_reset", &account, data).await
}

/// An invitation that was accepted or has expired is not sent.
async fn send_invitation(platform: Arc<Platform>, job_id: JobId, job: InvitationMail) -> Result<(), Failure> {
    let (id, now) = (job.reset_id, platform.clock.now());
    let account = platform
        .db
        .read(move |connection| match links::pending_reset(connection, id, now)? {
            Some(account) => store::find(connection, account),
            None => Ok(None),
        })
        .await?;
    let Some(account) = account else { return Ok(()) };
    let token = link_token::write(&platform.keys, link_token::PASSWORD_RESET, id)?;
    let url = format!("{}/password-reset?token={token}", platform.client_url);
    let data = json!({ "first_name": account.first_name, "role": account.role, "email": account.email, "url": url });
    send(&platform, job_id, "accounts/invitation", &account, data).await
}

async fn send_password_changed(
    platform: Arc<Platform>,
    job_id: JobId,
    job: PasswordChangedMail,
) -> Result<(), Failure> {
    let id = job.account_id;
    let Some(account) = platform.db.read(move |connection| store::find(connection, id)).await? else { return Ok(()) };
    let day = day_of(job.changed_at, account.locale);
    let reset_url = format!("{}/password-reset", platform.client_url);
    let data = json!({ "first_name": account.first_name, "day": day, "reset_url": reset_url });
    send(&platform, job_id, "accounts/password_changed", &account, data).await
}

/// The day of a moment as a mail writes it.
pub fn day_of(moment: Time, locale: Locale) -> String {
    let date = moment.italian_date();
    let day = match locale {
        Locale::Italian => date.format("%d/%m/%Y"),
        Locale::English => date.format("%Y-%m-%d"),
    };
    day.to_string()
}

/// Sends a mail to an account.
///
/// # Errors
/// When it cannot be rendered, or sent now.
pub async fn send(
    platform: &Platform,
    job_id: JobId,
    template: &str,
    account: &Account,
    data: Value,
) -> Result<(), Failure> {
    let mail = platform.mail_templates.render(template, account.locale, &account.email, data)?;
    platform.mailer.send(job_id, mail, platform.clock.now()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::mail::templates::MailTemplates;

    #[test]
    fn a_reset_carries_its_address_for_our_key_only() {
        let keys = Keyring::new([1; 32]);
        let job = PasswordResetMail::to(&keys, "mario.rossi@example.com").unwrap();
        assert!(!serde_json::to_string(&job).unwrap().contains("mario"));
        assert_eq!(job.email(&keys).unwrap(), "mario.rossi@example.com");
        assert!(job.email(&Keyring::new([2; 32])).is_err());
    }

    #[test]
    fn each_mail_is_written_in_both_languages_and_shows_its_link() {
        let templates = MailTemplates::new(&MAIL_TEMPLATES, None, "https://shop.example".to_owned()).unwrap();
        let link = "https://shop.example/x?token=t";
        let data = json!({ "first_name": "<Mario>", "url": link, "day": "24/11/2026", "reset_url": link,
            "role": "reviewer", "email": "mario@example.com" });
        for template in MAIL_TEMPLATES {
            for locale in Locale::ALL {
                let mail = templates.render(template.name, *locale, "a@example.com", &data).unwrap();
                assert!(!mail.subject.is_empty() && mail.text.contains("<Mario>"), "{}", template.name);
                assert!(mail.text.contains(link), "{}", template.name);
                assert!(mail.html.contains("&lt;Mario&gt;"), "{}", template.name);
            }
        }
    }
}
