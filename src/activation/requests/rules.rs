//! What an activation request is and how its state may change. What it still needs: [`super::requirements`].

use super::holder::{Applicant, Holder};
use super::requirements::{Reopened, Requirement, requirements};
use super::timeline::proof_sha256;
use crate::activation::contracts::rules::{ContractKind, ContractStatus};
use crate::activation::identity_documents::rules::DocumentStatus;
use crate::activation::problems::{REQUEST_STATE_FORBIDS, REQUIREMENT_FROZEN, REQUIREMENTS_DUE};
use crate::activation::representatives::rules::InvitationStatus;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::problem::Problem;
use crate::shop::orders::rules::OrderId;
use crate::shop::plans::rules::PlanId;

crate::typed_id!(
    /// An activation request's identifier.
    ActivationRequestId = "areq"
);

crate::typed_id!(
    /// An entry of a request's timeline.
    ActivationEventId = "aevt"
);

crate::text_enum!(
    /// Where a request stands.
    RequestStatus {
        AwaitingEmail = "awaiting_email",
        Collecting = "collecting",
        ReadyToSubmit = "ready_to_submit",
        InReview = "in_review",
        ResubmissionRequested = "resubmission_requested",
        Approved = "approved",
        Provisioning = "provisioning",
        Active = "active",
        Rejected = "rejected",
        Cancelled = "cancelled",
        Expired = "expired",
        Withdrawn = "withdrawn",
    }
);

/// What may happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestCommand {
    /// An address was proved.
    VerifyEmail,
    /// Data changed.
    Collect,
    /// Nothing is due any more.
    Complete,
    /// The customer hands it in.
    Submit,
    /// The reviewer found everything right.
    Approve,
    /// The reviewer wants something again.
    RequestResubmission,
    /// The reviewer refuses it.
    Reject,
    /// The service is being set up.
    Provision,
    /// The service that sets up refused it for good.
    RefuseProvisioning,
    /// The service is up.
    Activate,
    /// The customer gives it up.
    Cancel,
    /// The customer has left it unfinished for too long.
    Expire,
    /// The consumer withdraws from the order.
    Withdraw,
}

impl RequestCommand {
    /// Every command.
    pub const ALL: [Self; 13] = [
        Self::VerifyEmail,
        Self::Collect,
        Self::Complete,
        Self::Submit,
        Self::Approve,
        Self::RequestResubmission,
        Self::Reject,
        Self::Provision,
        Self::RefuseProvisioning,
        Self::Activate,
        Self::Cancel,
        Self::Expire,
        Self::Withdraw,
    ];
}

impl RequestStatus {
    /// The state after a command; none where the state forbids it.
    pub fn after(self, command: RequestCommand) -> Option<Self> {
        use RequestCommand as Command;
        match (self, command) {
            (Self::AwaitingEmail, Command::VerifyEmail) => Some(Self::Collecting),
            (Self::Collecting | Self::ReadyToSubmit | Self::ResubmissionRequested, Command::Collect) => {
                Some(Self::Collecting)
            }
            (Self::Collecting, Command::Complete) => Some(Self::ReadyToSubmit),
            (Self::ReadyToSubmit, Command::Submit) => Some(Self::InReview),
            (Self::InReview, Command::Approve) => Some(Self::Approved),
            (Self::InReview, Command::RequestResubmission) => Some(Self::ResubmissionRequested),
            (Self::InReview, Command::Reject) => Some(Self::Rejected),
            (Self::Approved, Command::Provision) => Some(Self::Provisioning),
            (Self::Provisioning, Command::RefuseProvisioning) => Some(Self::InReview),
            (Self::Provisioning, Command::Activate) => Some(Self::Active),
            (status, Command::Expire) if status.is_with_customer() => Some(Self::Expired),
            (status, Command::Cancel) if status.is_before_decision() => Some(Self::Cancelled),
            (Self::Active, Command::Withdraw) => Some(Self::Withdrawn),
            (status, Command::Withdraw) if !status.is_over() => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// Whether one step leads from here to another state: a command or, where a change gives the last thing due, the
    /// change and the completion together.
    pub fn leads_to(self, next: Self) -> bool {
        let after_change = self.after(RequestCommand::Collect).and_then(|state| state.after(RequestCommand::Complete));
        RequestCommand::ALL.iter().any(|command| self.after(*command) == Some(next)) || after_change == Some(next)
    }

    /// Whether the customer still works on it, or waits for the review.
    pub fn is_before_decision(self) -> bool {
        self.is_with_customer() || self == Self::InReview
    }

    /// Whether nothing more is asked of anybody; only a consumer's withdrawal still ends an active service.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Active | Self::Rejected | Self::Cancelled | Self::Expired | Self::Withdrawn)
    }

    /// The states in which the customer works on it.
    pub const WITH_CUSTOMER: [Self; 4] =
        [Self::AwaitingEmail, Self::Collecting, Self::ReadyToSubmit, Self::ResubmissionRequested];

    /// Whether the customer works on it.
    pub fn is_with_customer(self) -> bool {
        Self::WITH_CUSTOMER.contains(&self)
    }
}

/// A document of the applicant's that waits for the reviewer, was approved, or is to be given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentFacts {
    /// Where it stands.
    pub status: DocumentStatus,
    /// Until when it is valid.
    pub expires_on: chrono::NaiveDate,
}

