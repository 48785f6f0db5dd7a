//! What the templates are filled with: plain JSON, a pure function of the request and its order: of what
//! was bought it tells what the catalogue said then, not what it says now (invariant 5 of the design). The comment at
//! the top of each template lists its keys.

use serde_json::{Value, json};

use super::clauses::listed;
use super::rules::ContractKind;
use crate::activation::requests::holder::{Applicant, Holder};
use crate::activation::requests::rules::ActivationRequest;
use crate::platform::clock::Time;
use crate::platform::locale::Locale;
use crate::platform::money::Money;
use crate::shop::orders::rules::{Order, OrderLine, VatGroup};
use crate::shop::plans::rules::{ComparedFeature, compare_features};
use crate::shop::provider::Provider;

/// The service that is sold.
pub const SERVICE_NAME: &str = "Legalinvoice";
/// Months of a service's first term.
const DURATION_MONTHS: i32 = 12;
/// Days after the decision for which the picture of an identity document is kept.
pub const IDENTITY_DOCUMENT_DAYS: i64 = 90;
/// Years for which contracts and their evidence are kept (arts. 2220 and 2946 c.c.).
const CONTRACT_YEARS: i32 = 10;

/// What a request's contracts are made from.
pub struct Matter<'a> {
    /// The request.
    pub request: &'a ActivationRequest,
    /// Its holder.
    pub holder: &'a Holder,
    /// Its applicant.
    pub applicant: &'a Applicant,
    /// Its order.
    pub order: &'a Order,
    /// The line of the order that bought what is activated.
    pub bought: &'a OrderLine,
    /// Who sells.
    pub provider: &'a Provider,
    /// The version of the template.
    pub template_version: &'a str,
    /// The language.
    pub locale: Locale,
    /// When the documents are made.
    pub made_at: Time,
}

/// The data of one document.
pub fn data(kind: ContractKind, matter: &Matter<'_>) -> Value {
    let mut data = json!({
        "template_version": matter.template_version,
        "order_number": matter.order.number,
        "provider": matter.provider,
        "service": { "name": SERVICE_NAME },
        "date": matter.made_at.italian_date(),
        "made_at": matter.made_at,
    });
    let more = match kind {
        ContractKind::GeneralConditions => json!({ "clauses": listed(matter.locale, matter.holder.holder_type) }),
        ContractKind::OnerousClauses => json!({
            "clauses": listed(matter.locale, matter.holder.holder_type),
            "holder": matter.holder,
            "applicant": matter.applicant,
        }),
        ContractKind::ServiceOrder => service_order(matter),
        ContractKind::PrivacyNotice => json!({
            "data_protection_officer_email": matter.provider.data_protection_officer_email,
            "retention": { "identity_document_days": IDENTITY_DOCUMENT_DAYS, "contract_years": CONTRACT_YEARS },
        }),
    };
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    data
}

fn service_order(matter: &Matter<'_>) -> Value {
    let (order, plan) = (matter.order, matter.bought);
    let feature = |feature: ComparedFeature| json!({ "label": feature.label, "value": feature.values.concat() });
    let features = compare_features(&[&plan.features], matter.locale).into_iter().map(feature);
    let mut applicant = json!(matter.applicant);
    applicant["verified_email"] = json!(matter.request.email);
    let line = |line: &OrderLine| {
        json!({
            "description": line.name.get(matter.locale),
            "quantity": line.quantity,
            "unit_price": Money::euro(line.unit_net_cents),
            "vat_rate": line.vat_rate_basis_points,
            "net": Money::euro(line.net_cents),
        })
    };
    let totals = order.totals;
    let code = order.snapshot.coupon.as_ref().map(|coupon| coupon.code.as_str());
    let discount = json!({ "code": code, "amount": Money::euro(totals.discount_cents) });
    json!({
        "order_date": order.placed_at.italian_date(),
        "activation_request_id": matter.request.id,
        "plan": {
            "name": plan.name.get(matter.locale),
            "description": plan.description.get(matter.locale),
            "features": features.collect::<Vec<_>>(),
        },
        "duration_months": DURATION_MONTHS,
        "lines": order.snapshot.lines.iter().map(line).collect::<Vec<_>>(),
        "discount": (totals.discount_cents > 0).then_some(discount),
        "vat_groups": order.snapshot.vat_groups().into_iter().map(VatGroup::to_document).collect::<Vec<_>>(),
        "totals": {
            "subtotal": Money::euro(totals.net_cents),
            "net": Money::euro(totals.net_cents - totals.discount_cents),
            "vat": Money::euro(totals.vat_cents),
            "gross": Money::euro(totals.gross_cents),
            "due": Money::euro(totals.due_cents),
        },
        // Under split payment the VAT is the only part of the gross that is not due (art. 17-ter D.P.R. 633/1972).
        "split_payment": totals.due_cents < totals.gross_cents,
        "holder": matter.holder,
        "applicant": applicant,
    })
}
