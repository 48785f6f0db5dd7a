//! Every route of the house. Whether it is served is decided here; who may call it, by its extractors.

use std::collections::BTreeSet;

use actix_web::dev::ResourceDef;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde_json::json;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::SwaggerUi;

use super::telemetry;
use crate::platform::Platform;
use crate::platform::problem::{NOT_FOUND, OVERLOADED, Problem};
use crate::{activation, customers, sandbox, shop};

/// Mounts the API. In live mode the sandbox's paths do not exist.
pub fn mount(config: &mut ServiceConfig, is_sandbox: bool) {
    config.service(scope("/v1").configure(|config| {
        shop::plans::api::routes(config);
        shop::carts::api::routes(config);
        shop::coupons::api::routes(config);
        shop::orders::api::routes(config);
        shop::payments::api::routes(config);
        shop::invoices::api::routes(config);
        shop::withdrawals::api::routes(config);
        activation::requests::api::routes(config);
        activation::otp_challenges::api::routes(config);
        activation::representatives::api::routes(config);
        activation::identity_documents::api::routes(config);
        activation::contracts::api::routes(config);
        activation::evidence::api::routes(config);
        activation::review::api::routes(config);
        activation::provisioning::api::routes(config);
        customers::accounts::api::routes(config);
        customers::authenticators::api::routes(config);
        customers::sessions::api::routes(config);
        customers::consents::api::routes(config);
        customers::billing_profiles::api::routes(config);
        if is_sandbox {
            sandbox::mailbox::api::routes(config);
            sandbox::clock::api::routes(config);
            sandbox::payments::api::routes(config);
            sandbox::provisioning::api::routes(config);
            sandbox::specimens::api::routes(config);
            sandbox::vies::api::routes(config);
            sandbox::reset::api::routes(config);
        }
    }));
    config.service(get_liveness).service(get_readiness).service(get_metrics).service(get_key_set);
}

/// Every path with the methods that it takes, so that a wrong method is told from an unknown path.
pub struct KnownMethods(Vec<(ResourceDef, Vec<String>)>);

impl KnownMethods {
    /// Reads them off the OpenAPI document.
    pub fn of(document: &serde_json::Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let methods = |item: &serde_json::Value| {
            let names = item.as_object().into_iter().flatten().map(|(method, _)| method.to_uppercase());
            // Whatever answers GET answers HEAD (RFC 9110 §9.3.2).
            names.flat_map(|name| if name == "GET" { vec![name, "HEAD".to_owned()] } else { vec![name] }).collect()
        };
        Self(paths.map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item))).collect())
    }

    /// The methods of a path. Where several patterns match, as `/sessions/{id}` does `/sessions/refresh`, the one that
    /// is written out is meant.
    fn at(&self, path: &str) -> BTreeSet<&str> {
        let matching: Vec<_> = self.0.iter().filter(|(pattern, _)| pattern.is_match(path)).collect();
        let written_out = matching.iter().find(|(pattern, _)| pattern.pattern() == Some(path));
        let meant = written_out.map_or(matching.as_slice(), std::slice::from_ref);
        meant.iter().flat_map(|(_, methods)| methods.iter().map(String::as_str)).collect()
    }
}

/// Answers what no handler takes: 405 with `Allow` (RFC 9110 §15.5.6) on a path of ours, 404 elsewhere. The request
/// context makes a problem of it.
async fn refuse(request: HttpRequest, known: web::Data<KnownMethods>) -> HttpResponse {
    let methods: Vec<&str> = known.at(request.path()).into_iter().collect();
    if methods.is_empty() {
        return HttpResponse::NotFound().finish();
    }
    HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, methods.join(", "))).finish()
}

/// Mounts what describes the API, and the answers to whatever is not mounted.
pub fn mount_operations(config: &mut web::ServiceConfig, document: web::Bytes) {
    config
        .app_data(web::PathConfig::default().error_handler(|_, _| NOT_FOUND.problem().into()))
        .default_service(web::to(refuse))
        .app_data(web::PayloadConfig::default().limit(crate::platform::http::body::JSON_LIMIT))
        .route(
            "/openapi.json",
            web::get().to(move || {
                std::future::ready(HttpResponse::Ok().content_type("application/json").body(document.clone()))
            }),
        )
        .service(SwaggerUi::new("/swagger-ui/{_:.*}").config(
            utoipa_swagger_ui::Config::new(["/openapi.json"]).try_it_out_enabled(true).persist_authorization(true),
        ));
}

/// Says that the process runs
#[utoipa::path(tag = "operations", responses((status = 200, description = "It runs")))]
#[get("/health/live")]
pub async fn get_liveness() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "live" }))
}

/// Says that the server can serve
#[utoipa::path(tag = "operations", responses((status = 200, description = "It can")))]
#[get("/health/ready")]
pub async fn get_readiness(platform: web::Data<Platform>) -> Result<HttpResponse, Problem> {
    let reachable = platform.db.read(|connection| Ok(crate::platform::jobs::store::count_by_state(connection)?)).await;
    reachable.map_err(|problem| OVERLOADED.problem().retry_after(5).caused_by(problem))?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
}

/// Shows the metrics in Prometheus's text format
#[utoipa::path(tag = "operations", responses((status = 200, description = "Metrics", body = String, content_type = "text/plain")))]
#[get("/metrics")]
pub async fn get_metrics() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(telemetry::metrics())
}

/// Shows the public keys that access tokens verify with (RFC 7517)
#[utoipa::path(tag = "operations", responses((status = 200, description = "The key set")))]
#[get("/.well-known/jwks.json")]
pub async fn get_key_set(platform: web::Data<Platform>) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "public, max-age=300")).json(platform.tokens.key_set())
}

/// The rooms whose problem codes make the closed list.
pub fn problem_codes() -> Vec<&'static crate::platform::problem::Code> {
    let rooms =
        [crate::platform::problem::ALL, customers::problems::ALL, activation::problems::ALL, shop::problems::ALL];
    rooms.concat()
}