/// SHA-256 over a request's identifier, its holder and its applicant, in hexadecimal.
///
/// # Errors
/// `internal_error` when they have no JSON form.
pub fn parties_sha256(
    id: ActivationRequestId,
    holder: Option<&Holder>,
    applicant: Option<&Applicant>,
) -> Result<String, Problem> {
    proof_sha256(&serde_json::json!({ "activation_request_id": id, "holder": holder, "applicant": applicant }))
}

/// A request.
#[derive(Clone)]
pub struct ActivationRequest {
    /// Which.
    pub id: ActivationRequestId,
    /// From which order.
    pub order_id: OrderId,
    /// Which unit of it, from 1.
    pub order_unit: i32,
    /// Whose.
    pub account_id: AccountId,
    /// What is activated.
    pub plan_id: PlanId,
    /// What that is a plan of: a holder has one service of it.
    pub product: String,
    /// Where it stands.
    pub status: RequestStatus,
    /// The address that was proved.
    pub email: Option<String>,
    /// When it was proved.
    pub email_verified_at: Option<Time>,
    /// The service's holder (titolare).
    pub holder: Option<Holder>,
    /// The natural person who applies (richiedente).
    pub applicant: Option<Applicant>,
    /// Where the invitation of the holder's representative stands, which a delegate needs.
    pub representative: Option<InvitationStatus>,
    /// The newest identity document.
    pub identity_document: Option<DocumentFacts>,
    /// The contracts that no change of data has voided.
    pub contracts: Vec<(ContractKind, ContractStatus)>,
    /// What the last review wants again; empty outside a resubmission.
    pub reopened: Vec<Reopened>,
    /// Who reviews it.
    pub reviewer_id: Option<AccountId>,
    /// When it was last handed in.
    pub submitted_at: Option<Time>,
    /// When it was last decided.
    pub decided_at: Option<Time>,
    /// When the service came up.
    pub activated_at: Option<Time>,
    /// What the provisioning service calls the service.
    pub service_reference: Option<String>,
    /// Where the service is used.
    pub access_url: Option<String>,
    /// When the order was confirmed.
    pub created_at: Time,
}

impl std::fmt::Debug for ActivationRequest {
    /// Nothing of whom it is about.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActivationRequest")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("identity_document", &self.identity_document)
            .field("contracts", &self.contracts)
            .field("reopened", &self.reopened)
            .finish_non_exhaustive()
    }
}

impl ActivationRequest {
    /// SHA-256 over whose service it is and who applied, in hexadecimal: the timeline keeps it when the request is handed
    /// in.
    ///
    /// # Errors
    /// `internal_error` when they have no JSON form.
    pub fn parties_sha256(&self) -> Result<String, Problem> {
        parties_sha256(self.id, self.holder.as_ref(), self.applicant.as_ref())
    }

