//! An identity document as its applicant and its reviewer see it.

use chrono::NaiveDate;
use negozio_pictures::quality::QualityRule;
use serde::Serialize;
use utoipa::ToSchema;

use crate::activation::identity_documents::rules::{
    DocumentKind, DocumentStatus, IdentityDocument, IdentityDocumentId, MeasuredRule, Side,
};
use crate::activation::requests::rules::ActivationRequestId;
use crate::platform::clock::Time;
use crate::platform::locale::Locale;

/// An identity document.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentityDocument)]
pub struct DocumentView {
    id: IdentityDocumentId,
    activation_request_id: ActivationRequestId,
    kind: DocumentKind,
    number: String,
    issued_on: NaiveDate,
    expires_on: NaiveDate,
    status: DocumentStatus,
    quality: Vec<QualityFindingView>,
    /// What is unusual, for the reviewer.
    warnings: Vec<String>,
    created_at: Time,
}

/// What one rule measured on one page.
#[derive(Serialize, ToSchema)]
#[schema(as = QualityFinding)]
struct QualityFindingView {
    /// Which page.
    side: Side,
    /// Which rule.
    #[schema(example = "colour")]
    rule: String,
    /// What was measured.
    measured: f64,
    /// From where the rule passes.
    threshold: f64,
    /// `pass`, `warn` or `fail`; only `fail` blocks.
    #[schema(example = "pass")]
    verdict: String,
    /// How to take a picture that the rule passes, for a reader.
    #[schema(example = "Lay the document on a light and even background, such as a white sheet.")]
    hint: String,
}

impl DocumentView {
    /// The document, with hints in a language.
    pub fn new(document: IdentityDocument, locale: Locale) -> Self {
        Self {
            id: document.id,
            activation_request_id: document.request_id,
            kind: document.kind,
            number: document.number,
            issued_on: document.issued_on,
            expires_on: document.expires_on,
            status: document.status,
            quality: document.quality.into_iter().map(|measured| QualityFindingView::new(measured, locale)).collect(),
            warnings: document.warnings,
            created_at: document.created_at,
        }
    }
}

impl QualityFindingView {
    fn new(measured: MeasuredRule, locale: Locale) -> Self {
        let MeasuredRule { side, rule, measured, threshold, verdict } = measured;
        let hint = QualityRule::ALL.into_iter().find(|known| known.as_str() == rule);
        let hint = hint.map(|rule| rule.hint(locale.as_str()).to_owned()).unwrap_or_default();
        Self { side, rule, measured, threshold, verdict, hint }
    }
}
