//! The OpenAPI document, made from the handlers' annotations without a server.

use actix_web::App;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt as _;

use super::routes;
use crate::platform::http::openapi::finish;
use crate::platform::http::problem_response::ProblemBody;

#[derive(OpenApi)]
#[openapi(
    info(title = "negozio", description = "Sells and activates an online service: plans, carts, orders, activation and review.", license(name = "MIT", identifier = "MIT")),
    servers((url = "/", description = "This server")),
    modifiers(&Security),
    components(schemas(ProblemBody)),
    tags(
        (name = "catalogue", description = "Plans and their comparison; no login"),
        (name = "carts", description = "Carts, their items, coupon, billing profile and payment method, and checkout"),
        (name = "coupons", description = "Coupon checks"),
        (name = "accounts", description = "Registration, verification, password and the account itself"),
        (name = "sessions", description = "Login, refresh and logout"),
        (name = "consents", description = "Consent documents and the choices made on them"),
        (name = "billing profiles", description = "Whom orders are made out to"),
        (name = "orders", description = "Orders, their payments and timeline"),
        (name = "payments", description = "Notifications from payment providers"),
        (name = "activation", description = "Activation requests: OTP, holder, applicant, identity document, contracts, submission"),
        (name = "back office", description = "Review and administration"),
        (name = "sandbox", description = "Mailbox, clock and stand-ins; only when the server runs as a sandbox"),
        (name = "operations", description = "Health, metrics and keys"),
    )
)]
struct Base;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The access token of a session."))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let provisioning = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The provisioning service's token; nobody else has it."))
            .build();
        components.add_security_scheme("provisioning", SecurityScheme::Http(provisioning));
        let payment_provider = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The sandbox payment provider's token; nobody else has it."))
            .build();
        components.add_security_scheme("payment_provider", SecurityScheme::Http(payment_provider));
        components.add_security_scheme(
            "cart_token",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                "X-Cart-Token",
                "The token that opening a cart answered.",
            ))),
        );
    }
}

/// The document with every path, the sandbox's included.
///
/// # Errors
/// When it has no JSON form.
pub fn document() -> Result<Value, String> {
    document_of(true)
}

/// The document of what a server serves: in live mode the sandbox's paths do not exist.
///
/// # Errors
/// When it has no JSON form.
pub fn document_of(is_sandbox: bool) -> Result<Value, String> {
    let collected = App::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .configure(|config| routes::mount(config, is_sandbox))
        .split_for_parts()
        .1;
    let mut codes: Vec<&str> = routes::problem_codes().iter().map(|code| code.name).collect();
    codes.sort_unstable();
    finish(&collected, &codes).map_err(|error| error.to_string())
}

/// The committed files: name and text.
///
/// # Errors
/// When the document has no JSON or YAML form.
pub fn files() -> Result<[(&'static str, String); 2], String> {
    let document = document()?;
    let json = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())? + "\n";
    let typed: utoipa::openapi::OpenApi = serde_json::from_value(document).map_err(|error| error.to_string())?;
    let yaml = typed.to_yaml().map_err(|error| error.to_string())?;
    Ok([("openapi.json", json), ("openapi.yaml", yaml)])
}
