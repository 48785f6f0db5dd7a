//! `GET /v1/orders/{id}/receipt`.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::http::openapi::{Binary, Conflict};
use crate::platform::problem::Problem;
use crate::shop::orders::flow;
use crate::shop::orders::receipt::ReceiptTemplates;
use crate::shop::orders::rules::OrderId;

/// Downloads the receipt of an order
///
/// In the customer's language, once the order is confirmed. It is no fiscal document: that is the electronic invoice.
#[utoipa::path(tag = "orders", params(("id" = OrderId, Path)), responses((status = 200, description = "PDF/A-2a", body = Binary, content_type = "application/pdf", headers(("Content-Disposition" = String))), Conflict), security(("bearer" = [])))]
#[get("/orders/{id}/receipt")]
pub async fn download_receipt(
    platform: web::Data<Platform>,
    templates: web::Data<ReceiptTemplates>,
    id: web::Path<OrderId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let details =
        platform.db.read_one_moment(move |connection| flow::own_details(connection, customer.account_id, *id)).await?;
    let receipt = templates.receipt(&details)?;
    let disposition = format!("inline; filename=\"{}\"", receipt.file_name);
    let (shared, templates) = (platform.clone(), templates.clone());
    let pdf = platform.document_bench.run(move || templates.render(&shared.documents, &receipt)).await??;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .body(pdf))
}

/// Mounts the receipt.
pub fn routes(config: &mut ServiceConfig) {
    config.service(download_receipt);
}
