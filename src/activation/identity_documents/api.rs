//! `POST /v1/activation-requests/{id}/identity-documents`, `/v1/identity-documents`, `GET /v1/identity-document-guidelines`.

pub mod views;

use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use self::views::DocumentView;
use super::machine_zone::MachineZone;
use super::numbers::{normalised, number_warning, validity};
use super::rules::{
    DocumentKind, DocumentStatus, IdentityDocument, IdentityDocumentId, MeasuredRule, Page, Side, first_status,
};
use super::{flow, store};
use crate::activation::limits::ActivationLimits;
use crate::activation::requests;
use crate::activation::requests::requirements::Requirement;
use crate::activation::requests::rules::ActivationRequestId;
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::{Time, parse_day};
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::multipart::{Form, FormFields};
use crate::platform::http::openapi::{Binary, Conflict};
use crate::platform::http::request::preferred_locale;
use crate::platform::idempotency::{self, Answer, Key};
use crate::platform::locale::{Locale, Localized};
use crate::platform::problem::{FieldProblem, NOT_FOUND, Problem};
use negozio_pictures::intake::{IntakeLimits, IntakeRefusal, take_in};
use negozio_pictures::quality::{QualityFinding, QualityRule, QualityThresholds, assess};

const FIELDS: FormFields = FormFields {
    texts: &["kind", "number", "issued_on", "expires_on", "mrz"],
    files: &["front", "back"],
    file_limit: 15 * 1024 * 1024,
};

/// Characters that a document's number may have.
const NUMBER_LENGTH: usize = 30;

/// The form of an upload.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it only describes the form")]
pub struct IdentityDocumentForm {
    kind: DocumentKind,
    #[schema(min_length = 1, max_length = 30, example = "CA12345AB")]
    number: String,
    issued_on: NaiveDate,
    expires_on: NaiveDate,
    /// The machine-readable zone of an identity card (3 × 30 characters) or passport (2 × 44), in one line or several.
    #[schema(max_length = 200, required = false, nullable = false)]
    mrz: Option<String>,
    /// JPEG, PNG, WebP or HEIC.
    #[schema(value_type = String, format = Binary)]
    front: Vec<u8>,
    /// JPEG, PNG, WebP or HEIC; a passport has none.
    #[schema(value_type = String, format = Binary, required = false, nullable = false)]
    back: Option<Vec<u8>>,
}

/// What a picture must be like.
#[derive(Serialize, ToSchema)]
pub struct Guideline {
    #[schema(example = "colour")]
    rule: String,
    /// For a reader.
    hint: String,
}

/// What pictures must be like.
#[derive(Serialize, ToSchema)]
pub struct Guidelines {
    items: Vec<Guideline>,
}

/// Explains what a picture of a document must be like
#[utoipa::path(tag = "activation", responses((status = 200, description = "One a rule", body = Guidelines)))]
#[get("/identity-document-guidelines")]
pub async fn list_identity_document_guidelines(locale: Locale) -> HttpResponse {
    let items = QualityRule::ALL
        .iter()
        .map(|rule| Guideline { rule: rule.as_str().to_owned(), hint: rule.hint(locale.as_str()).to_owned() });
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=300"))
        .insert_header(("Vary", "Accept-Language"))
        .json(Guidelines { items: items.collect() })
}

/// Uploads the applicant's identity document
///
/// Each quality rule is measured and answered; only a clear failure blocks, the rest goes to the reviewer.
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body(content = IdentityDocumentForm, content_type = "multipart/form-data"), extensions(("x-rate-limited" = json!(true))),
    responses((status = 201, description = "The document", body = DocumentView, headers(("Location" = String))), Conflict), security(("bearer" = [])))]
