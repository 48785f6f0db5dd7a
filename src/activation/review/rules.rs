//! How a request is decided, and why.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::activation::identity_documents::rules::DocumentStatus;
use crate::activation::problems::{CLAIMED_BY_ANOTHER, OWN_REQUEST, SECOND_REVIEWER_NEEDED};
use crate::activation::requests::requirements::{Reopened, Requirement};
use crate::activation::requests::rules::{ActivationRequest, ActivationRequestId, RequestCommand};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::locale::Localized;
use crate::platform::problem::Problem;

crate::typed_id!(
    /// A decision's identifier.
    ReviewDecisionId = "rdec"
);

crate::text_enum!(
    /// How a request is decided.
    ReviewOutcome {
        Approve = "approve",
        RequestResubmission = "request_resubmission",
        Reject = "reject",
    }
);

crate::text_enum!(
    /// The usual reasons, each about one requirement.
    ReasonCode {
        DocumentUnreadable = "document_unreadable",
        DocumentExpired = "document_expired",
        DocumentNotGenuine = "document_not_genuine",
        DocumentOfAnother = "document_of_another",
        ApplicantDataWrong = "applicant_data_wrong",
        ApplicantNotEntitled = "applicant_not_entitled",
        HolderDataWrong = "holder_data_wrong",
        HolderNotEligible = "holder_not_eligible",
        IdentityDocument = "identity_document",
        Applicant = "applicant",
        Holder = "holder",
    }
);

crate::text_enum!(
    /// What a resubmission can ask for again.
    ReopenableRequirement {
        Holder = "holder",
        Applicant = "applicant",
        IdentityDocument = "identity_document",
    }
);

impl From<ReopenableRequirement> for Requirement {
    fn from(requirement: ReopenableRequirement) -> Self {
        match requirement {
            ReopenableRequirement::Holder => Self::Holder,
            ReopenableRequirement::Applicant => Self::Applicant,
            ReopenableRequirement::IdentityDocument => Self::IdentityDocument,
        }
    }
}

impl ReasonCode {
    /// What it is about.
    pub fn requirement(self) -> ReopenableRequirement {
        match self {
            Self::DocumentUnreadable
            | Self::DocumentExpired
            | Self::DocumentNotGenuine
            | Self::DocumentOfAnother
            | Self::IdentityDocument => ReopenableRequirement::IdentityDocument,
            Self::ApplicantDataWrong | Self::ApplicantNotEntitled | Self::Applicant => ReopenableRequirement::Applicant,
            Self::HolderDataWrong | Self::HolderNotEligible | Self::Holder => ReopenableRequirement::Holder,
        }
    }

    /// What the customer reads.
    pub fn text(self) -> Localized {
        match self {
            Self::DocumentUnreadable => Localized::fixed(
                "Il documento d'identità non si legge bene: carica una foto più nitida",
                "The identity document cannot be read well: upload a sharper picture",
            ),
            Self::DocumentExpired => Localized::fixed(
                "Il documento d'identità è scaduto: caricane uno valido",
                "The identity document has expired: upload one that is valid",
            ),
            Self::DocumentNotGenuine => Localized::fixed(
                "Il documento d'identità non risulta autentico",
                "The identity document does not appear to be genuine",
            ),
            Self::DocumentOfAnother => Localized::fixed(
                "Il documento d'identità non è quello del richiedente",
                "The identity document is not the applicant's",
            ),
            Self::ApplicantDataWrong => Localized::fixed(
                "I dati del richiedente non corrispondono al documento",
                "The applicant's details do not agree with the document",
            ),
            Self::ApplicantNotEntitled => Localized::fixed(
                "Il richiedente non risulta avere i poteri per l'intestatario",
                "The applicant does not appear to have powers for the holder",
            ),
            Self::HolderDataWrong => {
                Localized::fixed("I dati dell'intestatario non sono corretti", "The holder's details are not right")
            }
            Self::HolderNotEligible => {
                Localized::fixed("L'intestatario non può avere questo servizio", "The holder cannot have this service")
            }
            Self::IdentityDocument => {
                Localized::fixed("Carica di nuovo il documento d'identità", "Upload the identity document again")
            }
            Self::Applicant => {
                Localized::fixed("Inserisci di nuovo i dati del richiedente", "Give the applicant's details again")
            }
            Self::Holder => {
                Localized::fixed("Inserisci di nuovo i dati dell'intestatario", "Give the holder's details again")
            }
        }
    }
}

/// A reason: one of the usual ones by its code, or another in the reviewer's words.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ReasonGiven {
    /// One of the usual ones.
    Usual(ReasonCode),
    /// Another.
    Other(OtherReason),
}

/// A reason in the reviewer's words.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherReason {
    /// What it is about.
    pub requirement: ReopenableRequirement,
    /// Stable, in snake_case.
    #[schema(min_length = 1, max_length = 60, pattern = "^[a-z][a-z0-9_]*$", example = "photo_too_old")]
    pub code: String,
    /// For the customer.
    #[schema(min_length = 1, max_length = 500, example = "La foto non è recente")]
    pub reason: String,
}

/// A reason as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What it is about.
    pub requirement: ReopenableRequirement,
    /// Stable, in snake_case.
    pub code: String,
    /// For the customer.
    pub reason: Localized,
}

