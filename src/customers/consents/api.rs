//! `/v1/consent-documents` and `/v1/account/consents`.

use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::rules::{ConsentDocument, ConsentDocumentId, ConsentId, Decision, Purpose};
use super::{flow, store};
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::ValidJson;
use crate::platform::http::request::Sender;
use crate::platform::locale::Locale;
use crate::platform::problem::{NOT_FOUND, Problem};

/// A consent document in one language.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentDocument)]
pub struct ConsentDocumentView {
    id: ConsentDocumentId,
    purpose: Purpose,
    #[schema(example = "2026-01")]
    version: String,
    title: String,
    body: String,
}

impl ConsentDocumentView {
    fn of(document: &ConsentDocument, locale: Locale) -> Self {
        Self {
            id: document.id,
            purpose: document.purpose,
            version: document.version.clone(),
            title: document.title.get(locale).to_owned(),
            body: document.body.get(locale).to_owned(),
        }
    }
}

/// The current documents.
#[derive(Serialize, ToSchema)]
pub struct ConsentDocuments {
    items: Vec<ConsentDocumentView>,
}

/// A choice that was made.
#[derive(Serialize, ToSchema)]
pub struct Consent {
    id: ConsentId,
    purpose: Purpose,
    decision: Decision,
    document_version: String,
    decided_at: Time,
}

/// Choices that were made, newest first.
#[derive(Serialize, ToSchema)]
pub struct Consents {
    items: Vec<Consent>,
}

/// A choice.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ConsentRequest {
    decision: Decision,
    /// The version that was read.
    #[validate(length(max = 20))]
    #[schema(max_length = 20, example = "2026-01")]
    document_version: String,
}

/// Lists the current consent documents
#[utoipa::path(tag = "consents", responses((status = 200, description = "One a purpose", body = ConsentDocuments)))]
#[get("/consent-documents")]
pub async fn list_consent_documents(platform: web::Data<Platform>, locale: Locale) -> Result<HttpResponse, Problem> {
    let documents = platform.db.read(store::current).await?;
    let items = documents.iter().map(|document| ConsentDocumentView::of(document, locale)).collect();
    Ok(HttpResponse::Ok().json(ConsentDocuments { items }))
}

/// Shows one version of a consent document
#[utoipa::path(tag = "consents", params(("id" = ConsentDocumentId, Path)), responses((status = 200, description = "The document", body = ConsentDocumentView)))]
#[get("/consent-documents/{id}")]
pub async fn get_consent_document(
    platform: web::Data<Platform>,
    id: web::Path<ConsentDocumentId>,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    let document =
        platform.db.read(move |connection| store::find(connection, *id)).await?.ok_or_else(|| NOT_FOUND.problem())?;
    Ok(HttpResponse::Ok().json(ConsentDocumentView::of(&document, locale)))
}

/// Lists one's choices in force
#[utoipa::path(tag = "consents", responses((status = 200, description = "The last choice of each purpose", body = Consents)), security(("bearer" = [])))]
#[get("/account/consents")]
pub async fn list_consents(platform: web::Data<Platform>, customer: Customer) -> Result<HttpResponse, Problem> {
    let history = read_history(&platform, customer).await?;
    let mut items: Vec<Consent> = Vec::new();
    for consent in history {
        if items.iter().all(|listed| listed.purpose != consent.purpose) {
            items.push(consent);
        }
    }
    Ok(HttpResponse::Ok().json(Consents { items }))
}

/// Lists all of one's choices
#[utoipa::path(tag = "consents", responses((status = 200, description = "Newest first", body = Consents)), security(("bearer" = [])))]
#[get("/account/consents/history")]
pub async fn list_consent_history(platform: web::Data<Platform>, customer: Customer) -> Result<HttpResponse, Problem> {
    let items = read_history(&platform, customer).await?;
    Ok(HttpResponse::Ok().json(Consents { items }))
}

/// Makes a choice
#[utoipa::path(tag = "consents", params(("purpose" = Purpose, Path)), request_body = ConsentRequest, responses((status = 200, description = "All choices, newest first", body = Consents)), security(("bearer" = [])))]
#[put("/account/consents/{purpose}")]
pub async fn put_consent(
    platform: web::Data<Platform>,
    purpose: web::Path<Purpose>,
    customer: Customer,
    sender: Sender,
    body: ValidJson<ConsentRequest>,
) -> Result<HttpResponse, Problem> {
    let now = platform.clock.now();
    let (purpose, body) = (purpose.into_inner(), body.value);
    platform
        .db
        .write(move |tx| {
            flow::decide(tx, customer.account_id, (purpose, body.decision, &body.document_version), &sender, now)
        })
        .await?;
    let items = read_history(&platform, customer).await?;
    Ok(HttpResponse::Ok().json(Consents { items }))
}

async fn read_history(platform: &Platform, customer: Customer) -> Result<Vec<Consent>, Problem> {
    let rows = platform.db.read(move |connection| Ok(store::history(connection, customer.account_id)?)).await?;
    let consent = |(id, purpose, decision, document_version, decided_at)| Consent {
        id,
        purpose,
        decision,
        document_version,
        decided_at,
    };
    Ok(rows.into_iter().map(consent).collect())
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
