//! `/v1/carts`: opening, reading and filling a cart.

pub mod choices;
pub mod view;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::extract::CartHolder;
use super::flow;
use super::rules::{CartContents, CartId, CartItemId, WantedItem};
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::crypto::{random_token, sha256};
use crate::platform::http::body::{OptionalJson, ValidJson};
use crate::platform::http::conditions::{IfMatch, version_tag};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::{Conflict, StaleVersion};
use crate::platform::idempotency::Answer;
use crate::platform::problem::Problem;
use crate::shop::ShopLimits;
use crate::shop::plans::rules::PlanId;
use crate::shop::pricing::treatment::TaxRules;
use view::{CartView, OpenedCart};

/// A plan and how many of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CartItemRequest {
    plan_id: PlanId,
    /// How many.
    #[serde(default = "one")]
    #[validate(range(min = 1, max = 100))]
    #[schema(minimum = 1, maximum = 100, default = 1, example = 1)]
    quantity: i32,
}

/// What to open a cart with.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct OpenCartRequest {
    /// What goes into it.
    #[serde(default)]
    #[validate(nested, length(max = 20))]
    #[schema(max_items = 20)]
    items: Vec<CartItemRequest>,
}

/// How many of an item.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct QuantityRequest {
    /// How many.
    #[validate(range(min = 1, max = 100))]
    #[schema(minimum = 1, maximum = 100, example = 2)]
    quantity: i32,
}

/// How to claim a cart.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// Whether the open cart that the account has is merged into this one. With `false` the account keeps several, such
    /// as one a customer of its own.
    #[serde(default = "yes")]
    #[schema(default = true)]
    merge: bool,
}

impl Default for ClaimRequest {
    fn default() -> Self {
        Self { merge: yes() }
    }
}

fn yes() -> bool {
    true
}

fn one() -> i32 {
    1
}

impl From<CartItemRequest> for WantedItem {
    fn from(request: CartItemRequest) -> Self {
        Self { plan_id: request.plan_id, quantity: request.quantity }
    }
}

/// Opens a cart
///
/// Anybody may. The answer holds, once, the token that later calls send as `X-Cart-Token`.
#[utoipa::path(tag = "carts", request_body = OpenCartRequest, responses((status = 201, description = "The cart and its token", body = OpenedCart)))]
#[post("/carts")]
pub async fn open_cart(
    platform: web::Data<Platform>,
    limits: web::Data<ShopLimits>,
    request: HttpRequest,
    body: ValidJson<OpenCartRequest>,
) -> Result<HttpResponse, Problem> {
    limits.carts.count_sender(&request)?;
    let now = platform.clock.now();
    let token = random_token()?;
    let token_hash = sha256(token.as_bytes());
    let wanted: Vec<WantedItem> = body.value.items.into_iter().map(WantedItem::from).collect();
    let contents = platform.db.write(move |tx| flow::open(tx, &token_hash, &wanted, now)).await?;
    let cart = CartView::of(&contents, now, &TaxRules::of(&platform.config))?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/carts/{}", contents.cart.id)))
        .insert_header((header::ETAG, version_tag(contents.cart.version)))
        .json(OpenedCart { cart, token }))
}

/// Shows a cart
#[utoipa::path(tag = "carts", params(("id" = CartId, Path)), responses((status = 200, description = "The cart", body = CartView, headers(("ETag" = String)))),
    security(("cart_token" = []), ("bearer" = [])))]
#[get("/carts/{id}")]
pub async fn get_cart(
    platform: web::Data<Platform>,
    id: web::Path<CartId>,
    holder: CartHolder,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let contents = platform.db.read(move |connection| flow::read(connection, *id, &holder, now)).await?;
    respond(&platform, &contents)
}

/// Adds a plan to a cart
#[utoipa::path(tag = "carts", params(("id" = CartId, Path), ("If-Match" = Option<String>, Header, nullable = false), ("Idempotency-Key" = Option<String>, Header, nullable = false)),
    request_body = CartItemRequest, responses((status = 201, description = "The cart", body = CartView, headers(("ETag" = String))), Conflict, StaleVersion),
    security(("cart_token" = []), ("bearer" = [])))]
