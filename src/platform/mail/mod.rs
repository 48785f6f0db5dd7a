//! Mails: rendered from templates in the job that sends them, and handed to an SMTP server, the sandbox's mailbox, or both.

pub mod client;
pub mod store;
pub mod templates;

use super::clock::Time;
use super::db::Db;
use super::jobs::{Failure, JobId};
use client::Smtp;

crate::typed_id!(
    /// A mail in the sandbox's mailbox.
    MailId = "mail"
);

/// One mail, ready to be sent. Its `Debug` shows no address and no text.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The recipient's address.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The one-time code in it, which the sandbox's mailbox shows apart.
    pub otp: Option<String>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail(…)")
    }
}

/// Where mails go.
pub struct Mailer {
    smtp: Option<Smtp>,
    mailbox: Option<Db>,
}

impl Mailer {
    /// A mailer to an SMTP server, a sandbox's mailbox, or both.
    pub fn new(smtp: Option<Smtp>, mailbox: Option<Db>) -> Self {
        Self { smtp, mailbox }
    }

    /// Sends a mail. The job's identifier becomes the `Message-ID`, so that a mail that had to be sent twice can be told.
    ///
    /// # Errors
    /// When the SMTP server does not take it.
    pub async fn send(&self, job: JobId, mail: Mail, now: Time) -> Result<(), Failure> {
        if let Some(smtp) = &self.smtp {
            smtp.send(job, &mail).await?;
        }
        if let Some(db) = &self.mailbox {
            db.write(move |tx| Ok(store::deliver(tx, job, &mail, now)?)).await?;
        }
        Ok(())
    }
}
