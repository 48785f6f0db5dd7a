//! What can be consented to, and which choices are possible.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::platform::clock::Time;
use crate::platform::locale::Localized;
use crate::platform::problem::{FieldProblem, Problem};

crate::typed_id!(
    /// A consent document's identifier.
    ConsentDocumentId = "cdoc"
);

crate::typed_id!(
    /// The identifier of one recorded choice.
    ConsentId = "cons"
);

crate::text_enum!(
    /// What a consent is about.
    ConsentPurpose {
        Terms = "terms",
        PrivacyNotice = "privacy_notice",
        Marketing = "marketing",
    }
);

crate::text_enum!(
    /// The choice.
    Decision {
        Granted = "granted",
        Denied = "denied",
    }
);

impl ConsentPurpose {
    /// Whether the choice is free. Terms are accepted and the privacy notice acknowledged by whoever has an account;
    /// marketing is free (GDPR art. 7(4)).
    pub fn is_optional(self) -> bool {
        self == Self::Marketing
    }
}

/// What must be said before registration ends (GDPR art. 7; guide: "fare una scelta").
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RegistrationConsents {
    /// The version of the terms that was read and is accepted.
    #[validate(length(max = 40))]
    #[schema(max_length = 40, example = "2026-01")]
    pub terms_version: String,
    /// The version of the privacy notice that was read.
    #[validate(length(max = 40))]
    #[schema(max_length = 40, example = "2026-01")]
    pub privacy_notice_version: String,
    /// The explicit choice on marketing; it has no default.
    pub marketing: Decision,
}

/// A version of a document, as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentDocument {
    /// Which.
    pub id: ConsentDocumentId,
    /// What it is about.
    pub purpose: ConsentPurpose,
    /// Unique within its purpose.
    pub version: String,
    /// Title.
    pub title: Localized,
    /// Plain text, paragraphs parted by empty lines.
    pub body: Localized,
    /// From when it is in force, until the next version of its purpose.
    pub published_at: Time,
}

/// A choice on one version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// On what.
    pub purpose: ConsentPurpose,
    /// Which.
    pub decision: Decision,
    /// The version that the caller has seen.
    pub document_version: String,
}

/// Where in a request a choice stands, for the problems that point at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointers {
    /// Of the version.
    pub version: &'static str,
    /// Of the decision.
    pub decision: &'static str,
}

/// A recorded choice (GDPR art. 7(1)). Its `Debug` shows no address.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    /// Which.
    pub id: ConsentId,
    /// On what.
    pub purpose: ConsentPurpose,
    /// The choice.
    pub decision: Decision,
    /// On which version of the document.
    pub document_version: String,
    /// From which address.
    pub ip: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
    /// When.
    pub decided_at: Time,
}

impl Consent {
    /// Whether it says the same as a choice.
    pub fn is(&self, choice: &Choice) -> bool {
        (self.purpose, self.decision, &self.document_version)
            == (choice.purpose, choice.decision, &choice.document_version)
    }
}

impl std::fmt::Debug for Consent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Consent({} {} {})", self.purpose, self.decision, self.document_version)
    }
}

/// The documents in force at `now`: of each purpose the one published last.
pub fn in_force(mut documents: Vec<ConsentDocument>, now: Time) -> Vec<ConsentDocument> {
    documents.retain(|document| document.published_at <= now);
    documents.sort_by_key(|document| (document.purpose, std::cmp::Reverse((document.published_at, document.id))));
    documents.dedup_by_key(|document| document.purpose);
    documents
}

/// Checks a choice against the documents in force.
///
/// # Errors
/// What is wrong with it: `cannot_be_denied`, or `outdated_document` for another version than the one in force.
pub fn check(choice: &Choice, pointers: Pointers, documents: &[ConsentDocument]) -> Result<(), FieldProblem> {
    if choice.decision == Decision::Denied && !choice.purpose.is_optional() {
        return Err(FieldProblem::new(
            pointers.decision,
            "cannot_be_denied",
            "Chi ha un account non può rifiutarlo: si può invece chiudere l'account",
            "Whoever has an account cannot deny it; the account can be closed instead",
        ));
    }
    if !is_in_force(choice, documents) {
        return Err(FieldProblem::new(
            pointers.version,
            "outdated_document",
            "Non è la versione in vigore: rileggi GET /v1/consent-documents",
            "This is not the version in force: read GET /v1/consent-documents again",
        ));
    }
    Ok(())
}

