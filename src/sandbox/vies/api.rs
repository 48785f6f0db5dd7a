//! `/v1/sandbox/vies/check-vat-number`, in the form of the Commission's REST API.

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::platform::Platform;
use crate::platform::crypto::random_token;
use crate::platform::http::body::ValidJson;
use crate::platform::problem::Problem;

/// A VAT number to look up, and who asks.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SandboxVatNumber {
    /// Two letters, `EL` for Greece.
    #[validate(length(equal = 2))]
    #[schema(min_length = 2, max_length = 2, example = "DE")]
    country_code: String,
    /// Ending in 0 it is not in use; ending in 999 the state's register does not answer; else it is in use.
    #[validate(length(min = 1, max = 30))]
    #[schema(min_length = 1, max_length = 30, example = "123456789")]
    vat_number: String,
    /// The asking business's state.
    #[validate(length(equal = 2))]
    #[schema(min_length = 2, max_length = 2, example = "IT")]
    requester_member_state_code: Option<String>,
    /// The asking business's number.
    #[validate(length(min = 1, max = 30))]
    #[schema(min_length = 1, max_length = 30, example = "12345678903")]
    requester_number: Option<String>,
}

/// What the register says.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum SandboxVatAnswer {
    /// Yes or no.
    Known(SandboxVatKnown),
    /// Nothing now.
    Outage(SandboxVatOutage),
}

/// Whether a number is in use.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SandboxVatKnown {
    country_code: String,
    vat_number: String,
    valid: bool,
    /// Empty unless the asking business is named.
    request_identifier: String,
    #[schema(example = "2026-11-24")]
    request_date: String,
}

/// That a state's register does not answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SandboxVatOutage {
    action_succeed: bool,
    error_wrappers: Vec<SandboxVatError>,
}

/// Why there is no answer.
#[derive(Serialize, ToSchema)]
pub struct SandboxVatError {
    #[schema(example = "MS_UNAVAILABLE")]
    error: &'static str,
}

/// Looks a VAT number up, as VIES would
///
/// Numbers ending in 0 are not in use; for those ending in 999 the state's register does not answer, which VIES tells with
/// status 200 and a list of errors.
#[utoipa::path(tag = "sandbox", request_body = SandboxVatNumber, responses((status = 200, description = "What is known of it", body = SandboxVatAnswer)))]
#[post("/sandbox/vies/check-vat-number")]
pub async fn check_sandbox_vat_number(
    platform: web::Data<Platform>,
    body: ValidJson<SandboxVatNumber>,
) -> Result<HttpResponse, Problem> {
    let asked = body.value;
    if asked.vat_number.ends_with("999") {
        let error_wrappers = vec![SandboxVatError { error: "MS_UNAVAILABLE" }];
        let outage = SandboxVatOutage { action_succeed: false, error_wrappers };
        return Ok(HttpResponse::Ok().json(SandboxVatAnswer::Outage(outage)));
    }
    let is_named = asked.requester_member_state_code.is_some() && asked.requester_number.is_some();
    let request_identifier = if is_named { format!("SANDBOX{}", &random_token()?[..9]) } else { String::new() };
    Ok(HttpResponse::Ok().json(SandboxVatAnswer::Known(SandboxVatKnown {
        valid: !asked.vat_number.ends_with('0'),
        country_code: asked.country_code,
        vat_number: asked.vat_number,
        request_identifier,
        request_date: platform.clock.now().italian_date().to_string(),
    })))
}

/// Mounts the stand-in.
pub fn routes(config: &mut ServiceConfig) {
    config.service(check_sandbox_vat_number);
}
