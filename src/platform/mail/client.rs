//! The SMTP client.

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};

use super::Mail;
use crate::platform::jobs::{Failure, JobId};

const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);

/// Says that no person wrote the mail, so that nobody's absence is answered to it (RFC 3834 §5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// A pooled connection to one SMTP server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// A client for `smtp://USER:PASSWORD@HOST:PORT` (add `?tls=required` for STARTTLS) or `smtps://`.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub fn new(url: &str, from: Mailbox) -> Result<Self, String> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| format!("NEGOZIO_SMTP_URL: {error}"))?
            .timeout(Some(TIMEOUT))
            .build();
        Ok(Self { transport, from })
    }

    /// Sends one mail.
    ///
    /// # Errors
    /// Permanent where the server says that no try will do better (a 5yz reply, RFC 5321 §4.2.1), else worth another.
    pub async fn send(&self, job: JobId, mail: &Mail) -> Result<(), Failure> {
        let unwritable = |error: &dyn std::fmt::Display| Failure::Permanent(error.to_string());
        let recipient = mail.to.parse().map_err(|error: lettre::address::AddressError| unwritable(&error))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(recipient)
            .message_id(Some(format!("<{job}@{}>", self.from.email.domain())))
            .subject(&mail.subject)
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|error| unwritable(&error))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Failure::Permanent(error.to_string())),
            Err(error) => Err(Failure::Again(error.to_string())),
        }
    }
}
