//! What is written to Stripe and read from it, as its API reference of 2024-06-20 has it: Checkout Sessions, refunds and
//! events.

use chrono::DateTime;
use serde_json::Value;

use super::signature::TOLERANCE;
use crate::platform::clock::Time;
use crate::platform::locale::Locale;
use crate::shop::payments::gateways::client::ProviderAnswer;
use crate::shop::payments::gateways::{Outcome, Paid, PaymentToOpen, RefundAnswer, RefundToMake, Word};
use crate::shop::payments::refunds::rules::{RefundReason, RefundStatus, RefundTotal};

/// The version of the API that the calls ask for.
pub const VERSION: &str = "2024-06-20";

/// Metadata by which our things are known again. A customer can set a session's `client_reference_id` through a payment
/// link, but not its metadata.
const PAYMENT: &str = "payment_id";
const REFUND: &str = "refund_id";

fn field(name: &str, value: impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

/// The form that opens a Checkout Session. It is the same whenever it is made for a payment, as the idempotency key asks.
pub fn session_form(wanted: &PaymentToOpen, client_url: &str) -> Vec<(String, String)> {
    let payment = &wanted.payment;
    let back = format!("{client_url}/orders/{}", payment.order_id);
    let name = match wanted.locale {
        Locale::Italian => format!("Ordine {}", wanted.order_number),
        Locale::English => format!("Order {}", wanted.order_number),
    };
    vec![
        field("mode", "payment"),
        field("client_reference_id", payment.id),
        field("metadata[payment_id]", payment.id),
        field("metadata[order_id]", payment.order_id),
        field("payment_intent_data[metadata][payment_id]", payment.id),
        field("line_items[0][quantity]", 1),
        field("line_items[0][price_data][currency]", "eur"),
        field("line_items[0][price_data][unit_amount]", payment.amount_cents),
        field("line_items[0][price_data][product_data][name]", name),
        field("customer_email", &wanted.email),
        field("locale", wanted.locale),
        field("expires_at", wanted.expires_at.0.timestamp()),
        field("success_url", format!("{back}?payment=completed")),
        field("cancel_url", format!("{back}?payment=cancelled")),
    ]
}

/// The form that gives money back.
pub fn refund_form(wanted: &RefundToMake, payment_intent: &str) -> Vec<(String, String)> {
    let reason = match wanted.refund.reason {
        RefundReason::CustomerRequest | RefundReason::Withdrawal => Some("requested_by_customer"),
        RefundReason::Duplicate => Some("duplicate"),
        RefundReason::Overpayment | RefundReason::Other => None,
    };
    let form = [
        field("payment_intent", payment_intent),
        field("amount", wanted.refund.amount_cents),
        field("metadata[refund_id]", wanted.refund.id),
    ];
    form.into_iter().chain(reason.map(|reason| field("reason", reason))).collect()
}

/// Whether an error is about what was asked, so that asking again does no better; a wrong key or a lost permission is
/// mended by whoever runs the shop.
pub fn is_refusal(answer: &ProviderAnswer) -> bool {
    matches!(answer.status, 400 | 402 | 404) && answer.body["error"]["type"] != "idempotency_error"
}

/// What an error says of itself, for the log.
pub fn reason_of(answer: &ProviderAnswer) -> String {
    let error = &answer.body["error"];
    let said = [&error["code"], &error["message"]].into_iter().find_map(Value::as_str).unwrap_or_default();
    format!("{}: {}", answer.status, said.chars().take(200).collect::<String>())
}

fn ours<T: std::str::FromStr>(object: &Value, name: &str) -> Option<T> {
    object["metadata"][name].as_str()?.parse().ok()
}

fn paid(session: &Value) -> Outcome {
    let currency = session["currency"].as_str().unwrap_or_default().to_uppercase();
    Outcome::Succeeded(Paid { cents: session["amount_total"].as_i64().unwrap_or_default(), currency })
}

/// How a session stands that was asked for, its payment intent written out; none while the customer may still pay.
pub fn outcome_of_session(session: &Value) -> Option<Outcome> {
    match (session["status"].as_str()?, session["payment_status"].as_str().unwrap_or_default()) {
        ("expired", _) => Some(Outcome::Expired),
        ("complete", "unpaid") => match session["payment_intent"]["status"].as_str() {
            Some("requires_payment_method" | "canceled") => Some(Outcome::Failed),
            _ => Some(Outcome::Processing),
        },
        ("complete", _) => Some(paid(session)),
        _ => None,
    }
}

/// The payment intent of a session, which refunds name.
pub fn payment_intent_of(session: &Value) -> Option<&str> {
    let intent = &session["payment_intent"];
    intent.as_str().or_else(|| intent["id"].as_str())
}

/// How a refund stands.
pub fn refund_answer(refund: &Value) -> RefundAnswer {
    let status = match refund["status"].as_str() {
        Some("succeeded") => RefundStatus::Succeeded,
        Some("failed" | "canceled") => RefundStatus::Failed,
        _ => RefundStatus::Pending,
    };
    RefundAnswer { reference: refund["id"].as_str().map(str::to_owned), status, said_at: None }
}

/// The refund that we made before, in a list of a payment intent's.
pub fn made_before(list: &Value, wanted: &RefundToMake) -> Option<RefundAnswer> {
    let mut refunds = list["data"].as_array()?.iter();
    refunds.find(|refund| ours(refund, REFUND) == Some(wanted.refund.id)).map(refund_answer)
}

/// When an event happened, in whole seconds; `now` where it does not say, or says that it has yet to happen.
pub fn time_of(event: &Value, now: Time) -> Time {
    let latest = now.0.timestamp() + TOLERANCE;
    let created = event["created"].as_i64().filter(|seconds| (0..=latest).contains(seconds));
    created.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).map_or(now, Time)
}