    /// Moves the request to the state after a command.
    ///
    /// # Errors
    /// `request_state_forbids`, saying which state it is in.
    pub fn advance(&mut self, command: RequestCommand) -> Result<(), Problem> {
        self.status = self.status.after(command).ok_or_else(|| self.state_forbids())?;
        Ok(())
    }

    /// The refusal that names the present state.
    pub fn state_forbids(&self) -> Problem {
        REQUEST_STATE_FORBIDS.problem().member("request_status", self.status.as_str().into())
    }

    /// Opens a requirement for a change: in a resubmission only what the review named, and what is due because of it,
    /// may change (invariant 15 of the design).
    ///
    /// # Errors
    /// `request_state_forbids`; `requirement_frozen`.
    pub fn begin_change(&mut self, requirement: Requirement, now: Time) -> Result<(), Problem> {
        let is_open = self.reopened.is_empty()
            || self.reopened.iter().any(|reopened| reopened.requirement == requirement)
            || requirements(self, now.italian_date()).currently_due.contains(&requirement);
        self.advance(RequestCommand::Collect)?;
        if is_open {
            Ok(())
        } else {
            let named: Vec<&str> = self.reopened.iter().map(|reopened| reopened.requirement.as_str()).collect();
            Err(REQUIREMENT_FROZEN.problem().member("reopened", named.into()))
        }
    }

    /// Notes that a requirement was given (again).
    pub fn give(&mut self, requirement: Requirement) {
        for reopened in self.reopened.iter_mut().filter(|reopened| reopened.requirement == requirement) {
            reopened.given_again = true;
        }
    }

    /// Collecting, or ready to submit when nothing is due any more.
    pub fn settle(&mut self, now: Time) {
        let is_complete = requirements(self, now.italian_date()).currently_due.is_empty();
        let command = if is_complete { RequestCommand::Complete } else { RequestCommand::Collect };
        if matches!(self.status, RequestStatus::Collecting | RequestStatus::ReadyToSubmit) {
            self.status = self.status.after(command).unwrap_or(self.status);
        }
    }

    /// Hands the request in.
    ///
    /// # Errors
    /// `requirements_due`, naming them; `request_state_forbids`.
    pub fn submit(&mut self, now: Time) -> Result<(), Problem> {
        let due = requirements(self, now.italian_date()).currently_due;
        if self.status.is_with_customer() && !due.is_empty() {
            let due: Vec<&str> = due.iter().map(|requirement| requirement.as_str()).collect();
            return Err(REQUIREMENTS_DUE.problem().member("currently_due", due.into()));
        }
        self.advance(RequestCommand::Submit)?;
        self.reopened.clear();
        self.reviewer_id = None;
        self.submitted_at = Some(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_changes_a_request_that_is_over() {
        for status in RequestStatus::ALL.iter().filter(|status| status.is_over()) {
            for command in RequestCommand::ALL {
                let ends_service = (*status, command) == (RequestStatus::Active, RequestCommand::Withdraw);
                assert_eq!(status.after(command), ends_service.then_some(RequestStatus::Withdrawn));
            }
        }
    }

    #[test]
    fn a_withdrawal_ends_whatever_is_not_over() {
        for status in RequestStatus::ALL.iter().filter(|status| !status.is_over()) {
            assert_eq!(status.after(RequestCommand::Withdraw), Some(RequestStatus::Cancelled));
        }
    }

    #[test]
    fn data_are_frozen_from_submission_on() {
        for status in [RequestStatus::InReview, RequestStatus::Approved, RequestStatus::Provisioning] {
            assert_eq!(status.after(RequestCommand::Collect), None);
            assert_eq!(status.after(RequestCommand::VerifyEmail), None);
        }
    }

    #[test]
    fn only_a_reviewed_request_is_provisioned() {
        for status in RequestStatus::ALL {
            assert_eq!(status.leads_to(RequestStatus::Approved), *status == RequestStatus::InReview);
            assert_eq!(status.leads_to(RequestStatus::Provisioning), *status == RequestStatus::Approved);
            assert_eq!(status.leads_to(RequestStatus::Active), *status == RequestStatus::Provisioning);
        }
    }
}