#[post("/carts/{id}/items")]
pub async fn add_cart_item(
    platform: web::Data<Platform>,
    id: web::Path<CartId>,
    holder: CartHolder,
    condition: IfMatch,
    key: IdempotencyKey,
    body: ValidJson<CartItemRequest>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let wanted = body.value.into();
    let key = key.of(holder.caller(), &body.sha256);
    let rules = TaxRules::of(&platform.config);
    let answer = platform
        .write_once(key, now, move |tx| {
            let contents =
                flow::change(tx, *id, &holder, &condition, now, |tx, cart| flow::add_item(tx, cart, wanted, now))?;
            Ok(Answer::json(201, &CartView::of(&contents, now, &rules)?)?
                .at(format!("/v1/carts/{}", *id))
                .etag(version_tag(contents.cart.version)))
        })
        .await?;
    Ok(answer.into())
}

/// Sets the quantity of an item
///
/// So the customer also accepts a price that has changed since it was put in, and the cart no longer warns of it.
#[utoipa::path(tag = "carts", params(("id" = CartId, Path), ("item_id" = CartItemId, Path), ("If-Match" = Option<String>, Header, nullable = false)),
    request_body = QuantityRequest, responses((status = 200, description = "The cart", body = CartView, headers(("ETag" = String))), Conflict, StaleVersion),
    security(("cart_token" = []), ("bearer" = [])))]
#[patch("/carts/{id}/items/{item_id}")]
pub async fn update_cart_item(
    platform: web::Data<Platform>,
    path: web::Path<(CartId, CartItemId)>,
    holder: CartHolder,
    condition: IfMatch,
    body: ValidJson<QuantityRequest>,
) -> Result<HttpResponse, Problem> {
    let (id, item) = path.into_inner();
    let quantity = body.value.quantity;
    let now = platform.clock.now();
    let contents = platform
        .db
        .write(move |tx| {
            flow::change(tx, id, &holder, &condition, now, |tx, cart| flow::set_quantity(tx, cart, item, quantity, now))
        })
        .await?;
    respond(&platform, &contents)
}

/// Takes an item out of a cart
#[utoipa::path(tag = "carts", params(("id" = CartId, Path), ("item_id" = CartItemId, Path), ("If-Match" = Option<String>, Header, nullable = false)),
    responses((status = 200, description = "The cart", body = CartView, headers(("ETag" = String))), Conflict, StaleVersion),
    security(("cart_token" = []), ("bearer" = [])))]
#[delete("/carts/{id}/items/{item_id}")]
pub async fn remove_cart_item(
    platform: web::Data<Platform>,
    path: web::Path<(CartId, CartItemId)>,
    holder: CartHolder,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (id, item) = path.into_inner();
    let now = platform.clock.now();
    let contents = platform
        .db
        .write(move |tx| flow::change(tx, id, &holder, &condition, now, |tx, cart| flow::remove_item(tx, cart, item)))
        .await?;
    respond(&platform, &contents)
}

/// Gives a cart to the account that is logged in
///
/// The open cart that the account had is merged into it: its lines are added, quantities of the same plan are summed, and
/// coupon, billing profile and payment method are taken over where this cart has none. That cart is `merged` then and
/// names this one. Where both together would hold more than a cart may, they stay two. Claiming again changes nothing.
#[utoipa::path(tag = "carts", params(("id" = CartId, Path), ("If-Match" = Option<String>, Header, nullable = false)), request_body(content = Option<ClaimRequest>),
    responses((status = 200, description = "The cart", body = CartView, headers(("ETag" = String))), Conflict, StaleVersion),
    security(("bearer" = [], "cart_token" = [])))]
#[post("/carts/{id}/claim")]
pub async fn claim_cart(
    platform: web::Data<Platform>,
    id: web::Path<CartId>,
    customer: Customer,
    holder: CartHolder,
    condition: IfMatch,
    body: OptionalJson<ClaimRequest>,
) -> Result<HttpResponse, Problem> {
    let (now, merges) = (platform.clock.now(), body.value.merge);
    let contents =
        platform.db.write(move |tx| flow::claim(tx, *id, customer, (&holder, &condition), merges, now)).await?;
    respond(&platform, &contents)
}

/// Mounts the carts.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(open_cart)
        .service(get_cart)
        .service(add_cart_item)
        .service(update_cart_item)
        .service(remove_cart_item)
        .service(claim_cart);
    choices::routes(config);
}

fn respond(platform: &Platform, contents: &CartContents) -> Result<HttpResponse, Problem> {
    let view = CartView::of(contents, platform.clock.now(), &TaxRules::of(&platform.config))?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, version_tag(contents.cart.version))).json(view))
}
