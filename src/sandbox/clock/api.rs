//! `POST /v1/sandbox/clock`.

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::store;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::ValidJson;
use crate::platform::problem::Problem;
use crate::sandbox::extract::Tester;

/// How far to move the clock.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ClockRequest {
    /// Seconds, up to a year at a time.
    #[validate(range(min = 0, max = 31622400))]
    #[schema(minimum = 0, maximum = 31622400, example = 660)]
    advance_seconds: i64,
}

/// What the clock shows.
#[derive(Serialize, ToSchema)]
pub struct ClockView {
    now: Time,
    /// Seconds ahead of real time.
    advanced_seconds: i64,
}

/// Moves the clock forward
#[utoipa::path(tag = "sandbox", request_body = ClockRequest, responses((status = 200, description = "What it shows now", body = ClockView)))]
#[post("/sandbox/clock")]
pub async fn advance_sandbox_clock(
    platform: web::Data<Platform>,
    _tester: Tester,
    body: ValidJson<ClockRequest>,
) -> Result<HttpResponse, Problem> {
    let seconds = body.value.advance_seconds;
    let advanced_seconds = platform.db.write(move |tx| Ok(store::advance(tx, seconds)?)).await?;
    platform.clock.set_advanced(advanced_seconds);
    Ok(HttpResponse::Ok().json(ClockView { now: platform.clock.now(), advanced_seconds }))
}

/// Mounts the clock.
pub fn routes(config: &mut ServiceConfig) {
    config.service(advance_sandbox_clock);
}