#[post("/activation-requests/{id}/identity-documents")]
pub async fn upload_identity_document(
    platform: web::Data<Platform>,
    limits: web::Data<ActivationLimits>,
    id: web::Path<ActivationRequestId>,
    request: HttpRequest,
    customer: Customer,
    key: IdempotencyKey,
    multipart: Multipart,
) -> Result<HttpResponse, Problem> {
    let (request_id, locale) = (*id, preferred_locale(request.headers()));
    // The whole upload is read before anything is refused: an answer in the middle of it would reset the connection.
    let form = Form::read(multipart, FIELDS).await?;
    limits.uploads_by_account.count(&request, customer.account_id)?;
    let (now, keys) = (platform.clock.now(), platform.keys.clone());
    let key = key.of(customer.account_id, &form.sha256());
    let asked = key.clone();
    let answered = platform
        .db
        .read(move |connection| {
            let answered = idempotency::answered(connection, asked.as_ref(), &keys, now)?;
            if answered.is_none() {
                require_editable(connection, customer, request_id, now)?;
            }
            Ok(answered)
        })
        .await?;
    if let Some(answer) = answered {
        return Ok(answer.into());
    }
    let mut document = read_form(&form, request_id, now)?;
    let stored = store_document(&platform, customer, key, &form, &mut document, locale).await;
    let location = location_of(document.id);
    if !matches!(&stored, Ok(answer) if answer.location.as_ref() == Some(&location)) {
        // No row names these files, so nobody would ever remove them.
        for page in &document.pages {
            platform.storage.delete(&page.path).await?;
        }
    }
    Ok(stored?.into())
}

fn location_of(id: IdentityDocumentId) -> String {
    format!("/v1/identity-documents/{id}")
}

/// Measures and stores the pages, then the row that names them. A repetition that overtook this one has its answer given.
async fn store_document(
    platform: &Platform,
    customer: Customer,
    key: Option<Key>,
    form: &Form,
    document: &mut IdentityDocument,
    locale: Locale,
) -> Result<Answer, Problem> {
    let (request_id, now) = (document.request_id, document.created_at);
    for side in [Side::Front, Side::Back] {
        let Some(upload) = form.file(side.as_str()) else { continue };
        let path = format!("identity-documents/{}/{side}.jpg", document.id);
        let taken = measure(platform, side, upload.to_vec()).await?;
        document.quality.extend(taken.quality);
        document.pages.push(Page { side, path: path.clone(), upload_sha256: taken.upload_sha256 });
        platform.storage.put(&path, &taken.stored).await?;
    }
    document.status = first_status(&document.quality);
    let saved = document.clone();
    platform
        .write_once(key, now, move |tx| {
            flow::add(tx, customer.account_id, request_id, &saved)?;
            Ok(Answer::json(201, &DocumentView::new(saved.clone(), locale))?.at(location_of(saved.id)))
        })
        .await
}

fn require_editable(
    connection: &mut crate::platform::db::DbConnection,
    customer: Customer,
    id: ActivationRequestId,
    now: Time,
) -> Result<(), Problem> {
    requests::flow::own(connection, customer.account_id, id)?.begin_change(Requirement::IdentityDocument, now)
}

fn read_form(form: &Form, request_id: ActivationRequestId, now: Time) -> Result<IdentityDocument, Problem> {
    let mut errors = Vec::new();
    let kind = form.required::<DocumentKind>("kind").map_err(|error| errors.push(error)).ok();
    let number = form.required::<String>("number").map_err(|error| errors.push(error)).ok();
    let issued_on = form.required_with("issued_on", parse_day).map_err(|error| errors.push(error)).ok();
    let expires_on = form.required_with("expires_on", parse_day).map_err(|error| errors.push(error)).ok();
    let required =
        |pointer: &str| FieldProblem::new(pointer, "required", "Campo obbligatorio", "This field is required");
    if form.file("front").is_none() {
        errors.push(required("/front"));
    }
    if kind.is_some_and(|kind| kind != DocumentKind::Passport) && form.file("back").is_none() {
        errors.push(required("/back"));
    }
    let (Some(kind), Some(number), Some(issued_on), Some(expires_on)) = (kind, number, issued_on, expires_on) else {
        return Err(Problem::invalid(errors));
    };
    if number.chars().count() > NUMBER_LENGTH {
        errors.push(FieldProblem::new("/number", "length", "Lunghezza non ammessa", "The length is out of bounds"));
    }
    if let Err(refusal) = validity(kind.as_str(), issued_on, expires_on, now.italian_date()) {
        let (pointer, code) = (refusal.pointer().to_owned(), refusal.code().into());
        errors.push(FieldProblem { pointer, code, message: refusal.explanation() });
    }
    let zone = form
        .text("mrz")
        .and_then(|typed| MachineZone::read(kind, typed, now.italian_date()).map_err(|error| errors.push(error)).ok());
    errors.extend(zone.iter().flat_map(|zone| zone.disagreements(&number, expires_on)));
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let warnings = number_warning(kind.as_str(), &number).map(|warning| warning.code().to_owned());
    Ok(IdentityDocument {
        id: IdentityDocumentId::new(),
        request_id,
        kind,
        number: normalised(&number),
        issued_on,
        expires_on,
        mrz: zone.map(|zone| zone.text().to_owned()),
        status: DocumentStatus::Received,
        quality: Vec::new(),
        warnings: warnings.into_iter().collect(),
        pages: Vec::new(),
        created_at: now,
    })
}

