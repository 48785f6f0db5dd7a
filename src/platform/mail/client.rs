//! The SMTP client.

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};

use super::Mail;
use crate::platform::jobs::JobId;
use crate::platform::problem::{PROVIDER_UNAVAILABLE, Problem};

const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);

/// A pooled connection to one SMTP server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// A client for `smtp://USER:PASSWORD@HOST:PORT` (add `?tls=required` for STARTTLS) or `smtps://`.
    ///
    /// # Errors
    /// What is wrong with the address or the sender.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| format!("NEGOZIO_SMTP_URL: {error}"))?
            .timeout(Some(TIMEOUT))
            .build();
        let from = from.parse().map_err(|error| format!("NEGOZIO_MAIL_FROM: {error}"))?;
        Ok(Self { transport, from })
    }

    /// Sends one mail.
    ///
    /// # Errors
    /// `provider_unavailable` when the server does not take it.
    pub async fn send(&self, job: JobId, mail: &Mail) -> Result<(), Problem> {
        let recipient = mail.to.parse().map_err(Problem::internal)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(recipient)
            .message_id(Some(format!("<{job}@{}>", self.from.email.domain())))
            .subject(&mail.subject)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(Problem::internal)?;
        self.transport.send(message).await.map_err(|error| PROVIDER_UNAVAILABLE.problem().caused_by(error))?;
        Ok(())
    }
}
