//! What an identity document is.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::activation::requests::rules::ActivationRequestId;
use crate::platform::clock::Time;

crate::typed_id!(
    /// An identity document's identifier.
    IdentityDocumentId = "idoc"
);

crate::text_enum!(
    /// What kind of document; a paper identity card exists only to be refused with its reason.
    DocumentKind {
        IdentityCard = "identity_card",
        DrivingLicence = "driving_licence",
        Passport = "passport",
        PaperIdentityCard = "paper_identity_card",
    }
);

crate::text_enum!(
    /// Where a document stands.
    DocumentStatus {
        Received = "received",
        QualityFailed = "quality_failed",
        PendingReview = "pending_review",
        Approved = "approved",
        Rejected = "rejected",
        Superseded = "superseded",
        Purged = "purged",
    }
);

crate::text_enum!(
    /// Which page of a document.
    Side {
        Front = "front",
        Back = "back",
    }
);

/// What one rule measured on one page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MeasuredRule {
    /// Which page.
    pub side: Side,
    /// Which rule.
    #[schema(example = "colour")]
    pub rule: String,
    /// What was measured.
    pub measured: f64,
    /// From where the rule passes.
    pub threshold: f64,
    /// `pass`, `warn` or `fail`; only `fail` blocks.
    #[schema(example = "pass")]
    pub verdict: String,
}

/// A document.
#[derive(Debug, Clone)]
pub struct IdentityDocument {
    /// Which.
    pub id: IdentityDocumentId,
    /// Of which request.
    pub request_id: ActivationRequestId,
    /// What kind.
    pub kind: DocumentKind,
    /// Its number.
    pub number: String,
    /// When it was issued.
    pub issued_on: NaiveDate,
    /// Until when it is valid.
    pub expires_on: NaiveDate,
    /// Its machine-readable zone, where it was typed.
    pub mrz: Option<String>,
    /// Where it stands.
    pub status: DocumentStatus,
    /// What the rules measured.
    pub quality: Vec<MeasuredRule>,
    /// What is unusual, for the reviewer.
    pub warnings: Vec<String>,
    /// Path and upload hash of each page.
    pub pages: Vec<Page>,
    /// When it came.
    pub created_at: Time,
}

/// A stored page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Which.
    pub side: Side,
    /// Where it is stored.
    pub path: String,
    /// SHA-256 of the upload.
    pub upload_sha256: Vec<u8>,
}

impl IdentityDocument {
    /// Where a page is stored; none once it is erased.
    pub fn path_of(&self, side: Side) -> Option<&str> {
        let is_stored = self.status != DocumentStatus::Purged;
        self.pages.iter().find(|page| is_stored && page.side == side).map(|page| page.path.as_str())
    }
}

/// The state of a fresh document: one that clearly fails a rule waits for a better picture, any other for the reviewer.
pub fn first_status(quality: &[MeasuredRule]) -> DocumentStatus {
    if quality.iter().any(|rule| rule.verdict == "fail") {
        DocumentStatus::QualityFailed
    } else {
        DocumentStatus::PendingReview
    }
}
