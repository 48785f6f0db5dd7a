//! The PDF receipt of an order: what was bought and how it was paid, in the customer's language. Equal orders give equal
//! bytes.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};

use super::flow::OrderDetails;
use super::rules::{OrderLine, VatGroup};
use crate::italy::vat::Exigibility;
use crate::platform::clock::Time;
use crate::platform::crypto::sha256;
use crate::platform::documents::{self, DocumentIdentity, Documents, LAYOUT, Template};
use crate::platform::locale::Locale;
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::payments::rules::PaymentStatus;
use crate::shop::problems::ORDER_STATE_FORBIDS;
use crate::shop::provider::Provider;

/// The folder of the templates' version: a change of wording makes a new one.
const VERSION: &str = "v1";

const BUILT_IN: [(Locale, &str); 2] = [
    (Locale::Italian, include_str!("templates/it/v1/receipt.typ")),
    (Locale::English, include_str!("templates/en/v1/receipt.typ")),
];

/// The receipt's templates and the company that they name.
pub struct ReceiptTemplates {
    provider: Provider,
    sources: HashMap<Locale, String>,
}

impl ReceiptTemplates {
    /// The built-in templates; a file `orders/{it,en}/v1/receipt.typ` below `overrides` replaces one.
    ///
    /// # Errors
    /// An override that cannot be read.
    pub fn new(provider: Provider, overrides: Option<&Path>) -> Result<Self, String> {
        let source = |(locale, built_in)| {
            let path = format!("orders/{locale}/{VERSION}/receipt.typ");
            Ok((locale, documents::source(overrides, &path, built_in)?))
        };
        Ok(Self { provider, sources: BUILT_IN.into_iter().map(source).collect::<Result<_, String>>()? })
    }

    /// What the receipt of an order says.
    ///
    /// # Errors
    /// `order_state_forbids` for an order that was never confirmed.
    pub fn receipt(&self, details: &OrderDetails) -> Result<Receipt, Problem> {
        let order = &details.order;
        let forbidden = || ORDER_STATE_FORBIDS.problem().member("order_status", order.status.as_str().into());
        let confirmed_at = order.confirmed_at.ok_or_else(forbidden)?;
        Ok(Receipt {
            locale: order.snapshot.customer.locale,
            data: data(details, &self.provider, confirmed_at),
            ident: order.id.to_string(),
            file_name: format!("{}.pdf", order.number),
            confirmed_at,
        })
    }

    /// Renders a receipt: call it on a blocking thread.
    ///
    /// # Errors
    /// `internal_error` when a template does not fit the data.
    pub fn render(&self, documents: &Documents, receipt: &Receipt) -> Result<Vec<u8>, Problem> {
        let locale = receipt.locale;
        let source = self.sources.get(&locale).ok_or_else(|| Problem::internal(format!("no receipt in {locale}")))?;
        let identity = DocumentIdentity {
            ident: format!("{}/{}", receipt.ident, hex::encode(sha256(receipt.data.to_string().as_bytes()))),
            title: None,
            timestamp: receipt.confirmed_at.0,
            language: locale.as_str().to_owned(),
        };
        let files = [("/main.typ", source.as_str()), LAYOUT];
        documents
            .render(&Template { main: "/main.typ", files: &files }, &receipt.data, &identity)
            .map_err(Problem::internal)
    }
}

/// A receipt that is to be rendered.
pub struct Receipt {
    /// The name of its file.
    pub file_name: String,
    locale: Locale,
    data: Value,
    ident: String,
    confirmed_at: Time,
}

/// The keys that the comment at the top of the template lists.
fn data(details: &OrderDetails, provider: &Provider, confirmed_at: Time) -> Value {
    let (order, snapshot) = (&details.order, &details.order.snapshot);
    let totals = order.totals;
    let locale = snapshot.customer.locale;
    let line = |line: &OrderLine| {
        json!({
            "description": line.name.get(locale),
            "quantity": line.quantity,
            "unit_price": Money::euro(line.unit_net_cents),
            "vat_rate": line.vat_rate_basis_points,
            "net": Money::euro(line.net_cents),
        })
    };
    let code = snapshot.coupon.as_ref().map(|coupon| coupon.code.as_str());
    let discount = json!({ "code": code, "amount": Money::euro(totals.discount_cents) });
    json!({
        "template_version": format!("{locale}/{VERSION}"),
        "order_number": order.number,
        "provider": provider,
        "order_date": order.placed_at.italian_date(),
        "customer": snapshot.billing,
        "lines": snapshot.lines.iter().map(line).collect::<Vec<_>>(),
        "discount": (totals.discount_cents > 0).then_some(discount),
        "vat_groups": snapshot.vat_groups().into_iter().map(VatGroup::to_document).collect::<Vec<_>>(),
        "totals": {
            "subtotal": Money::euro(totals.net_cents),
            "net": Money::euro(totals.net_cents - totals.discount_cents),
            "vat": Money::euro(totals.vat_cents),
            "gross": Money::euro(totals.gross_cents),
            "due": Money::euro(totals.due_cents),
        },
        "split_payment": snapshot.exigibility == Exigibility::SplitPayment,
        "payment": payment(details, confirmed_at),
        "invoice": details.invoice.map(|invoice| json!({ "number": invoice.number.to_string(), "issued_on": invoice.issued_on })),
    })
}

/// How the order was paid, as it stood when it was confirmed: what is given back later has a credit note of its own.
fn payment(details: &OrderDetails, confirmed_at: Time) -> Value {
    if details.order.totals.due_cents == 0 {
        return json!({ "status": "not_required" });
    }
    let paid = details.payments.iter().rfind(|payment| payment.status == PaymentStatus::Succeeded);
    json!({
        "status": "paid",
        "method": paid.map(|payment| payment.method),
        "paid_on": confirmed_at.italian_date(),
        "reference": paid.map(|payment| payment.id),
    })
}
