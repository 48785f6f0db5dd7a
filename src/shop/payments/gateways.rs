//! The interface to payment providers, and the ways to pay that a server offers.

pub mod client;
pub mod sandbox;
pub mod stripe;

use std::future::Future;
use std::pin::Pin;

use super::refunds::rules::{Refund, RefundId, RefundStatus, RefundTotal};
use super::rules::{Payment, PaymentId, PaymentMethod};
use crate::platform::clock::Time;
use crate::platform::locale::Locale;
use crate::platform::money::Currency;
use crate::platform::problem::{NOT_FOUND, Problem};

/// A payment whose page a provider is asked for.
pub struct PaymentToOpen {
    /// The payment.
    pub payment: Payment,
    /// The number of its order.
    pub order_number: String,
    /// Who pays.
    pub email: String,
    /// In which language.
    pub locale: Locale,
    /// When the page closes, by the time outside.
    pub expires_at: Time,
}

/// A provider's page, opened for one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentSession {
    /// The provider's name for the payment.
    pub reference: String,
    /// Where the customer pays.
    pub redirect_url: String,
}

/// What came of asking for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// It is open.
    Opened(PaymentSession),
    /// The provider refuses, and will whenever it is asked; says why, for the log.
    Refused(String),
}

/// What came of closing a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// Nobody can pay there any more.
    Closed,
    /// It was over before: paid or expired, which only the provider can say.
    OverBefore,
}

/// What became of a payment, as its provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Money came.
    Succeeded(Paid),
    /// The customer did their part, and the money is on its way.
    Processing,
    /// The provider refused.
    Failed,
    /// The page was open for too long.
    Expired,
}

/// Money, as a provider says that it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// In the currency's smallest unit.
    pub cents: i64,
    /// ISO 4217 code in capitals.
    pub currency: String,
}

impl Paid {
    /// Whether it is what a payment asked for.
    pub fn is_whole(&self, payment: &Payment) -> bool {
        self.euro_cents() == payment.amount_cents
    }

    /// Cents of the one currency that we sell in; none of any other.
    pub fn euro_cents(&self) -> i64 {
        if self.currency == Currency::Euro.as_str() { self.cents.max(0) } else { 0 }
    }
}

/// What a provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// About a payment.
    Payment(PaymentId, Outcome),
    /// About a refund that we asked for.
    Refund(RefundId, RefundAnswer),
    /// How much of a payment was given back, whoever asked for it.
    RefundedSoFar(PaymentId, RefundTotal),
    /// Nothing that concerns us.
    Other,
}

/// A provider's word, its signature checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Unique at the provider, so that a repetition is known.
    pub id: String,
    /// What it says.
    pub word: Word,
}

/// A refund that a provider is asked for.
#[derive(Debug, Clone)]
pub struct RefundToMake {
    /// The refund; its identifier is the idempotency key.
    pub refund: Refund,
    /// The payment that it is of.
    pub payment: Payment,
}

/// How a refund stands at its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundAnswer {
    /// The provider's name for it.
    pub reference: Option<String>,
    /// How it stands; a refusal is a failure.
    pub status: RefundStatus,
    /// When its provider said so, by the time outside; none where it was asked, which is now.
    pub said_at: Option<Time>,
}

/// The headers and body of a notification, as they came.
pub struct SignedCall<'a> {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes that were signed.
    pub body: &'a [u8],
}

/// An answer that a provider takes its time for.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send + 'a>>;

/// A payment provider. It is called outside transactions only.
pub trait Gateway: Send + Sync {
    /// Its name in paths and rows.
    fn provider(&self) -> &'static str;

    /// Opens a page for a payment; called again for the same payment, it opens no second one.
    fn open<'a>(&'a self, wanted: &'a PaymentToOpen) -> Answering<'a, Opening>;

    /// Closes a payment's page, so that nobody pays what was given up.
    fn close<'a>(&'a self, payment: &'a Payment) -> Answering<'a, Closing>;

    /// Asks what became of a payment; none while the customer may still pay.
    fn look_up<'a>(&'a self, payment: &'a Payment) -> Answering<'a, Option<Outcome>>;

    /// Gives money back; called again for the same refund, it gives back no more.
    fn refund<'a>(&'a self, wanted: &'a RefundToMake) -> Answering<'a, RefundAnswer>;

    /// Reads a notification after checking its signature and age; `now` is the time outside, where a sandbox's clock was
    /// not moved.
    ///
    /// # Errors
    /// `signature_invalid`, or `malformed_request`.
    fn read(&self, call: &SignedCall<'_>, now: Time) -> Result<Notification, Problem>;
}

/// What this server takes.
pub struct Gateways {
    card: Option<Box<dyn Gateway>>,
}

impl Gateways {
    /// Bank transfers, and cards where there is a provider for them.
    pub fn new(card: Option<Box<dyn Gateway>>) -> Self {
        Self { card }
    }

    /// The ways to pay.
    pub fn methods(&self) -> Vec<PaymentMethod> {
        let card = self.card.is_some().then_some(PaymentMethod::Card);
        card.into_iter().chain([PaymentMethod::BankTransfer]).collect()
    }

    /// Who handles a method: the provider's name, which for bank transfers is our own back office.
    pub fn provider_of(&self, method: PaymentMethod) -> &'static str {
        match (method, &self.card) {
            (PaymentMethod::Card, Some(gateway)) => gateway.provider(),
            _ => "back_office",
        }
    }

    /// The gateway of a method that needs one.
    pub fn gateway_of(&self, method: PaymentMethod) -> Option<&dyn Gateway> {
        match method {
            PaymentMethod::Card => self.card.as_deref(),
            PaymentMethod::BankTransfer => None,
        }
    }

    /// The gateway of a provider's name.
    ///
    /// # Errors
    /// `not_found`.
    pub fn named(&self, provider: &str) -> Result<&dyn Gateway, Problem> {
        self.card.as_deref().filter(|gateway| gateway.provider() == provider).ok_or_else(|| NOT_FOUND.problem())
    }
}
