//! Invoices and credit notes, for their customer and for the back office.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::flow;
use super::rules::{Invoice, InvoiceId, InvoiceKind};
use super::store::{self, InvoiceFilter};
use crate::customers::sessions::extract::{Administrator, Customer};
use crate::platform::Platform;
use crate::platform::clock::optional_calendar_day;
use crate::platform::db::DbConnection;
use crate::platform::http::body::ValidQuery;
use crate::platform::http::openapi::{Binary, Conflict};
use crate::platform::http::page::{Page, default_limit, position};
use crate::platform::money::Money;
use crate::platform::problem::Problem;
use crate::shop::orders::rules::OrderId;
use crate::shop::payments::refunds::rules::RefundId;

/// An invoice or a credit note.
#[derive(Serialize, ToSchema)]
#[schema(as = Invoice)]
pub struct InvoiceView {
    id: InvoiceId,
    kind: InvoiceKind,
    /// Without gaps in its year, invoices and credit notes together.
    #[schema(example = "FE-2026-000001")]
    number: String,
    issued_on: NaiveDate,
    order_id: OrderId,
    /// The refund that a credit note is for.
    #[schema(required = true)]
    refund_id: Option<RefundId>,
    /// VAT included.
    total: Money,
    /// What the customer pays or gets back: without the VAT under split payment.
    payable: Money,
    /// The name of the XML file, as SdI wants it.
    #[schema(example = "IT12345678903_00001.xml")]
    file_name: String,
}

impl From<&Invoice> for InvoiceView {
    fn from(invoice: &Invoice) -> Self {
        Self {
            id: invoice.id,
            kind: invoice.kind,
            number: invoice.number.to_string(),
            issued_on: invoice.issued_on,
            order_id: invoice.order_id,
            refund_id: invoice.refund_id,
            total: Money::euro(invoice.content.total_cents()),
            payable: Money::euro(invoice.content.payable_cents()),
            file_name: invoice.file_name(),
        }
    }
}

/// The credit notes of an order.
#[derive(Serialize, ToSchema)]
pub struct CreditNotes {
    /// Oldest first.
    items: Vec<InvoiceView>,
}

/// Which invoices and credit notes.
#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InvoiceQuery {
    /// Only this kind.
    #[param(inline, nullable = false)]
    kind: Option<InvoiceKind>,
    /// Only those of this day or later.
    #[serde(default, deserialize_with = "optional_calendar_day")]
    #[param(nullable = false, example = "2026-11-01")]
    from: Option<NaiveDate>,
    /// Only those of this day or earlier.
    #[serde(default, deserialize_with = "optional_calendar_day")]
    #[param(nullable = false, example = "2026-11-30")]
    to: Option<NaiveDate>,
    /// How many items at most.
    #[serde(default = "default_limit")]
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: i64,
    /// The `next_cursor` of the page before.
    #[validate(length(max = 100))]
    #[param(max_length = 100, nullable = false)]
    cursor: Option<String>,
}

/// The file of the document that `find` finds.
async fn file(
    platform: &Platform,
    find: impl FnOnce(&mut DbConnection) -> Result<Invoice, Problem> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let file = platform.db.read(move |connection| {
        let document = find(connection)?;
        flow::file_of(connection, &document)
    });
    let file = file.await?;
    Ok(HttpResponse::Ok()
        .content_type("application/xml")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.name)))
        .body(file.xml))
}

/// Downloads the electronic invoice of an order
///
/// FatturaPA 1.2, once the order is confirmed. An order without money owes none.
#[utoipa::path(tag = "orders", params(("id" = OrderId, Path)), responses((status = 200, description = "FatturaPA 1.2", body = Binary, content_type = "application/xml", headers(("Content-Disposition" = String))), Conflict), security(("bearer" = [])))]
#[get("/orders/{id}/invoice")]
pub async fn download_invoice(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    file(&platform, move |connection| flow::own_invoice(connection, customer.account_id, *id)).await
}

/// Lists the credit notes of an order
///
/// One for each refund; `GET /v1/invoices/{id}/xml` downloads one.
#[utoipa::path(tag = "orders", params(("id" = OrderId, Path)), responses((status = 200, description = "Oldest first", body = CreditNotes)), security(("bearer" = [])))]
#[get("/orders/{id}/credit-notes")]
pub async fn list_credit_notes(
    platform: web::Data<Platform>,
    id: web::Path<OrderId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let account = customer.account_id;
    let notes = platform.db.read(move |connection| flow::own_credit_notes(connection, account, *id)).await?;
    Ok(HttpResponse::Ok().json(CreditNotes { items: notes.iter().map(InvoiceView::from).collect() }))
}

/// Downloads an invoice or a credit note
#[utoipa::path(tag = "orders", params(("id" = InvoiceId, Path)), responses((status = 200, description = "FatturaPA 1.2", body = Binary, content_type = "application/xml", headers(("Content-Disposition" = String)))), security(("bearer" = [])))]
#[get("/invoices/{id}/xml")]
pub async fn download_document(
    platform: web::Data<Platform>,
    id: web::Path<InvoiceId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    file(&platform, move |connection| flow::own_document(connection, customer.account_id, *id)).await
}

/// Lists everybody's invoices and credit notes
#[utoipa::path(tag = "back office", params(InvoiceQuery), responses((status = 200, description = "One page, newest first", body = Page<InvoiceView>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/back-office/invoices")]
pub async fn list_invoices(
    platform: web::Data<Platform>,
    request: HttpRequest,
    _administrator: Administrator,
    query: ValidQuery<InvoiceQuery>,
) -> Result<HttpResponse, Problem> {
    let InvoiceQuery { kind, from, to, limit, cursor } = query.0;
    let filter = InvoiceFilter { kind, from, to, before: position(cursor.as_deref())? };
    let found = platform.db.read(move |connection| store::list(connection, &filter, limit + 1)).await?;
    let views: Vec<InvoiceView> = found.iter().map(InvoiceView::from).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}

/// Shows anybody's invoice or credit note
#[utoipa::path(tag = "back office", params(("id" = InvoiceId, Path)), responses((status = 200, description = "The document", body = InvoiceView)), security(("bearer" = [])))]
#[get("/back-office/invoices/{id}")]
pub async fn get_any_invoice(
    platform: web::Data<Platform>,
    id: web::Path<InvoiceId>,
    _administrator: Administrator,
) -> Result<HttpResponse, Problem> {
    let document = platform.db.read(move |connection| flow::any_document(connection, *id)).await?;
    Ok(HttpResponse::Ok().json(InvoiceView::from(&document)))
}

/// Downloads anybody's invoice or credit note
#[utoipa::path(tag = "back office", params(("id" = InvoiceId, Path)), responses((status = 200, description = "FatturaPA 1.2", body = Binary, content_type = "application/xml", headers(("Content-Disposition" = String)))), security(("bearer" = [])))]
#[get("/back-office/invoices/{id}/xml")]
pub async fn download_any_document(
    platform: web::Data<Platform>,
    id: web::Path<InvoiceId>,
    _administrator: Administrator,
) -> Result<HttpResponse, Problem> {
    file(&platform, move |connection| flow::any_document(connection, *id)).await
}

/// Mounts the invoices.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(download_invoice)
        .service(list_credit_notes)
        .service(download_document)
        .service(list_invoices)
        .service(get_any_invoice)
        .service(download_any_document);
}
