//! `GET /v1/back-office/audit-log`: what the back office did, and at what it looked.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::customers::sessions::extract::Administrator;
use crate::platform::Platform;
use crate::platform::audit::store::AuditEntry;
use crate::platform::audit::{AuditEntryId, store};
use crate::platform::clock::Time;
use crate::platform::http::body::ValidQuery;
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::problem::Problem;

/// One thing that somebody did.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditEntryView {
    id: AuditEntryId,
    /// The account that did it; `operator` for whoever runs the server.
    #[schema(example = "acct_01kawz3h8mf5ttb4c5v3e8n0qx")]
    actor: String,
    /// What.
    #[schema(example = "request_approved")]
    action: String,
    /// To what.
    #[schema(example = "areq_01kawz3h8mf5ttb4c5v3e8n0qx")]
    subject: String,
    /// Identifiers and amounts.
    #[schema(value_type = Object)]
    details: serde_json::Value,
    recorded_at: Time,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            details: entry.details.0,
            recorded_at: entry.recorded_at,
        }
    }
}

/// Shows what the back office did
#[utoipa::path(tag = "back office", params(PageQuery), responses((status = 200, description = "One page, newest first", body = Page<AuditEntryView>, headers(("Link" = Option<String>)))), security(("bearer" = [])))]
#[get("/back-office/audit-log")]
pub async fn list_audit_log(
    platform: web::Data<Platform>,
    request: HttpRequest,
    _administrator: Administrator,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position(query.0.cursor.as_deref())?);
    let found = platform.db.read(move |connection| Ok(store::list(connection, before, limit + 1)?)).await?;
    let views: Vec<AuditEntryView> = found.into_iter().map(AuditEntryView::from).collect();
    Ok(Page::cut(views, limit, |view| view.id.to_string()).to_response(&request))
}
