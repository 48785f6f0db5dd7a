//! Stripe: Checkout Sessions, refunds, and notifications signed in its own way.

mod contract;
mod signature;

use serde_json::Value;

use super::client::{Content, ProviderAnswer, ProviderClient};
use super::{
    Answering, Closing, Gateway, Notification, Opening, Outcome, PaymentSession, PaymentToOpen, RefundAnswer,
    RefundToMake, SignedCall,
};
use crate::platform::clock::Time;
use crate::platform::http::client::Outbound;
use crate::platform::problem::{MALFORMED_REQUEST, PROVIDER_UNAVAILABLE, Problem};
use crate::shop::payments::refunds::rules::RefundStatus;
use crate::shop::payments::rules::Payment;
use crate::shop::problems::SIGNATURE_INVALID;

/// Its name.
pub const PROVIDER: &str = "stripe";
const SIGNATURE_HEADER: &str = "stripe-signature";
const SESSIONS: &str = "/v1/checkout/sessions";

/// How Stripe is reached.
pub struct StripeSettings {
    /// Without a trailing slash.
    pub api_url: String,
    /// `sk_…`
    pub secret_key: String,
    /// `whsec_…`
    pub webhook_secret: String,
    /// Where customers come back to.
    pub client_url: String,
}

/// The gateway.
pub struct StripeGateway {
    client: ProviderClient,
    webhook_secret: String,
    client_url: String,
}

impl StripeGateway {
    /// A gateway to one account.
    pub fn new(outbound: &Outbound, settings: StripeSettings) -> Self {
        let StripeSettings { api_url, secret_key, webhook_secret, client_url } = settings;
        let version = vec![("Stripe-Version", contract::VERSION.to_owned())];
        Self { client: ProviderClient::new(outbound, api_url, secret_key, version), webhook_secret, client_url }
    }

    async fn session(&self, payment: &Payment) -> Result<Option<Value>, Problem> {
        let Some(reference) = &payment.provider_reference else { return Ok(None) };
        let path = format!("{SESSIONS}/{reference}");
        let answer = self.client.get(&path, &[("expand[]", "payment_intent")]).await?;
        if answer.is_success() { Ok(Some(answer.body)) } else { Err(unavailable(&answer)) }
    }
}

fn unavailable(answer: &ProviderAnswer) -> Problem {
    PROVIDER_UNAVAILABLE.problem().caused_by(contract::reason_of(answer))
}

impl Gateway for StripeGateway {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn open<'a>(&'a self, wanted: &'a PaymentToOpen) -> Answering<'a, Opening> {
        Box::pin(async move {
            let form = Content::Form(contract::session_form(wanted, &self.client_url));
            let answer = self.client.post(SESSIONS, &form, &wanted.payment.id.to_string()).await?;
            if !answer.is_success() {
                let is_refusal = contract::is_refusal(&answer);
                let refused = Opening::Refused(contract::reason_of(&answer));
                return if is_refusal { Ok(refused) } else { Err(unavailable(&answer)) };
            }
            let text = |name: &str| answer.body[name].as_str().map(str::to_owned);
            let session = text("id").zip(text("url"));
            let (reference, redirect_url) = session.ok_or_else(|| unavailable(&answer))?;
            Ok(Opening::Opened(PaymentSession { reference, redirect_url }))
        })
    }

    fn close<'a>(&'a self, payment: &'a Payment) -> Answering<'a, Closing> {
        Box::pin(async move {
            let Some(reference) = &payment.provider_reference else { return Ok(Closing::Closed) };
            let (path, key) = (format!("{SESSIONS}/{reference}/expire"), format!("close/{}", payment.id));
            let answer = self.client.post(&path, &Content::Form(Vec::new()), &key).await?;
            if answer.is_success() {
                return Ok(Closing::Closed);
            }
            // A session that was paid or expired meanwhile cannot be closed.
            if contract::is_refusal(&answer) { Ok(Closing::OverBefore) } else { Err(unavailable(&answer)) }
        })
    }

    fn look_up<'a>(&'a self, payment: &'a Payment) -> Answering<'a, Option<Outcome>> {
        Box::pin(async move { Ok(self.session(payment).await?.as_ref().and_then(contract::outcome_of_session)) })
    }

    fn refund<'a>(&'a self, wanted: &'a RefundToMake) -> Answering<'a, RefundAnswer> {
        Box::pin(async move {
            let session = self.session(&wanted.payment).await?.unwrap_or_default();
            let Some(intent) = contract::payment_intent_of(&session) else {
                return Err(PROVIDER_UNAVAILABLE.problem().caused_by("the session has no payment intent"));
            };
            // Stripe forgets idempotency keys after a day, and a job may be taken up later than that.
            let list = self.client.get("/v1/refunds", &[("payment_intent", intent), ("limit", "100")]).await?;
            if !list.is_success() {
                return Err(unavailable(&list));
            }
            if let Some(answer) = contract::made_before(&list.body, wanted) {
                return Ok(answer);
            }
            let form = Content::Form(contract::refund_form(wanted, intent));
            let answer = self.client.post("/v1/refunds", &form, &wanted.refund.id.to_string()).await?;
            if answer.is_success() {
                return Ok(contract::refund_answer(&answer.body));
            }
            if !contract::is_refusal(&answer) {
                return Err(unavailable(&answer));
            }
            tracing::warn!(refund = %wanted.refund.id, reason = contract::reason_of(&answer), "the provider refuses a refund");
            // It was never made, so nothing that Stripe says of the whole contains it.
            let said_at = Some(wanted.refund.requested_at);
            Ok(RefundAnswer { reference: None, status: RefundStatus::Failed, said_at })
        })
    }

    fn read(&self, call: &SignedCall<'_>, now: Time) -> Result<Notification, Problem> {
        let header = call.headers.iter().find(|(name, _)| name == SIGNATURE_HEADER).map(|(_, value)| value.as_str());
        signature::verify(header.unwrap_or_default(), call.body, &self.webhook_secret, now.0.timestamp())
            .map_err(|error| SIGNATURE_INVALID.problem().caused_by(error))?;
        let event: Value = serde_json::from_slice(call.body).map_err(|_| MALFORMED_REQUEST.problem())?;
        let text = |name: &str| event[name].as_str().filter(|text| (1..=255).contains(&text.len()));
        let (id, kind) = text("id").zip(text("type")).ok_or_else(|| MALFORMED_REQUEST.problem())?;
        let said_at = contract::time_of(&event, now);
        Ok(Notification { id: id.to_owned(), word: contract::word_of(kind, &event["data"]["object"], said_at) })
    }
}
