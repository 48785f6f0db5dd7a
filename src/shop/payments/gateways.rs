//! The interface to payment providers, and the ways to pay that a server offers.

pub mod sandbox;

use std::future::Future;
use std::pin::Pin;

use super::rules::{Payment, PaymentMethod};
use crate::platform::clock::Time;
use crate::platform::problem::{NOT_FOUND, Problem};

/// A provider's page, opened for one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentSession {
    /// The provider's name for the payment.
    pub reference: String,
    /// Where the customer pays.
    pub redirect_url: String,
}

/// What became of a payment, as its provider says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The money came.
    Succeeded,
    /// The provider refused.
    Failed,
}

/// A provider's word about one payment, its signature checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Unique at the provider, so that a repetition is known.
    pub id: String,
    /// The provider's name for the payment.
    pub reference: String,
    /// What became of it.
    pub outcome: Outcome,
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
    fn open<'a>(&'a self, payment: &'a Payment) -> Answering<'a, PaymentSession>;

    /// Reads a notification after checking its signature and age.
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
