//! What an invitation is.

use serde::{Deserialize, Serialize};

use crate::activation::otp_challenges::rules::OtpChallengeId;
use crate::activation::requests::rules::{ActivationRequestId, RequestStatus};
use crate::platform::clock::Time;

crate::typed_id!(
    /// An invitation's identifier.
    RepresentativeInvitationId = "rinv"
);

crate::text_enum!(
    /// Where an invitation stands.
    InvitationStatus {
        Invited = "invited",
        Confirmed = "confirmed",
        Voided = "voided",
    }
);

/// Seconds that an invitation holds.
pub const LIFETIME: i64 = 14 * 24 * 3600;
/// The purpose of the link in its mail.
pub const LINK: &str = "representative-invitation";

/// An invitation to the holder's representative. Its `Debug` shows nothing of whom it is about.
#[derive(Clone)]
pub struct RepresentativeInvitation {
    /// Which.
    pub id: RepresentativeInvitationId,
    /// For which request.
    pub request_id: ActivationRequestId,
    /// The representative's.
    pub first_name: String,
    /// The representative's.
    pub last_name: String,
    /// Where link and code go.
    pub email: String,
    /// Where it stands.
    pub status: InvitationStatus,
    /// Proof of the confirmation.
    pub confirmation: Option<Confirmation>,
    /// When it was sent.
    pub created_at: Time,
    /// Until when it holds.
    pub expires_at: Time,
}

impl std::fmt::Debug for RepresentativeInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RepresentativeInvitation")
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl RepresentativeInvitation {
    /// Whether it still waits for its answer: its request, in this state, must be with its customer.
    pub fn is_open(&self, request: RequestStatus, now: Time) -> bool {
        self.status == InvitationStatus::Invited && request.is_with_customer() && now < self.expires_at
    }

    /// Whether its link still shows what it is about: the open question or, for as long as the link holds, what was
    /// confirmed.
    pub fn is_shown(&self, request: RequestStatus, now: Time) -> bool {
        let is_confirmed = self.status == InvitationStatus::Confirmed && !request.is_over() && now < self.expires_at;
        is_confirmed || self.is_open(request, now)
    }
}

/// Proof of a confirmation: who confirmed whom as whose delegate, when and from where. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The representative's.
    pub first_name: String,
    /// The representative's.
    pub last_name: String,
    /// Where the code went.
    pub email: String,
    /// The challenge that it was given with.
    pub challenge_id: OtpChallengeId,
    /// The codice fiscale of the delegate.
    pub applicant_codice_fiscale: String,
    /// The codice fiscale or partita IVA of the holder.
    pub holder_fiscal_subject: String,
    /// When.
    pub given_at: Time,
    /// From which address.
    pub ip: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
}

impl std::fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Confirmation(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::platform::clock::Clock;

    proptest! {
        #[test]
        fn a_link_holds_for_two_weeks_and_no_longer_than_its_request(
            status in proptest::sample::select(InvitationStatus::ALL),
            request in proptest::sample::select(RequestStatus::ALL),
            age in 0..2 * LIFETIME,
        ) {
            let created_at = Clock::default().now();
            let invitation = RepresentativeInvitation {
                id: RepresentativeInvitationId::new(),
                request_id: ActivationRequestId::new(),
                first_name: String::new(),
                last_name: String::new(),
                email: String::new(),
                status,
                confirmation: None,
                created_at,
                expires_at: created_at.plus_seconds(LIFETIME),
            };
            let now = created_at.plus_seconds(age);
            let holds = age < LIFETIME;
            let is_open = invitation.is_open(request, now);
            prop_assert_eq!(is_open, holds && status == InvitationStatus::Invited && request.is_with_customer());
            let shows_answer = holds && status == InvitationStatus::Confirmed && !request.is_over();
            prop_assert_eq!(invitation.is_shown(request, now), is_open || shows_answer);
        }
    }
}
