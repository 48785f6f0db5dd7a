//! `/v1/sandbox/provisioning/services` and the page of a service.

use actix_web::{HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::store::{self, SandboxServiceId};
use crate::activation::provisioning::rules::ServiceState;
use crate::activation::provisioning::sign_in::{self, SignIn};
use crate::activation::requests::holder::Holder;
use crate::activation::requests::rules::ActivationRequestId;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::idempotency_key::RequiredIdempotencyKey;
use crate::platform::problem::{NOT_FOUND, Problem};
use crate::sandbox::extract::ProvisioningCaller;

/// A service to set up.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the stand-in checks all that it is sent and keeps little of it")]
pub struct SandboxServiceRequest {
    activation_request_id: ActivationRequestId,
    /// The plan's slug.
    #[validate(length(min = 1, max = 80))]
    #[schema(min_length = 1, max_length = 80, example = "legalinvoice-pro")]
    plan: String,
    #[validate(nested)]
    holder: Holder,
    contact: SandboxContact,
}

/// Who uses a service first.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the stand-in only looks at the address")]
pub struct SandboxContact {
    first_name: String,
    last_name: String,
    /// One with `.later` before the `@` has a service that takes a minute of the sandbox's clock.
    email: String,
}

/// What whoever wants a service that takes longer has in their address.
const LATER: &str = ".later@";
/// Seconds that such a service takes.
const LONG: i64 = 60;

/// A service.
#[derive(Serialize, ToSchema)]
pub struct SandboxService {
    service_id: SandboxServiceId,
    status: ServiceState,
    /// Null while it is being set up.
    #[schema(format = "uri", required = true)]
    access_url: Option<String>,
}

impl SandboxService {
    fn of(platform: &Platform, service_id: SandboxServiceId, ready_at: Time) -> Self {
        let is_ready = ready_at <= platform.clock.now();
        Self {
            service_id,
            status: if is_ready { ServiceState::Active } else { ServiceState::SettingUp },
            access_url: is_ready.then(|| format!("{}/v1/sandbox/services/{service_id}", platform.public_url)),
        }
    }
}

/// Sets a service up, as the provisioning service would
///
/// It takes the bearer token of the provisioning service, not one of a session. The same key sets up one service.
#[utoipa::path(tag = "sandbox", params(("Idempotency-Key" = String, Header, description = "The same when the call is repeated")), request_body = SandboxServiceRequest,
    responses((status = 201, description = "The service", body = SandboxService), (status = 202, description = "It is being set up: ask again", body = SandboxService)), security(("provisioning" = [])))]
#[post("/sandbox/provisioning/services")]
pub async fn create_sandbox_service(
    platform: web::Data<Platform>,
    _caller: ProvisioningCaller,
    key: RequiredIdempotencyKey,
    body: ValidJson<SandboxServiceRequest>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let (key, plan) = (key.text().to_owned(), body.value.plan);
    let ready_at = if body.value.contact.email.contains(LATER) { now.plus_seconds(LONG) } else { now };
    let (id, ready_at) = platform.db.write(move |tx| Ok(store::create(tx, &key, &plan, ready_at, now)?)).await?;
    let service = SandboxService::of(&platform, id, ready_at);
    let is_up = service.access_url.is_some();
    let mut answer = if is_up { HttpResponse::Created() } else { HttpResponse::Accepted() };
    Ok(answer.json(service))
}

/// Shows how far a service is, as the provisioning service would
#[utoipa::path(tag = "sandbox", params(("id" = SandboxServiceId, Path)), responses((status = 200, description = "The service", body = SandboxService)), security(("provisioning" = [])))]
#[get("/sandbox/provisioning/services/{id}")]
pub async fn get_sandbox_service(
    platform: web::Data<Platform>,
    _caller: ProvisioningCaller,
    id: web::Path<SandboxServiceId>,
) -> Result<HttpResponse, Problem> {
    let id = *id;
    let ready_at = platform.db.read(move |connection| Ok(store::ready_at(connection, id)?)).await?;
    let ready_at = ready_at.ok_or_else(|| NOT_FOUND.problem())?;
    Ok(HttpResponse::Ok().json(SandboxService::of(&platform, id, ready_at)))
}

/// With what somebody enters a service.
#[derive(Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServicePageQuery {
    /// The ticket of `GET /v1/activation-requests/{id}/service-access`.
    #[validate(length(max = 2000))]
    #[param(max_length = 2000, nullable = false)]
    ticket: Option<String>,
}

/// Shows the page of a service
///
/// A ticket signs its customer in, once and within its lifetime.
#[utoipa::path(tag = "sandbox", params(("id" = SandboxServiceId, Path), ServicePageQuery), responses((status = 200, description = "A page that stands for the service", body = String, content_type = "text/html")))]
#[get("/sandbox/services/{id}")]
pub async fn show_sandbox_service(
    platform: web::Data<Platform>,
    id: web::Path<SandboxServiceId>,
    query: ValidQuery<ServicePageQuery>,
) -> Result<HttpResponse, Problem> {
    let id = *id;
    let is_up = platform.db.read(move |connection| Ok(store::is_up(connection, id)?)).await?;
    if !is_up {
        return Err(NOT_FOUND.problem());
    }
    let customer = match query.0.ticket {
        Some(ticket) => sign_in(&platform, id, &ticket).await?,
        None => None,
    };
    let greeting = match customer {
        Some(customer) => format!("Accesso eseguito come <code>{customer}</code>."),
        None => "Nessun accesso eseguito.".to_owned(),
    };
    let page = include_str!("page.html").replace("{id}", &id.to_string()).replace("{greeting}", &greeting);
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page))
}

/// The account that a ticket signs in; none for one that is somebody else's, too old, or taken before.
async fn sign_in(platform: &Platform, id: SandboxServiceId, ticket: &str) -> Result<Option<String>, Problem> {
    let shop = platform.public_url.as_str();
    let read = platform.tokens.read_ticket::<SignIn>(sign_in::KIND, shop, sign_in::origin(shop), ticket);
    let read = read.filter(|read| read.service == id.to_string() && read.counts(platform.clock.now()));
    let Some(SignIn { jti, sub, .. }) = read else { return Ok(None) };
    let is_first = platform.db.write(move |tx| Ok(store::take_ticket(tx, id, &jti)?)).await?;
    Ok(is_first.then_some(sub))
}

/// Switches a service off, as the provisioning service would
#[utoipa::path(tag = "sandbox", params(("id" = SandboxServiceId, Path)), responses((status = 204, description = "It is off")), security(("provisioning" = [])))]
#[delete("/sandbox/provisioning/services/{id}")]
pub async fn terminate_sandbox_service(
    platform: web::Data<Platform>,
    _caller: ProvisioningCaller,
    id: web::Path<SandboxServiceId>,
) -> Result<HttpResponse, Problem> {
    let (id, now) = (*id, platform.clock.now());
    let was_up = platform.db.write(move |tx| Ok(store::terminate(tx, id, now)?)).await?;
    if was_up { Ok(HttpResponse::NoContent().finish()) } else { Err(NOT_FOUND.problem()) }
}

/// Mounts the stand-in.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_sandbox_service)
        .service(get_sandbox_service)
        .service(show_sandbox_service)
        .service(terminate_sandbox_service);
}
