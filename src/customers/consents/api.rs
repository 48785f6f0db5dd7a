//! `/v1/consent-documents`, public and cached, and `/v1/account/consents`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::flow;
use super::rules::{Choice, Consent, ConsentDocument, ConsentDocumentId, ConsentId, ConsentPurpose, Decision};
use super::store;
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::crypto::sha256;
use crate::platform::http::body::{ValidJson, ValidQuery};
use crate::platform::http::conditions::is_known;
use crate::platform::http::page::{Page, PageQuery, position};
use crate::platform::http::request::Sender;
use crate::platform::locale::Locale;
use crate::platform::problem::{NOT_FOUND, Problem};

/// Seconds that a cache may serve the documents without asking again.
const CACHE_CONTROL: &str = "public, max-age=60";

/// A version of a document, in one language.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentDocument)]
pub struct ConsentDocumentView {
    id: ConsentDocumentId,
    purpose: ConsentPurpose,
    /// What a choice on this document names.
    #[schema(example = "2026-01")]
    version: String,
    /// Whether it can be denied.
    optional: bool,
    title: String,
    /// Plain text, paragraphs parted by empty lines.
    body: String,
    /// In force from then on, until the next version.
    published_at: Time,
}

/// A recorded choice.
#[derive(Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentView {
    id: ConsentId,
    purpose: ConsentPurpose,
    decision: Decision,
    /// The version of the document that the choice was made on.
    #[schema(example = "2026-01")]
    document_version: String,
    decided_at: Time,
}

/// A recorded choice, with its evidence.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentEvidence)]
pub struct ConsentEvidenceView {
    id: ConsentId,
    purpose: ConsentPurpose,
    decision: Decision,
    /// The version of the document that the choice was made on.
    #[schema(example = "2026-01")]
    document_version: String,
    decided_at: Time,
    /// The address that it was made from.
    #[schema(required = true)]
    ip: Option<String>,
    /// The program that it was made with.
    #[schema(required = true)]
    user_agent: Option<String>,
}

/// A choice.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentDecision {
    decision: Decision,
    /// The version that was read: the one in force.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "2026-01")]
    document_version: String,
}

/// Lists the consent documents in force
///
/// One of each purpose. Registration names their versions.
#[utoipa::path(tag = "consents", params(("Accept-Language" = Option<String>, Header, description = "it or en", nullable = false)),
    responses((status = 200, description = "The documents", body = Page<ConsentDocumentView>, headers(("ETag" = String, description = "Version of the answer"))),
              (status = 304, description = "As If-None-Match knows it")))]
#[get("/consent-documents")]
pub async fn list_consent_documents(
    request: HttpRequest,
    platform: web::Data<Platform>,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let documents = platform.db.read(move |connection| store::documents_in_force(connection, now)).await?;
    let items = documents.into_iter().map(|document| document_view(document, locale)).collect();
    serve(&request, locale, &Page { items, next_cursor: None })
}

/// Shows one version of a consent document
#[utoipa::path(tag = "consents", params(("id" = ConsentDocumentId, Path, description = "Identifier"),
    ("Accept-Language" = Option<String>, Header, description = "it or en", nullable = false)),
    responses((status = 200, description = "The document", body = ConsentDocumentView, headers(("ETag" = String, description = "Version of the answer"))),
              (status = 304, description = "As If-None-Match knows it")))]
#[get("/consent-documents/{id}")]
pub async fn get_consent_document(
    request: HttpRequest,
    platform: web::Data<Platform>,
    id: web::Path<ConsentDocumentId>,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    let (id, now) = (id.into_inner(), platform.clock.now());
    let found = platform.db.read(move |connection| store::find_published(connection, id, now)).await?;
    let document = found.ok_or_else(|| NOT_FOUND.problem())?;
    serve(&request, locale, &document_view(document, locale))
}

/// Lists the choices in force
///
/// The last one made on each purpose.
#[utoipa::path(tag = "consents", security(("bearer" = [])),
    responses((status = 200, description = "The choices", body = Page<ConsentView>)))]
