//! An order as it is answered.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::customers::billing_profiles::rules::BillingDetails;
use crate::customers::billing_profiles::vat_check::VatNumberCheck;
use crate::italy::vat::Natura;
use crate::platform::clock::Time;
use crate::platform::idempotency::Answer;
use crate::platform::locale::Localized;
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::carts::api::view::Totals;
use crate::shop::invoices::rules::{InvoiceId, IssuedInvoice};
use crate::shop::orders::flow::OrderDetails;
use crate::shop::orders::rules::{OrderActivation, OrderCoupon, OrderId, OrderLine, OrderReview, OrderStatus};
use crate::shop::payments::refunds::api::RefundView;
use crate::shop::payments::rules::{Payment, PaymentId, PaymentMethod, PaymentStatus};
use crate::shop::plans::rules::PlanId;
use crate::shop::withdrawals;
use crate::shop::withdrawals::api::WithdrawalView;

/// One line of an order, as it was bought.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub struct OrderLineView {
    plan_id: PlanId,
    slug: String,
    name: Localized,
    quantity: i32,
    /// Net price of one.
    unit_price: Money,
    /// The version of that price.
    price_version: i32,
    /// Before discount and VAT.
    net: Money,
    /// Its share of the discount.
    discount: Money,
    /// Basis points.
    vat_rate: i32,
    /// Why it bears no VAT, as the FatturaPA codes it; null unless the rate is zero.
    #[schema(required = true, example = "N2.1")]
    natura: Option<&'static str>,
    /// Its share of the VAT.
    vat: Money,
}

impl From<&OrderLine> for OrderLineView {
    fn from(line: &OrderLine) -> Self {
        Self {
            plan_id: line.plan_id,
            slug: line.slug.clone(),
            name: line.name.clone(),
            quantity: line.quantity,
            unit_price: Money::euro(line.unit_net_cents),
            price_version: line.price_version,
            net: Money::euro(line.net_cents),
            discount: Money::euro(line.discount_cents),
            vat_rate: line.vat_rate_basis_points,
            natura: line.natura.map(Natura::code),
            vat: Money::euro(line.vat_cents),
        }
    }
}

/// A payment of an order.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView {
    id: PaymentId,
    method: PaymentMethod,
    status: PaymentStatus,
    /// Asked for.
    amount: Money,
    /// Arrived.
    received: Money,
    /// Given back.
    refunded: Money,
    /// The provider's page, where the customer must go; null where there is none.
    #[schema(required = true)]
    redirect_url: Option<String>,
    created_at: Time,
}

impl From<&Payment> for PaymentView {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id,
            method: payment.method,
            status: payment.status,
            amount: Money::euro(payment.amount_cents),
            received: Money::euro(payment.received_cents),
            refunded: Money::euro(payment.refunded_cents),
            redirect_url: payment.redirect_url.clone(),
            created_at: payment.created_at,
        }
    }
}

/// The invoice of an order.
#[derive(Serialize, ToSchema)]
pub struct OrderInvoice {
    id: InvoiceId,
    #[schema(example = "FE-2026-000001")]
    number: String,
    issued_on: NaiveDate,
}

impl From<IssuedInvoice> for OrderInvoice {
    fn from(invoice: IssuedInvoice) -> Self {
        Self { id: invoice.id, number: invoice.number.to_string(), issued_on: invoice.issued_on }
    }
}

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderView {
    /// Which.
    pub id: OrderId,
    /// Without gaps in its year.
    #[schema(example = "2026-000001")]
    number: String,
    status: OrderStatus,
    lines: Vec<OrderLineView>,
    totals: Totals,
    #[schema(required = true)]
    coupon: Option<OrderCoupon>,
    /// Whom it is made out to, as the profile was then.
    billing_profile: BillingDetails,
    /// What VIES had said of its VAT number then; null where it knows no such numbers.
    #[schema(required = true)]
    vat_number_check: Option<VatNumberCheck>,
    /// Oldest first.
    payments: Vec<PaymentView>,
    /// Money that came beyond what is due, and is to be given back.
    excess: Money,
    /// Oldest first.
    refunds: Vec<RefundView>,
    /// Why a person must look at the order's money; null where nobody must.
    #[schema(required = true)]
    review: Option<OrderReview>,
    /// One a unit, once the order is confirmed.
    activation_requests: Vec<OrderActivation>,
    /// Null until it is issued, and where no money is due.
    #[schema(required = true)]
    invoice: Option<OrderInvoice>,
    placed_at: Time,
    #[schema(required = true)]
    confirmed_at: Option<Time>,
    /// Until when it can be paid.
    #[schema(required = true)]
    expires_at: Option<Time>,
    /// The last day on which the consumer can withdraw from it; null where there is no such right.
    #[schema(required = true)]
    withdrawal_until: Option<NaiveDate>,
    /// What the consumer declared; null where they did not withdraw.
    #[schema(required = true)]
    withdrawal: Option<WithdrawalView>,
}

impl OrderView {
    /// The order as it stands.
    pub fn of(details: &OrderDetails) -> Self {
        let order = &details.order;
        Self {
            id: order.id,
            number: order.number.clone(),
            status: order.status,
            lines: order.snapshot.lines.iter().map(OrderLineView::from).collect(),
            totals: order.into(),
            coupon: order.snapshot.coupon.clone(),
            billing_profile: order.snapshot.billing.clone(),
            vat_number_check: order.snapshot.vat_number_check.clone(),
            payments: details.payments.iter().map(PaymentView::from).collect(),
            excess: Money::euro(order.excess_cents(&details.payments)),
            refunds: details.refunds.iter().map(RefundView::from).collect(),
            review: order.review,
            activation_requests: details.activations.clone(),
            invoice: details.invoice.map(OrderInvoice::from),
            placed_at: order.placed_at,
            confirmed_at: order.confirmed_at,
            expires_at: order.expires_at,
            withdrawal_until: withdrawals::rules::last_day(order),
            withdrawal: details.withdrawal.as_ref().map(WithdrawalView::from),
        }
    }
}

/// The answer of an order that was just placed or is paid again.
///
/// # Errors
/// `internal_error` when it has no JSON form.
pub fn answer(details: &OrderDetails) -> Result<Answer, Problem> {
    Ok(Answer::json(201, &OrderView::of(details))?.at(format!("/v1/orders/{}", details.order.id)))
}
