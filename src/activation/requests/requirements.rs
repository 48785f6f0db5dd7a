//! What a request still needs: a pure function of what it holds (invariant 14 of the design).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::holder::ApplicantRole;
use super::rules::{ActivationRequest, RequestStatus};
use crate::activation::contracts::rules::ContractKind;
use crate::activation::identity_documents::rules::DocumentStatus;
use crate::activation::representatives::rules::InvitationStatus;
use crate::platform::locale::Localized;

crate::text_enum!(
    /// Something that a request needs before it can be submitted.
    Requirement {
        EmailVerification = "email_verification",
        Holder = "holder",
        Applicant = "applicant",
        RepresentativeConfirmation = "representative_confirmation",
        IdentityDocument = "identity_document",
        Contracts = "contracts",
    }
);

impl Requirement {
    /// What it is called in a mail.
    pub fn label(self) -> Localized {
        match self {
            Self::EmailVerification => {
                Localized::fixed("la verifica dell'indirizzo e-mail", "the proof of your e-mail address")
            }
            Self::Holder => Localized::fixed("i dati dell'intestatario", "the holder's details"),
            Self::Applicant => Localized::fixed("i dati del richiedente", "the applicant's details"),
            Self::RepresentativeConfirmation => {
                Localized::fixed("la conferma del rappresentante", "the representative's confirmation")
            }
            Self::IdentityDocument => Localized::fixed("il documento d'identità", "the identity document"),
            Self::Contracts => Localized::fixed("i documenti contrattuali", "the contract documents"),
        }
    }

    /// What is left when nothing is due any more.
    pub fn submission() -> Localized {
        Localized::fixed("l'invio della richiesta", "handing the request in")
    }
}

/// A requirement that the review wants again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// Which.
    pub requirement: Requirement,
    /// Why, in snake_case.
    pub code: String,
    /// Why, for the customer.
    pub reason: Localized,
    /// Whether it has been given again.
    pub given_again: bool,
}

/// What is wrong with a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementError {
    /// Stable, in snake_case.
    pub code: String,
    /// Which requirement.
    pub requirement: Requirement,
    /// For a reader.
    pub reason: Localized,
}

/// What a request still needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirements {
    /// What the customer must give before it can be submitted.
    pub currently_due: Vec<Requirement>,
    /// What a reviewer is looking at.
    pub pending_review: Vec<Requirement>,
    /// What was given and is not right.
    pub errors: Vec<RequirementError>,
}

/// What a request still needs on a day.
pub fn requirements(request: &ActivationRequest, today: NaiveDate) -> Requirements {
    let is_due = |requirement: &Requirement| !is_given(request, *requirement, today);
    let all = || Requirement::ALL.iter().copied();
    Requirements {
        currently_due: if request.status.is_with_customer() { all().filter(is_due).collect() } else { Vec::new() },
        pending_review: if request.status == RequestStatus::InReview { reviewed(request) } else { Vec::new() },
        errors: if request.status.is_with_customer() { errors(request, today) } else { Vec::new() },
    }
}

/// What a reviewer looks at: all but the address, which the code has proved, and what this request does not need.
fn reviewed(request: &ActivationRequest) -> Vec<Requirement> {
    let is_looked_at = |requirement: &Requirement| match requirement {
        Requirement::EmailVerification => false,
        Requirement::RepresentativeConfirmation => is_by_delegate(request),
        _ => true,
    };
    Requirement::ALL.iter().copied().filter(is_looked_at).collect()
}

fn is_by_delegate(request: &ActivationRequest) -> bool {
    request.applicant.as_ref().is_some_and(|applicant| applicant.role == ApplicantRole::Delegate)
}

fn is_given(request: &ActivationRequest, requirement: Requirement, today: NaiveDate) -> bool {
    let is_wanted_again =
        request.reopened.iter().any(|reopened| reopened.requirement == requirement && !reopened.given_again);
    !is_wanted_again
        && match requirement {
            Requirement::EmailVerification => request.email_verified_at.is_some(),
            Requirement::Holder => request.holder.is_some(),
            Requirement::Applicant => request.applicant.is_some(),
            Requirement::RepresentativeConfirmation => {
                !is_by_delegate(request) || request.representative == Some(InvitationStatus::Confirmed)
            }
            Requirement::IdentityDocument => request.identity_document.is_some_and(|document| {
                matches!(document.status, DocumentStatus::PendingReview | DocumentStatus::Approved)
                    && document.expires_on >= today
            }),
            Requirement::Contracts => ContractKind::ALL
                .iter()
                .all(|kind| request.contracts.iter().any(|(signed, status)| signed == kind && kind.is_agreed(*status))),
        }
}

fn errors(request: &ActivationRequest, today: NaiveDate) -> Vec<RequirementError> {
    let wanted_again =
        request.reopened.iter().filter(|reopened| !reopened.given_again).map(|reopened| RequirementError {
            code: reopened.code.clone(),
            requirement: reopened.requirement,
            reason: reopened.reason.clone(),
        });
    wanted_again.chain(document_error(request, today)).collect()
}

