//! `POST /v1/sandbox/reset`.

use actix_web::{HttpResponse, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{DemoLoader, store};
use crate::customers::sessions::gate::SessionGate;
use crate::platform::Platform;
use crate::platform::http::body::EmptyBody;
use crate::platform::problem::Problem;
use crate::sandbox::extract::Tester;

/// Starts the sandbox afresh
///
/// Everything that was made is dropped, the clock shows real time, and the demo data are loaded again. All sessions are
/// closed.
#[utoipa::path(tag = "sandbox", responses((status = 204, description = "It is as at its first start")))]
#[post("/sandbox/reset")]
pub async fn reset_sandbox(
    platform: web::Data<Platform>,
    gate: web::Data<SessionGate>,
    loader: web::Data<DemoLoader>,
    _tester: Tester,
    _body: EmptyBody,
) -> Result<HttpResponse, Problem> {
    platform.db.write(|tx| Ok(store::empty_all(tx)?)).await?;
    platform.storage.empty().await?;
    platform.clock.set_advanced(0);
    gate.forget();
    loader.load(platform.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Mounts the reset.
pub fn routes(config: &mut ServiceConfig) {
    config.service(reset_sandbox);
}
