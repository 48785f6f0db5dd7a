//! The sandbox's payment provider: its page, its outcomes and its refunds are the sandbox room's, reached over HTTP as an
//! outside provider would be; its notifications are signed as Standard Webhooks 1.0.0 says.

pub mod rules;

use serde_json::json;
use standardwebhooks::Webhook;

use rules::{SandboxNotification, SandboxPaymentState};

use super::client::{Content, ProviderClient};
use super::{
    Answering, Closing, Gateway, Notification, Opening, Outcome, Paid, PaymentSession, PaymentToOpen, RefundAnswer,
    RefundToMake, SignedCall, Word,
};
use crate::platform::clock::Time;
use crate::platform::http::client::Outbound;
use crate::platform::money::{Currency, Money};
use crate::platform::problem::{MALFORMED_REQUEST, PROVIDER_UNAVAILABLE, Problem};
use crate::shop::payments::refunds::rules::RefundStatus;
use crate::shop::payments::rules::{MoneyOutcome, Payment};
use crate::shop::problems::SIGNATURE_INVALID;

/// Its name.
pub const PROVIDER: &str = "sandbox";

/// The gateway.
pub struct SandboxGateway {
    public_url: String,
    webhook: Webhook,
    client: ProviderClient,
}

impl SandboxGateway {
    /// A gateway whose page and provider are this server's own.
    ///
    /// # Errors
    /// When the secret is not one of Standard Webhooks.
    pub fn new(outbound: &Outbound, public_url: String, secret: &str, token: String) -> Result<Self, String> {
        let client = ProviderClient::new(outbound, format!("{public_url}/v1/sandbox/provider"), token, Vec::new());
        Ok(Self { public_url, webhook: Webhook::new(secret).map_err(|error| error.to_string())?, client })
    }
}

fn outcome_of(outcome: MoneyOutcome, amount: Money) -> Outcome {
    match outcome {
        MoneyOutcome::Succeeded => {
            Outcome::Succeeded(Paid { cents: amount.amount, currency: amount.currency.to_string() })
        }
        MoneyOutcome::Failed => Outcome::Failed,
    }
}

fn word_of(said: &SandboxNotification) -> Word {
    match said {
        SandboxNotification::Payment { reference, outcome, amount } => {
            Word::Payment(*reference, outcome_of(*outcome, *amount))
        }
        SandboxNotification::Refund { reference, outcome } => {
            let status = RefundStatus::from(*outcome);
            Word::Refund(*reference, RefundAnswer { reference: None, status, said_at: None })
        }
    }
}

impl Gateway for SandboxGateway {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn open<'a>(&'a self, wanted: &'a PaymentToOpen) -> Answering<'a, Opening> {
        let id = wanted.payment.id;
        let redirect_url = format!("{}/v1/sandbox/payments/{id}", self.public_url);
        Box::pin(async move { Ok(Opening::Opened(PaymentSession { reference: id.to_string(), redirect_url })) })
    }

    fn close<'a>(&'a self, _: &'a Payment) -> Answering<'a, Closing> {
        // Its page stays open, so that a tester can pay what was given up.
        Box::pin(async { Ok(Closing::Closed) })
    }

    fn look_up<'a>(&'a self, payment: &'a Payment) -> Answering<'a, Option<Outcome>> {
        Box::pin(async move {
            let answer = self.client.get(&format!("/payments/{}", payment.id), &[]).await?;
            let state: SandboxPaymentState = serde_json::from_value(answer.body)
                .map_err(|_| PROVIDER_UNAVAILABLE.problem().caused_by(format!("it answered {}", answer.status)))?;
            Ok(state.outcome.map(|outcome| outcome_of(outcome, state.amount)))
        })
    }

    fn refund<'a>(&'a self, wanted: &'a RefundToMake) -> Answering<'a, RefundAnswer> {
        Box::pin(async move {
            let refund = &wanted.refund;
            let body = json!({
                "payment": wanted.payment.id,
                "refund": refund.id,
                "amount": { "amount": refund.amount_cents, "currency": Currency::Euro },
            });
            let answer = self.client.post("/refunds", &Content::Json(body), &refund.id.to_string()).await?;
            if !answer.is_success() {
                return Err(PROVIDER_UNAVAILABLE.problem().caused_by(format!("it answered {}", answer.status)));
            }
            // Its notification says how it ended.
            let reference = answer.body["id"].as_str().map(str::to_owned);
            Ok(RefundAnswer { reference, status: RefundStatus::Pending, said_at: None })
        })
    }

    fn read(&self, call: &SignedCall<'_>, _now: Time) -> Result<Notification, Problem> {
        let mut headers = http::HeaderMap::new();
        for (name, value) in &call.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse()) {
                headers.insert(name, value);
            }
        }
        self.webhook
            .verify(call.body, &headers)
            .map_err(|error| SIGNATURE_INVALID.problem().caused_by(error.to_string()))?;
        let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let said: SandboxNotification = serde_json::from_slice(call.body).map_err(|_| MALFORMED_REQUEST.problem())?;
        Ok(Notification { id, word: word_of(&said) })
    }
}