fn document_error(request: &ActivationRequest, today: NaiveDate) -> Option<RequirementError> {
    let document = request.identity_document?;
    let (code, reason) = if document.status == DocumentStatus::QualityFailed {
        let reason = Localized::fixed(
            "La foto non rispetta una delle regole: guarda quale nel documento e caricane un'altra",
            "The picture fails one of the rules: see which in the document and upload another",
        );
        ("quality_failed", reason)
    } else if document.expires_on < today {
        ("document_expired", Localized::fixed("Il documento è scaduto", "The document has expired"))
    } else {
        return None;
    };
    Some(RequirementError { code: code.to_owned(), requirement: Requirement::IdentityDocument, reason })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::activation::contracts::rules::ContractStatus;
    use crate::activation::requests::rules::DocumentFacts;
    use crate::activation::requests::specimen;
    use crate::platform::clock::Clock;

    fn some_request() -> impl Strategy<Value = ActivationRequest> {
        let document = proptest::option::of((proptest::sample::select(DocumentStatus::ALL), -2..3_i64));
        let contracts = proptest::collection::vec(
            (proptest::sample::select(ContractKind::ALL), proptest::sample::select(ContractStatus::ALL)),
            0..6,
        );
        let reopened = proptest::collection::vec((proptest::sample::select(Requirement::ALL), any::<bool>()), 0..3);
        let invitation = proptest::option::of(proptest::sample::select(InvitationStatus::ALL));
        let delegation = (any::<bool>(), invitation);
        let all = (any::<[bool; 3]>(), delegation, document, contracts, reopened);
        all.prop_map(|(given, (is_delegate, invitation), document, contracts, reopened)| {
            let now = Clock::default().now();
            let mut request = specimen::complete_request(now);
            request.status = RequestStatus::Collecting;
            if !given[0] {
                request.email_verified_at = None;
            }
            if !given[1] {
                request.holder = None;
            }
            if !given[2] {
                request.applicant = None;
            }
            request.identity_document = document.map(|(status, days)| DocumentFacts {
                status,
                expires_on: now.plus_seconds(days * 86_400).italian_date(),
            });
            if let Some(applicant) = request.applicant.as_mut().filter(|_| is_delegate) {
                applicant.role = ApplicantRole::Delegate;
            }
            request.representative = invitation;
            request.contracts = contracts;
            request.reopened = reopened
                .into_iter()
                .map(|(requirement, given_again)| Reopened {
                    requirement,
                    code: "unreadable".to_owned(),
                    reason: Localized::fixed("", ""),
                    given_again,
                })
                .collect();
            request
        })
    }

    proptest! {
        #[test]
        fn nothing_due_is_the_same_as_ready_and_submittable(mut request in some_request()) {
            let now = Clock::default().now();
            let due = requirements(&request, now.italian_date()).currently_due;
            request.settle(now);
            prop_assert_eq!(request.status == RequestStatus::ReadyToSubmit, due.is_empty());
            prop_assert_eq!(request.submit(now).is_ok(), due.is_empty());
            if due.is_empty() {
                prop_assert!(requirements(&request, now.italian_date()).currently_due.is_empty());
                prop_assert_eq!(request.status, RequestStatus::InReview);
            }
        }

        #[test]
        fn what_is_due_can_be_changed_and_in_a_resubmission_nothing_else_but_what_was_named(request in some_request()) {
            let now = Clock::default().now();
            let due = requirements(&request, now.italian_date()).currently_due;
            for requirement in Requirement::ALL {
                let is_named = request.reopened.iter().any(|reopened| reopened.requirement == *requirement);
                let is_open = request.reopened.is_empty() || is_named || due.contains(requirement);
                prop_assert_eq!(request.clone().begin_change(*requirement, now).is_ok(), is_open);
            }
        }
    }

    #[test]
    fn a_delegate_needs_the_representatives_confirmation_and_nobody_else_does() {
        let now = Clock::default().now();
        for role in ApplicantRole::ALL {
            for status in [None, Some(InvitationStatus::Invited), Some(InvitationStatus::Confirmed)] {
                let mut request = specimen::complete_request(now);
                request.representative = status;
                if let Some(applicant) = &mut request.applicant {
                    applicant.role = *role;
                }
                let due = requirements(&request, now.italian_date()).currently_due;
                let is_due = *role == ApplicantRole::Delegate && status != Some(InvitationStatus::Confirmed);
                assert_eq!(due.contains(&Requirement::RepresentativeConfirmation), is_due, "{role} {status:?}");
            }
        }
    }

    #[test]
    fn a_complete_request_has_nothing_due() {
        let now = Clock::default().now();
        let request = specimen::complete_request(now);
        assert_eq!(requirements(&request, now.italian_date()).currently_due, []);
    }
}