/// A picture that was taken in and measured.
struct Taken {
    stored: Vec<u8>,
    upload_sha256: Vec<u8>,
    quality: Vec<MeasuredRule>,
}

async fn measure(platform: &Platform, side: Side, upload: Vec<u8>) -> Result<Taken, Problem> {
    let taken = platform.picture_bench.run(move || {
        let picture = take_in(&upload, &IntakeLimits::default())?;
        let findings = assess(&picture.pixels, &QualityThresholds::default());
        let measured = |finding: &QualityFinding| MeasuredRule {
            side,
            rule: finding.rule.as_str().to_owned(),
            measured: finding.measured,
            threshold: finding.threshold,
            verdict: finding.verdict.as_str().to_owned(),
        };
        Ok(Taken {
            quality: findings.iter().map(measured).collect(),
            stored: picture.stored,
            upload_sha256: picture.original_sha256.to_vec(),
        })
    });
    taken.await?.map_err(|refusal: IntakeRefusal| {
        let message = Localized { it: refusal.in_italian().into(), en: refusal.to_string().into() };
        Problem::invalid(vec![FieldProblem { pointer: format!("/{side}"), code: refusal.code().into(), message }])
    })
}

/// Shows an identity document
#[utoipa::path(tag = "activation", params(("id" = IdentityDocumentId, Path)), responses((status = 200, description = "The document", body = DocumentView)), security(("bearer" = [])))]
#[get("/identity-documents/{id}")]
pub async fn get_identity_document(
    platform: web::Data<Platform>,
    id: web::Path<IdentityDocumentId>,
    customer: Customer,
    locale: Locale,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(DocumentView::new(find_own(&platform, customer, *id).await?, locale)))
}

/// Removes an identity document
///
/// Its pictures are erased. Only while its request is being worked on.
#[utoipa::path(tag = "activation", params(("id" = IdentityDocumentId, Path)), responses((status = 204, description = "It is removed"), Conflict), security(("bearer" = [])))]
#[delete("/identity-documents/{id}")]
pub async fn delete_identity_document(
    platform: web::Data<Platform>,
    id: web::Path<IdentityDocumentId>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let (id, now) = (*id, platform.clock.now());
    platform.db.write(move |tx| flow::remove(tx, customer.account_id, id, now)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Shows a page of an identity document
#[utoipa::path(tag = "activation", params(("id" = IdentityDocumentId, Path), ("side" = Side, Path)), responses((status = 200, description = "The picture, without metadata", body = Binary, content_type = "image/jpeg")), security(("bearer" = [])))]
#[get("/identity-documents/{id}/files/{side}")]
pub async fn get_identity_document_file(
    platform: web::Data<Platform>,
    path: web::Path<(IdentityDocumentId, Side)>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    let (id, side) = path.into_inner();
    let document = find_own(&platform, customer, id).await?;
    let bytes = platform.storage.get(document.path_of(side).ok_or_else(|| NOT_FOUND.problem())?).await?;
    Ok(HttpResponse::Ok().content_type("image/jpeg").body(bytes))
}

async fn find_own(
    platform: &Platform,
    customer: Customer,
    id: IdentityDocumentId,
) -> Result<IdentityDocument, Problem> {
    platform
        .db
        .read(move |connection| {
            let document = store::find(connection, id)?.ok_or_else(|| NOT_FOUND.problem())?;
            requests::flow::own(connection, customer.account_id, document.request_id)?;
            Ok(document)
        })
        .await
}

/// Mounts the identity documents.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_identity_document_guidelines)
        .service(upload_identity_document)
        .service(get_identity_document)
        .service(delete_identity_document)
        .service(get_identity_document_file);
}
