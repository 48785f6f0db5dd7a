//! The table of identity documents.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::rules::{DocumentKind, DocumentStatus, IdentityDocument, IdentityDocumentId, Page, Side};
use crate::activation::requests::rules::{ActivationRequestId, DocumentFacts, RequestStatus};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::{activation_requests, identity_documents};
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = identity_documents)]
struct DocumentRow {
    id: IdentityDocumentId,
    request_id: ActivationRequestId,
    kind: DocumentKind,
    number: String,
    issued_on: NaiveDate,
    expires_on: NaiveDate,
    mrz: Option<String>,
    status: DocumentStatus,
    quality: Json,
    warnings: Json,
    front_path: String,
    front_upload_sha256: Vec<u8>,
    back_path: Option<String>,
    back_upload_sha256: Option<Vec<u8>>,
    created_at: Time,
}

impl DocumentRow {
    fn into_document(self) -> Result<IdentityDocument, Problem> {
        let front = Page { side: Side::Front, path: self.front_path, upload_sha256: self.front_upload_sha256 };
        let back = self.back_path.zip(self.back_upload_sha256);
        let back = back.map(|(path, upload_sha256)| Page { side: Side::Back, path, upload_sha256 });
        Ok(IdentityDocument {
            id: self.id,
            request_id: self.request_id,
            kind: self.kind,
            number: self.number,
            issued_on: self.issued_on,
            expires_on: self.expires_on,
            mrz: self.mrz,
            status: self.status,
            quality: self.quality.read()?,
            warnings: self.warnings.read()?,
            pages: std::iter::once(front).chain(back).collect(),
            created_at: self.created_at,
        })
    }
}

/// Adds a document; the ones before it are superseded.
///
/// # Errors
/// When the database fails.
pub fn insert(tx: &mut DbConnection, document: &IdentityDocument) -> Result<(), Problem> {
    diesel::update(identity_documents::table.filter(identity_documents::request_id.eq(document.request_id)))
        .filter(identity_documents::status.eq_any([
            DocumentStatus::QualityFailed,
            DocumentStatus::PendingReview,
            DocumentStatus::Approved,
            DocumentStatus::Rejected,
        ]))
        .set(identity_documents::status.eq(DocumentStatus::Superseded))
        .execute(tx)?;
    let page = |side| document.pages.iter().find(|page| page.side == side).cloned();
    let front = page(Side::Front).ok_or_else(|| Problem::internal("a document without a front"))?;
    let back = page(Side::Back);
    let row = DocumentRow {
        id: document.id,
        request_id: document.request_id,
        kind: document.kind,
        number: document.number.clone(),
        issued_on: document.issued_on,
        expires_on: document.expires_on,
        mrz: document.mrz.clone(),
        status: document.status,
        quality: Json::of(&document.quality)?,
        warnings: Json::of(&document.warnings)?,
        front_path: front.path,
        front_upload_sha256: front.upload_sha256,
        back_path: back.as_ref().map(|page| page.path.clone()),
        back_upload_sha256: back.map(|page| page.upload_sha256),
        created_at: document.created_at,
    };
    diesel::insert_into(identity_documents::table).values(row).execute(tx)?;
    Ok(())
}

/// A document.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(connection: &mut DbConnection, id: IdentityDocumentId) -> Result<Option<IdentityDocument>, Problem> {
    let row: Option<DocumentRow> =
        identity_documents::table.find(id).select(DocumentRow::as_select()).first(connection).optional()?;
    row.map(DocumentRow::into_document).transpose()
}

/// A request's newest document: the ones before it are superseded or no more.
pub fn current(connection: &mut DbConnection, request: ActivationRequestId) -> QueryResult<Option<DocumentFacts>> {
    let found: Option<(DocumentStatus, NaiveDate)> = identity_documents::table
        .filter(identity_documents::request_id.eq(request))
        .order(identity_documents::id.desc())
        .select((identity_documents::status, identity_documents::expires_on))
        .first(connection)
        .optional()?;
    Ok(found.map(|(status, expires_on)| DocumentFacts { status, expires_on }))
}

/// Every document of a request, newest first.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn of_request(
    connection: &mut DbConnection,
    request: ActivationRequestId,
) -> Result<Vec<IdentityDocument>, Problem> {
    let rows: Vec<DocumentRow> = identity_documents::table
        .filter(identity_documents::request_id.eq(request))
        .order(identity_documents::id.desc())
        .select(DocumentRow::as_select())
        .load(connection)?;
    rows.into_iter().map(DocumentRow::into_document).collect()
}

/// Writes what the review made of the document that waits for it.
pub fn settle(tx: &mut DbConnection, request: ActivationRequestId, status: DocumentStatus) -> QueryResult<usize> {
    diesel::update(identity_documents::table.filter(identity_documents::request_id.eq(request)))
        .filter(identity_documents::status.eq(DocumentStatus::PendingReview))
        .set(identity_documents::status.eq(status))
        .execute(tx)
}

/// Documents that are not purged though their request has been over since a moment.
pub fn over_since(connection: &mut DbConnection, moment: Time) -> QueryResult<Vec<IdentityDocumentId>> {
    let over: Vec<RequestStatus> = RequestStatus::ALL.iter().copied().filter(|status| status.is_over()).collect();
    identity_documents::table
        .inner_join(activation_requests::table)
        .filter(activation_requests::status.eq_any(over))
        .filter(activation_requests::updated_at.le(moment))
        .filter(identity_documents::status.ne(DocumentStatus::Purged))
        .order(identity_documents::id)
        .limit(100)
        .select(identity_documents::id)
        .load(connection)
}

/// Forgets what a document says; that there was one, and what its pictures' hashes were, stays as evidence.
pub fn mark_purged(tx: &mut DbConnection, id: IdentityDocumentId) -> QueryResult<usize> {
    diesel::update(identity_documents::table.find(id))
        .set((
            identity_documents::status.eq(DocumentStatus::Purged),
            identity_documents::number.eq(""),
            identity_documents::mrz.eq(None::<String>),
        ))
        .execute(tx)
}
