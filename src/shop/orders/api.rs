//! `/v1/orders` and `POST /v1/carts/{id}/checkout`.

pub mod back_office;
pub mod receipt;
pub mod view;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::checkout::{self, Checkout};
use super::flow;
use super::rules::{OrderEvent, OrderId, OrderStatus};
use super::store::{self, OrderFilter};
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::http::body::{EmptyBody, OptionalJson, ValidJson, ValidQuery};
use crate::platform::http::conditions::IfMatch;
use crate::platform::http::idempotency_key::{IdempotencyKey, RequiredIdempotencyKey};
use crate::platform::http::openapi::{Conflict, StaleVersion};
use crate::platform::http::page::{Page, default_limit, position};
use crate::platform::idempotency::Answer;
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::carts::extract::CartHolder;
use crate::shop::carts::rules::{CartId, ShownTotals};
use crate::shop::payments;
use crate::shop::payments::gateways::Gateways;
use crate::shop::payments::rules::PaymentMethod;
use view::{OrderView, answer};

/// What the customer saw when they bought.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CheckoutRequest {
    /// The gross total that was shown; another one answers 409 `total_changed` with the new totals, and naming those
    /// accepts them. It says nothing of what is due, which changes without the gross where split payment begins or ends: see
    /// `expected_due`.
    expected_total: Option<Money>,
    /// The `due` that was shown: what the customer agreed to pay. Another one answers 409 `total_changed` too. Without
    /// this and `expected_total`, only a rise above what the cart comes to at the prices that the customer saw, taxed as of
    /// now, does.
    expected_due: Option<Money>,
}

/// How to pay.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PaymentRequest {
    method: PaymentMethod,
}

/// Which orders.
#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OrderQuery {
    /// Only orders in this state.
    #[param(inline, nullable = false)]
    status: Option<OrderStatus>,
    /// How many items at most.
    #[serde(default = "default_limit")]
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: i64,
    /// The `next_cursor` of the page before.
    #[validate(length(max = 100))]
    #[param(max_length = 100, nullable = false)]
    cursor: Option<String>,
}

/// An order's timeline.
#[derive(Serialize, ToSchema)]
pub struct OrderTimeline {
    /// Oldest first.
    items: Vec<OrderEvent>,
}

/// Buys what is in a cart
///
/// One order a cart, whatever is retried. At a total of zero the order is confirmed at once; otherwise a payment is started.
#[utoipa::path(tag = "carts", params(("id" = CartId, Path), ("If-Match" = Option<String>, Header, nullable = false), ("Idempotency-Key" = String, Header, description = "A fresh random value, the same when you retry")),
    request_body(content = Option<CheckoutRequest>), responses((status = 201, description = "The order", body = OrderView, headers(("Location" = String))), Conflict, StaleVersion), security(("bearer" = [])))]
#[post("/carts/{id}/checkout")]
pub async fn check_out(
    platform: web::Data<Platform>,
    gateways: web::Data<Gateways>,
    id: web::Path<CartId>,
    (customer, holder): (Customer, CartHolder),
    condition: IfMatch,
    key: RequiredIdempotencyKey,
    body: OptionalJson<CheckoutRequest>,
) -> Result<HttpResponse, Problem> {
    let checkout = Checkout {
        customer,
        cart_id: *id,
        holder,
        condition,
        shown: ShownTotals {
            gross_cents: body.value.expected_total.map(|total| total.amount),
            due_cents: body.value.expected_due.map(|due| due.amount),
        },
        key: key.of(customer.account_id, &body.sha256),
    };
    let answer = checkout::check_out(platform.into_inner(), gateways.into_inner(), checkout, answer).await?;
    Ok(answer.into())
}

/// Lists one's orders
#[utoipa::path(tag = "orders", params(OrderQuery), responses((status = 200, description = "One page", body = Page<OrderView>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/orders")]
pub async fn list_orders(
    platform: web::Data<Platform>,
    request: HttpRequest,
    customer: Customer,
    query: ValidQuery<OrderQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.0;
    let filter = OrderFilter {
        account: Some(customer.account_id),
        status: query.status,
        before: position(query.cursor.as_deref())?,
        ..OrderFilter::default()
    };
    respond_with_page(&platform, &request, filter, query.limit).await
}

async fn respond_with_page(
    platform: &Platform,
    request: &HttpRequest,
    filter: OrderFilter,
    limit: i64,
) -> Result<HttpResponse, Problem> {
    let found = platform.db.read_one_moment(move |connection| flow::list(connection, &filter, limit + 1)).await?;
    let views = found.iter().map(OrderView::of).collect();
    Ok(Page::cut(views, limit, |view: &OrderView| view.id.to_string()).to_response(request))
}

/// Shows an order
#[utoipa::path(tag = "orders", params(("id" = OrderId, Path)), responses((status = 200, description = "The order", body = OrderView)), security(("bearer" = [])))]
#[get("/orders/{id}")]
pub async fn get_order(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let details =
        platform.db.read_one_moment(move |connection| flow::own_details(connection, customer.account_id, *id)).await?;
    Ok(HttpResponse::Ok().json(OrderView::of(&details)))
}

/// Pays an order again, or another way
#[utoipa::path(tag = "orders", params(("id" = OrderId, Path), ("Idempotency-Key" = String, Header, description = "A fresh random value, the same when you retry")),
    request_body = PaymentRequest, responses((status = 201, description = "The order with its new payment", body = OrderView, headers(("Location" = String))), Conflict), security(("bearer" = [])))]
#[post("/orders/{id}/payments")]
pub async fn pay_order(
    platform: web::Data<Platform>,
    gateways: web::Data<Gateways>,
    id: web::Path<OrderId>,
    customer: Customer,
    key: RequiredIdempotencyKey,
    body: ValidJson<PaymentRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of(customer.account_id, &body.sha256);
    let (platform, gateways) = (platform.into_inner(), gateways.into_inner());
    let answer =
        payments::flow::pay_again(platform, gateways, customer.account_id, *id, body.value.method, key, answer).await?;
    Ok(answer.into())
}

/// Gives up an order that is not paid
#[utoipa::path(tag = "orders", params(("id" = OrderId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)),
    responses((status = 200, description = "The order", body = OrderView), Conflict), security(("bearer" = [])))]
#[post("/orders/{id}/cancellation")]
pub async fn cancel_order(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    customer: Customer,
    key: IdempotencyKey,
    body: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let key = key.of(customer.account_id, &body.sha256);
    let answer = platform
        .write_once(key, now, move |tx| {
            let mut order = flow::own_locked(tx, customer.account_id, *id)?;
            flow::cancel(tx, &mut order, now)?;
            Answer::json(200, &OrderView::of(&flow::details(tx, *id)?))
        })
        .await?;
    Ok(answer.into())
}

/// Shows what happened to an order
#[utoipa::path(tag = "orders", params(("id" = OrderId, Path)), responses((status = 200, description = "Oldest first", body = OrderTimeline)), security(("bearer" = [])))]
#[get("/orders/{id}/timeline")]
pub async fn get_order_timeline(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let items = platform
        .db
        .read(move |connection| {
            flow::own_details(connection, customer.account_id, *id)?;
            Ok(store::timeline(connection, *id)?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(OrderTimeline { items }))
}

/// Mounts checkout and the orders.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(check_out)
        .service(list_orders)
        .service(get_order)
        .service(pay_order)
        .service(cancel_order)
        .service(get_order_timeline);
    receipt::routes(config);
    back_office::routes(config);
}