/// The choices of a registration. That on marketing is made on the document in force, which the form shows.
///
/// # Errors
/// `invalid_fields` for another version than the one in force; `internal_error` when no document on marketing is.
pub fn registration_choices(
    said: &RegistrationConsents,
    documents: &[ConsentDocument],
) -> Result<[Choice; 3], Problem> {
    let granted =
        |purpose, version: &str| Choice { purpose, decision: Decision::Granted, document_version: version.to_owned() };
    let terms = granted(ConsentPurpose::Terms, &said.terms_version);
    let privacy_notice = granted(ConsentPurpose::PrivacyNotice, &said.privacy_notice_version);
    let pointers = |version| Pointers { version, decision: "/consents" };
    let refused: Vec<FieldProblem> = [
        check(&terms, pointers("/consents/terms_version"), documents),
        check(&privacy_notice, pointers("/consents/privacy_notice_version"), documents),
    ]
    .into_iter()
    .filter_map(Result::err)
    .collect();
    if !refused.is_empty() {
        return Err(Problem::invalid(refused));
    }
    let on_marketing = documents
        .iter()
        .find(|document| document.purpose == ConsentPurpose::Marketing)
        .ok_or_else(|| Problem::internal("no consent document on marketing is published"))?;
    let marketing = Choice {
        purpose: ConsentPurpose::Marketing,
        decision: said.marketing,
        document_version: on_marketing.version.clone(),
    };
    Ok([terms, privacy_notice, marketing])
}

fn is_in_force(choice: &Choice, documents: &[ConsentDocument]) -> bool {
    documents.iter().any(|document| document.purpose == choice.purpose && document.version == choice.document_version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::Clock;
    use proptest::prelude::*;

    fn document(purpose: ConsentPurpose, version: &str, published_at: Time) -> ConsentDocument {
        ConsentDocument {
            id: ConsentDocumentId::new(),
            purpose,
            version: version.to_owned(),
            title: Localized::fixed("", ""),
            body: Localized::fixed("", ""),
            published_at,
        }
    }

    fn choice(purpose: ConsentPurpose, decision: Decision, version: &str) -> Choice {
        Choice { purpose, decision, document_version: version.to_owned() }
    }

    #[test]
    fn the_version_published_last_is_in_force_and_a_future_one_is_not_yet() {
        let now = Clock::default().now();
        let documents = vec![
            document(ConsentPurpose::Terms, "1", now.plus_seconds(-20)),
            document(ConsentPurpose::Terms, "3", now.plus_seconds(1)),
            document(ConsentPurpose::Terms, "2", now),
            document(ConsentPurpose::Marketing, "1", now),
        ];
        let versions: Vec<_> =
            in_force(documents, now).into_iter().map(|found| (found.purpose, found.version)).collect();
        assert_eq!(versions, [(ConsentPurpose::Terms, "2".into()), (ConsentPurpose::Marketing, "1".into())]);
    }

    #[test]
    fn only_marketing_can_be_denied_and_only_the_version_in_force_counts() {
        let now = Clock::default().now();
        let documents: Vec<_> = ConsentPurpose::ALL.iter().map(|purpose| document(*purpose, "2", now)).collect();
        let pointers = Pointers { version: "/v", decision: "/d" };
        for purpose in ConsentPurpose::ALL {
            for decision in Decision::ALL {
                let allowed = *decision == Decision::Granted || *purpose == ConsentPurpose::Marketing;
                let refusal = check(&choice(*purpose, *decision, "2"), pointers, &documents).err();
                assert_eq!(refusal.map(|problem| problem.pointer), (!allowed).then(|| "/d".to_owned()));
            }
            let outdated = check(&choice(*purpose, Decision::Granted, "1"), pointers, &documents).unwrap_err();
            assert_eq!((outdated.code.as_ref(), outdated.pointer.as_str()), ("outdated_document", "/v"));
        }
    }

    #[test]
    fn a_registration_makes_three_choices_on_what_is_in_force() {
        let now = Clock::default().now();
        let documents: Vec<_> = ConsentPurpose::ALL.iter().map(|purpose| document(*purpose, "2", now)).collect();
        let said = |version: &str| RegistrationConsents {
            terms_version: version.to_owned(),
            privacy_notice_version: version.to_owned(),
            marketing: Decision::Denied,
        };
        let choices = registration_choices(&said("2"), &documents).unwrap();
        assert_eq!(choices.map(|choice| choice.purpose).as_slice(), ConsentPurpose::ALL);
        let refused = registration_choices(&said("1"), &documents).unwrap_err();
        let pointers: Vec<_> = refused.errors.into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, ["/consents/terms_version", "/consents/privacy_notice_version"]);
    }

    proptest! {
        #[test]
        fn at_most_one_document_of_each_purpose_is_in_force(picks in proptest::collection::vec((0..3_usize, -5..5_i64), 0..12)) {
            let now = Clock::default().now();
            let documents: Vec<_> = picks.iter().map(|(purpose, offset)| document(ConsentPurpose::ALL[*purpose], "1", now.plus_seconds(*offset))).collect();
            let found = in_force(documents.clone(), now);
            for purpose in ConsentPurpose::ALL {
                let latest = documents.iter().filter(|d| d.purpose == *purpose && d.published_at <= now).map(|d| d.published_at).max();
                let chosen: Vec<_> = found.iter().filter(|d| d.purpose == *purpose).map(|d| d.published_at).collect();
                prop_assert_eq!(chosen, latest.into_iter().collect::<Vec<_>>());
            }
        }
    }
}