impl ReasonGiven {
    /// The reason as it is kept.
    ///
    /// # Errors
    /// `invalid_fields`, pointing at the reason of this index.
    pub fn checked(self, index: usize) -> Result<Reason, Problem> {
        match self {
            Self::Usual(code) => {
                Ok(Reason { requirement: code.requirement(), code: code.to_string(), reason: code.text() })
            }
            Self::Other(other) => {
                let is_code = (1..=60).contains(&other.code.len())
                    && other.code.starts_with(|first: char| first.is_ascii_lowercase())
                    && other.code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
                if !is_code {
                    let pointer = format!("/reasons/{index}/code");
                    return Err(Problem::invalid_field(
                        pointer,
                        "invalid_value",
                        "Servono lettere minuscole, cifre e _",
                        "Use small letters, digits and _",
                    ));
                }
                let text = other.reason.trim();
                if text.is_empty() || text.chars().count() > 500 {
                    let pointer = format!("/reasons/{index}/reason");
                    return Err(Problem::invalid_field(
                        pointer,
                        "length",
                        "Da 1 a 500 caratteri",
                        "1 to 500 characters",
                    ));
                }
                let reason = Localized { it: text.to_owned().into(), en: text.to_owned().into() };
                Ok(Reason { requirement: other.requirement, code: other.code, reason })
            }
        }
    }
}

/// A verdict that was taken.
#[derive(Debug, Clone)]
pub struct ReviewDecision {
    /// Which.
    pub id: ReviewDecisionId,
    /// What was said.
    pub verdict: Verdict,
    /// Whether it ended the review; under four eyes, a first approval does not.
    pub is_final: bool,
    /// When what it is about was handed in.
    pub submitted_at: Option<Time>,
}

/// What a reviewer says of a request.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// On which request.
    pub request_id: ActivationRequestId,
    /// Whose.
    pub reviewer_id: AccountId,
    /// How.
    pub outcome: ReviewOutcome,
    /// Why.
    pub reasons: Vec<Reason>,
    /// For the customer.
    pub message: Option<String>,
    /// For the back office only.
    pub internal_note: Option<String>,
    /// When.
    pub decided_at: Time,
}

impl Verdict {
    /// The decision that it makes on a request as it was handed in.
    pub fn on(&self, request: &ActivationRequest, is_final: bool) -> ReviewDecision {
        let submitted_at = request.submitted_at;
        ReviewDecision { id: ReviewDecisionId::new(), verdict: self.clone(), is_final, submitted_at }
    }
}

/// Passes for a reviewer who may work on a request: not their own (invariant 18 of the design), and not one that another
/// has claimed.
///
/// # Errors
/// `own_request`, `claimed_by_another`.
pub fn require_reviewer(request: &ActivationRequest, reviewer: AccountId) -> Result<(), Problem> {
    if request.account_id == reviewer {
        return Err(OWN_REQUEST.problem());
    }
    match request.reviewer_id {
        Some(other) if other != reviewer => Err(CLAIMED_BY_ANOTHER.problem()),
        _ => Ok(()),
    }
}

/// Whether a verdict ends the review. Under four eyes an approval does only when another reviewer has approved what was
/// handed in before it; earlier approvals, of what was since given again or refused, do not count.
///
/// # Errors
/// `second_reviewer_needed` for the reviewer who has approved it already.
pub fn ends_review(
    request: &ActivationRequest,
    verdict: &Verdict,
    earlier: &[ReviewDecision],
    four_eyes: bool,
) -> Result<bool, Problem> {
    if !four_eyes || verdict.outcome != ReviewOutcome::Approve {
        return Ok(true);
    }
    let since = request.submitted_at.max(request.decided_at);
    let counts = |earlier: &&Verdict| earlier.outcome == ReviewOutcome::Approve && Some(earlier.decided_at) > since;
    let approvals: Vec<_> = earlier.iter().map(|decision| &decision.verdict).filter(counts).collect();
    if approvals.iter().any(|approval| approval.reviewer_id == verdict.reviewer_id) {
        return Err(SECOND_REVIEWER_NEEDED.problem());
    }
    Ok(!approvals.is_empty())
}

/// Applies a verdict to a request, and answers what becomes of the identity document that waited for it.
///
/// # Errors
/// `own_request`, `claimed_by_another`; `invalid_fields` for a refusal without a reason; `request_state_forbids`.
pub fn decide(request: &mut ActivationRequest, verdict: &Verdict) -> Result<Option<DocumentStatus>, Problem> {
    require_reviewer(request, verdict.reviewer_id)?;
    if verdict.outcome != ReviewOutcome::Approve && verdict.reasons.is_empty() {
        return Err(Problem::invalid_field(
            "/reasons",
            "required",
            "Serve almeno un motivo",
            "At least one reason is needed",
        ));
    }
    request.advance(match verdict.outcome {
        ReviewOutcome::Approve => RequestCommand::Approve,
        ReviewOutcome::RequestResubmission => RequestCommand::RequestResubmission,
        ReviewOutcome::Reject => RequestCommand::Reject,
    })?;
    request.decided_at = Some(verdict.decided_at);
    Ok(match verdict.outcome {
        ReviewOutcome::Approve => Some(DocumentStatus::Approved),
        ReviewOutcome::Reject => Some(DocumentStatus::Rejected),
        ReviewOutcome::RequestResubmission => {
            request.reopened = verdict.reasons.iter().map(reopened).collect();
            let concerns_document = |reason: &Reason| reason.requirement == ReopenableRequirement::IdentityDocument;
            verdict.reasons.iter().any(concerns_document).then_some(DocumentStatus::Rejected)
        }
    })
}

fn reopened(reason: &Reason) -> Reopened {
    Reopened {
        requirement: reason.requirement.into(),
        code: reason.code.clone(),
        reason: reason.reason.clone(),
        given_again: false,
    }
}

#[cfg(test)]
mod tests;
