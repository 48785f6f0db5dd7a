//! `POST /v1/coupon-checks`, and the back office's campaigns and codes.

pub mod campaigns;
pub mod codes;

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::codes::TypedCode;
use super::store;
use crate::platform::Platform;
use crate::platform::http::body::ValidJson;
use crate::platform::problem::Problem;
use crate::shop::ShopLimits;
use crate::shop::carts::api::view::Totals;
use crate::shop::plans;
use crate::shop::plans::rules::PlanId;
use crate::shop::pricing::rules::{Purchase, net_of, price_purchases};
use crate::shop::problems::{COUPON_NOT_VALID, PLAN_NOT_AVAILABLE};

/// A code and a plan to try it on.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CouponCheckRequest {
    /// Capitals, spaces and hyphens do not matter.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "SCONTO20")]
    code: String,
    plan_id: PlanId,
}

/// What a coupon would make of a plan's price.
#[derive(Serialize, ToSchema)]
pub struct CouponCheck {
    /// In its canonical form; of a generated code only the end.
    code: String,
    /// The campaign's name.
    campaign: String,
    /// The price of one.
    totals: Totals,
}

/// Tries a coupon on a plan
///
/// What depends on whom the order is made out to (a first order, uses of one customer) is told once the cart knows it.
#[utoipa::path(tag = "coupons", request_body = CouponCheckRequest, responses((status = 200, description = "It may be used", body = CouponCheck)), extensions(("x-rate-limited" = json!(true))))]
#[post("/coupon-checks")]
pub async fn check_coupon(
    platform: web::Data<Platform>,
    limits: web::Data<ShopLimits>,
    request: HttpRequest,
    body: ValidJson<CouponCheckRequest>,
) -> Result<HttpResponse, Problem> {
    limits.coupons.count_sender(&request)?;
    let now = platform.clock.now();
    let typed = TypedCode::read(&body.value.code, &platform.keys)?;
    let check = platform
        .db
        .read(move |connection| {
            let plan = plans::store::find_active(connection, body.value.plan_id)?
                .ok_or_else(|| PLAN_NOT_AVAILABLE.problem())?;
            let coupon = store::codes::find_typed(connection, &typed)?.ok_or_else(|| COUPON_NOT_VALID.problem())?;
            let purchases = [Purchase { plan, quantity: 1 }];
            coupon.check(&purchases, None, now)?;
            let priced = price_purchases(&purchases, coupon.campaign.discount.off(net_of(&purchases)), false)?;
            Ok(CouponCheck { code: coupon.code, campaign: coupon.campaign.name, totals: priced.totals.into() })
        })
        .await?;
    Ok(HttpResponse::Ok().json(check))
}

/// Mounts the coupons.
pub fn routes(config: &mut ServiceConfig) {
    config.service(check_coupon);
    campaigns::routes(config);
    codes::routes(config);
}
