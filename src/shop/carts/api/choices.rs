//! A cart's coupon, billing profile and payment method.

use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::respond;
use super::view::CartView;
use crate::customers::billing_profiles::rules::BillingProfileId;
use crate::platform::Platform;
use crate::platform::http::body::ValidJson;
use crate::platform::http::conditions::IfMatch;
use crate::platform::http::openapi::{Conflict, StaleVersion};
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;
use crate::shop::ShopLimits;
use crate::shop::carts::extract::CartHolder;
use crate::shop::carts::flow;
use crate::shop::carts::rules::CartId;
use crate::shop::coupons::codes::TypedCode;
use crate::shop::payments::gateways::Gateways;
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::pricing::treatment::TaxRules;

/// A coupon code as it was typed.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CouponRequest {
    /// Capitals, spaces and hyphens do not matter.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "BENVENUTO100")]
    code: String,
}

/// One of the account's billing profiles.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct BillingProfileChoice {
    billing_profile_id: BillingProfileId,
}

/// How the order is to be paid.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PaymentMethodChoice {
    method: PaymentMethod,
}

/// A way to pay.
#[derive(Serialize, ToSchema)]
pub struct PaymentMethodOption {
    method: PaymentMethod,
    /// For a reader.
    label: String,
}

/// The ways to pay a cart; none where nothing is due.
#[derive(Serialize, ToSchema)]
pub struct PaymentMethodOptions {
    items: Vec<PaymentMethodOption>,
}

/// Puts a coupon on a cart
///
/// The coupon is checked, not held: its use counts from checkout on. Coupons do not add up: a cart that holds another
/// answers 409 `coupon_already_applied` until that is removed.
#[utoipa::path(tag = "carts", params(("id" = CartId, Path), ("If-Match" = Option<String>, Header, nullable = false)), request_body = CouponRequest,
    responses((status = 200, description = "The cart", body = CartView, headers(("ETag" = String))), Conflict, StaleVersion), extensions(("x-rate-limited" = json!(true))),
    security(("cart_token" = []), ("bearer" = [])))]
#[put("/carts/{id}/coupon")]
pub async fn put_cart_coupon(
    platform: web::Data<Platform>,
    limits: web::Data<ShopLimits>,
    request: HttpRequest,
    id: web::Path<CartId>,
    holder: CartHolder,
    condition: IfMatch,
    body: ValidJson<CouponRequest>,
) -> Result<HttpResponse, Problem> {
    limits.coupons.count_sender(&request)?;
    // With the caller in the key, nobody uses up the tries on somebody else's cart.
    limits.coupons_by_cart.count(&request, format!("{id} {}", holder.caller()))?;
    let now = platform.clock.now();
    let typed = TypedCode::read(&body.value.code, &platform.keys)?;
    let contents = platform
        .db
        .write(move |tx| {
            flow::change(tx, *id, &holder, &condition, now, |tx, cart| flow::apply_coupon(tx, cart, &typed, now))
        })
        .await?;
    respond(&platform, &contents)
}

/// Takes the coupon off a cart
#[utoipa::path(tag = "carts", params(("id" = CartId, Path), ("If-Match" = Option<String>, Header, nullable = false)),
    responses((status = 200, description = "The cart", body = CartView, headers(("ETag" = String))), Conflict, StaleVersion),
    security(("cart_token" = []), ("bearer" = [])))]
#[delete("/carts/{id}/coupon")]
pub async fn delete_cart_coupon(
    platform: web::Data<Platform>,
    id: web::Path<CartId>,
    holder: CartHolder,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let contents = platform
        .db
        .write(move |tx| {
            flow::change(tx, *id, &holder, &condition, now, |_, cart| {
                cart.coupon_code_id = None;
                Ok(())
            })
        })
        .await?;
    respond(&platform, &contents)
}

/// Says whom the order is to be made out to
#[utoipa::path(tag = "carts", params(("id" = CartId, Path), ("If-Match" = Option<String>, Header, nullable = false)), request_body = BillingProfileChoice,
    responses((status = 200, description = "The cart", body = CartView, headers(("ETag" = String))), Conflict, StaleVersion), security(("cart_token" = []), ("bearer" = [])))]
#[put("/carts/{id}/billing-profile")]
pub async fn put_cart_billing_profile(
    platform: web::Data<Platform>,
    id: web::Path<CartId>,
    holder: CartHolder,
    condition: IfMatch,
    body: ValidJson<BillingProfileChoice>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let profile = body.value.billing_profile_id;
    let contents = platform
        .db
        .write(move |tx| {
            flow::change(tx, *id, &holder, &condition, now, |tx, cart| flow::choose_billing_profile(tx, cart, profile))
        })
        .await?;
    respond(&platform, &contents)
}

/// Lists the ways to pay a cart
#[utoipa::path(tag = "carts", params(("id" = CartId, Path)), responses((status = 200, description = "The ways", body = PaymentMethodOptions)), security(("cart_token" = []), ("bearer" = [])))]
#[get("/carts/{id}/payment-methods")]
pub async fn list_cart_payment_methods(
    platform: web::Data<Platform>,
    gateways: web::Data<Gateways>,
    id: web::Path<CartId>,
    holder: CartHolder,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let contents = platform.db.read(move |connection| flow::read(connection, *id, &holder, now)).await?;
    let methods = contents.summary(now, &TaxRules::of(&platform.config))?.ways_to_pay(gateways.methods());
    let items =
        methods.into_iter().map(|method| PaymentMethodOption { method, label: method.label().get(locale).to_owned() });
    Ok(HttpResponse::Ok().json(PaymentMethodOptions { items: items.collect() }))
}

/// Says how the order is to be paid
#[utoipa::path(tag = "carts", params(("id" = CartId, Path), ("If-Match" = Option<String>, Header, nullable = false)), request_body = PaymentMethodChoice,
    responses((status = 200, description = "The cart", body = CartView, headers(("ETag" = String))), Conflict, StaleVersion), security(("cart_token" = []), ("bearer" = [])))]
#[put("/carts/{id}/payment-method")]
pub async fn put_cart_payment_method(
    platform: web::Data<Platform>,
    gateways: web::Data<Gateways>,
    id: web::Path<CartId>,
    holder: CartHolder,
    condition: IfMatch,
    body: ValidJson<PaymentMethodChoice>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let (method, available) = (body.value.method, gateways.methods());
    let contents = platform
        .db
        .write(move |tx| {
            flow::change(tx, *id, &holder, &condition, now, |_, cart| {
                flow::choose_payment_method(cart, method, &available)
            })
        })
        .await?;
    respond(&platform, &contents)
}

/// Mounts the choices.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_cart_coupon)
        .service(delete_cart_coupon)
        .service(put_cart_billing_profile)
        .service(list_cart_payment_methods)
        .service(put_cart_payment_method);
}