#[get("/account/consents")]
pub async fn list_consents(caller: Customer, platform: web::Data<Platform>) -> Result<HttpResponse, Problem> {
    let items = platform
        .db
        .read(move |connection| {
            let mut choices = Vec::new();
            for purpose in ConsentPurpose::ALL {
                choices.extend(store::latest(connection, caller.account_id, *purpose)?.map(view));
            }
            Ok(choices)
        })
        .await?;
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: None }))
}

/// Makes a choice
///
/// Marketing can be granted and denied at any time. Terms and privacy notice cannot be denied; a new version of them
/// is accepted here. Each choice is added to the history.
#[utoipa::path(tag = "consents", security(("bearer" = [])), request_body = ConsentDecision,
    params(("purpose" = ConsentPurpose, Path, description = "On what")),
    responses((status = 200, description = "The choice in force", body = ConsentView)))]
#[put("/account/consents/{purpose}")]
pub async fn put_consent(
    caller: Customer,
    platform: web::Data<Platform>,
    purpose: web::Path<ConsentPurpose>,
    sender: Sender,
    body: ValidJson<ConsentDecision>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let choice = Choice {
        purpose: purpose.into_inner(),
        decision: body.value.decision,
        document_version: body.value.document_version,
    };
    let consent = platform.db.write(move |tx| flow::decide(tx, caller.account_id, &choice, &sender, now)).await?;
    Ok(HttpResponse::Ok().json(view(consent)))
}

/// Lists every choice ever made, with its evidence
#[utoipa::path(tag = "consents", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, description = "The history", body = Page<ConsentEvidenceView>, headers(("Link" = String, description = "The next page")))))]
#[get("/account/consents/history")]
pub async fn list_consent_history(
    request: HttpRequest,
    caller: Customer,
    platform: web::Data<Platform>,
    query: ValidQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.0.limit, position::<ConsentId>(query.0.cursor.as_deref())?);
    let history = platform
        .db
        .read(move |connection| Ok(store::history(connection, caller.account_id, before, limit + 1)?))
        .await?;
    let items: Vec<ConsentEvidenceView> = history.into_iter().map(evidence_view).collect();
    Ok(Page::cut(items, limit, |consent| consent.id.to_string()).to_response(&request))
}

/// Mounts the consents.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_consent_documents)
        .service(get_consent_document)
        .service(list_consents)
        .service(list_consent_history)
        .service(put_consent);
}

fn serve(request: &HttpRequest, locale: Locale, answer: &impl Serialize) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(answer).map_err(Problem::internal)?;
    let etag = format!("\"{}\"", hex::encode(&sha256(&body)[..12]));
    let is_known = is_known(request.headers(), &etag);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, CACHE_CONTROL))
        .insert_header((header::VARY, "Accept-Language"))
        .insert_header((header::CONTENT_LANGUAGE, locale.as_str()));
    Ok(if is_known { response.finish() } else { response.content_type("application/json").body(body) })
}

fn document_view(document: ConsentDocument, locale: Locale) -> ConsentDocumentView {
    ConsentDocumentView {
        id: document.id,
        purpose: document.purpose,
        version: document.version,
        optional: document.purpose.is_optional(),
        title: document.title.get(locale).to_owned(),
        body: document.body.get(locale).to_owned(),
        published_at: document.published_at,
    }
}

fn view(consent: Consent) -> ConsentView {
    ConsentView {
        id: consent.id,
        purpose: consent.purpose,
        decision: consent.decision,
        document_version: consent.document_version,
        decided_at: consent.decided_at,
    }
}

fn evidence_view(consent: Consent) -> ConsentEvidenceView {
    ConsentEvidenceView {
        id: consent.id,
        purpose: consent.purpose,
        decision: consent.decision,
        document_version: consent.document_version,
        decided_at: consent.decided_at,
        ip: consent.ip,
        user_agent: consent.user_agent,
    }
}