/// What an event says. Kinds that we do not follow, and things that are not ours, say nothing.
pub fn word_of(kind: &str, object: &Value, said_at: Time) -> Word {
    let about_session = |outcome| ours(object, PAYMENT).map(|payment| Word::Payment(payment, outcome));
    let word = match kind {
        "checkout.session.completed" if object["payment_status"] == "unpaid" => about_session(Outcome::Processing),
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => about_session(paid(object)),
        "checkout.session.async_payment_failed" => about_session(Outcome::Failed),
        "checkout.session.expired" => about_session(Outcome::Expired),
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            let answer = RefundAnswer { said_at: Some(said_at), ..refund_answer(object) };
            ours(object, REFUND).map(|refund| Word::Refund(refund, answer))
        }
        "charge.refunded" => {
            let cents = object["amount_refunded"].as_i64().unwrap_or_default();
            ours(object, PAYMENT).map(|payment| Word::RefundedSoFar(payment, RefundTotal { cents, said_at }))
        }
        _ => None,
    };
    word.unwrap_or(Word::Other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shop::payments::rules::PaymentId;

    const AT: Time = Time(DateTime::UNIX_EPOCH);

    fn session(status: &str, payment_status: &str) -> Value {
        json!({
            "id": "cs_1", "status": status, "payment_status": payment_status, "amount_total": 100, "currency": "eur",
            "metadata": { "payment_id": PaymentId(uuid::Uuid::nil()) },
        })
    }

    #[test]
    fn a_session_is_read_as_it_stands() {
        let euro = Outcome::Succeeded(Paid { cents: 100, currency: "EUR".to_owned() });
        assert_eq!(outcome_of_session(&session("open", "unpaid")), None);
        assert_eq!(outcome_of_session(&session("complete", "paid")), Some(euro));
        assert_eq!(outcome_of_session(&session("complete", "unpaid")), Some(Outcome::Processing));
        assert_eq!(outcome_of_session(&session("expired", "unpaid")), Some(Outcome::Expired));
        let mut refused = session("complete", "unpaid");
        refused["payment_intent"] = json!({ "id": "pi_1", "status": "requires_payment_method" });
        assert_eq!(outcome_of_session(&refused), Some(Outcome::Failed));
        assert_eq!(payment_intent_of(&refused), Some("pi_1"));
        assert_eq!(outcome_of_session(&Value::Null), None);
    }

    #[test]
    fn events_that_are_not_ours_say_nothing() {
        let mut foreign = session("complete", "paid");
        foreign["metadata"] = json!({ "payment_id": "somebody else's" });
        assert_eq!(word_of("checkout.session.completed", &foreign, AT), Word::Other);
        assert_eq!(word_of("payment_intent.created", &session("complete", "paid"), AT), Word::Other);
        assert_eq!(word_of("refund.updated", &json!({ "status": "succeeded", "metadata": {} }), AT), Word::Other);
        let id = PaymentId(uuid::Uuid::nil());
        let unpaid = session("complete", "unpaid");
        assert_eq!(word_of("checkout.session.completed", &unpaid, AT), Word::Payment(id, Outcome::Processing));
        let charge = json!({ "amount_refunded": 5, "metadata": { "payment_id": id } });
        assert_eq!(
            word_of("charge.refunded", &charge, AT),
            Word::RefundedSoFar(id, RefundTotal { cents: 5, said_at: AT })
        );
    }

    #[test]
    fn an_event_says_when_it_happened() {
        let now = Time(DateTime::from_timestamp(1_800_000_000, 500).unwrap());
        let at = |created: Value| time_of(&json!({ "created": created }), now);
        assert_eq!(at(json!(1_700_000_000)).0.timestamp(), 1_700_000_000);
        assert_eq!(at(json!(1_800_000_002)).0.timestamp(), 1_800_000_002, "its clock may be a little ahead");
        for wrong in [json!(-1), json!(i64::MAX), json!(1_900_000_000), json!("soon"), Value::Null] {
            assert_eq!(at(wrong), now);
        }
    }
}
