//! What an activation request is, how its state may change, and what it still needs.

use serde::Serialize;
use utoipa::ToSchema;

use super::holder::{Applicant, Holder};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::problem::Problem;
use crate::shop::orders::rules::OrderId;
use crate::shop::plans::rules::PlanId;

use super::super::problems::REQUEST_STATE_FORBIDS;

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
    /// The customer gives it up.
    Cancel,
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
            (status, Command::Cancel) if status.is_before_decision() => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// Whether the customer still works on it, or waits for the review.
    pub fn is_before_decision(self) -> bool {
        matches!(
            self,
            Self::AwaitingEmail | Self::Collecting | Self::ReadyToSubmit | Self::InReview | Self::ResubmissionRequested
        )
    }
}

/// A request.
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
    /// Whether a document of the applicant's waits for the reviewer or was approved.
    pub has_identity_document: bool,
    /// When the order was confirmed.
    pub created_at: Time,
}

impl ActivationRequest {
    /// Moves the request to the state after a command.
    ///
    /// # Errors
    /// `request_state_forbids`, saying which state it is in.
    pub fn advance(&mut self, command: RequestCommand) -> Result<(), Problem> {
        let forbidden = || REQUEST_STATE_FORBIDS.problem().member("request_status", self.status.as_str().into());
        self.status = self.status.after(command).ok_or_else(forbidden)?;
        Ok(())
    }
}

/// What a request still needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Requirements {
    /// What the customer must give before it can be submitted.
    #[schema(example = json!(["holder", "applicant"]))]
    pub currently_due: Vec<String>,
    /// What a reviewer is looking at.
    pub pending_review: Vec<String>,
    /// What was given and is not right.
    pub errors: Vec<RequirementError>,
}

/// What is wrong with a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequirementError {
    /// Stable, in snake_case.
    pub code: String,
    /// Which requirement.
    pub requirement: String,
    /// For a reader.
    pub reason: String,
}

/// What a request still needs: a pure function of what it holds (invariant 14 of the design).
pub fn requirements(request: &ActivationRequest) -> Requirements {
    let needs = [
        ("email_verification", request.email_verified_at.is_none()),
        ("holder", request.holder.is_none()),
        ("applicant", request.applicant.is_none()),
        ("identity_document", !request.has_identity_document),
        ("contracts", true),
    ];
    let due = needs.into_iter().filter(|(_, is_due)| *is_due && request.status.is_before_decision());
    Requirements {
        currently_due: due.map(|(name, _)| name.to_owned()).collect(),
        pending_review: Vec::new(),
        errors: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_changes_a_request_that_is_over() {
        let over =
            [RequestStatus::Rejected, RequestStatus::Cancelled, RequestStatus::Expired, RequestStatus::Withdrawn];
        for status in over {
            for command in [RequestCommand::VerifyEmail, RequestCommand::Collect, RequestCommand::Cancel] {
                assert_eq!(status.after(command), None);
            }
        }
        assert_eq!(RequestStatus::InReview.after(RequestCommand::Collect), None);
    }
}
