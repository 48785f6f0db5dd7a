//! What is consented to, and how.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::platform::locale::Localized;

crate::typed_id!(
    /// A version of a consent document.
    ConsentDocumentId = "cdoc"
);

crate::typed_id!(
    /// A choice that was made.
    ConsentId = "cons"
);

crate::text_enum!(
    /// What a document is about.
    Purpose {
        Terms = "terms",
        PrivacyNotice = "privacy_notice",
        Marketing = "marketing",
    }
);

crate::text_enum!(
    /// A choice.
    Decision {
        Granted = "granted",
        Denied = "denied",
    }
);

/// What must be said before registration ends (GDPR art. 7; guide: "fare una scelta").
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RegistrationConsents {
    /// The version of the terms that was read.
    #[validate(length(max = 20))]
    #[schema(max_length = 20, example = "2026-01")]
    pub terms_version: String,
    /// The version of the privacy notice that was read.
    #[validate(length(max = 20))]
    #[schema(max_length = 20, example = "2026-01")]
    pub privacy_notice_version: String,
    /// The explicit choice on marketing; it has no default.
    pub marketing: Decision,
}

/// A version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentDocument {
    /// Which.
    pub id: ConsentDocumentId,
    /// What it is about.
    pub purpose: Purpose,
    /// Its version.
    pub version: String,
    /// Its title.
    pub title: Localized,
    /// Its text.
    pub body: Localized,
}
