//! What an invitation is.

use serde::{Deserialize, Serialize};

use crate::activation::otp_challenges::rules::OtpChallengeId;
use crate::activation::requests::rules::ActivationRequestId;
use crate::activation::requests::timeline::canonical;
use crate::platform::clock::Time;
use crate::platform::crypto::sha256;
use crate::platform::problem::Problem;

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
    /// Whether it still waits for its answer.
    pub fn is_open(&self, now: Time) -> bool {
        self.status == InvitationStatus::Invited && now < self.expires_at
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

impl Confirmation {
    /// SHA-256 of the proof's canonical JSON, in hexadecimal: the timeline keeps it, so that its chain covers the proof.
    ///
    /// # Errors
    /// `internal_error` when it has no JSON form.
    pub fn sha256_text(&self) -> Result<String, Problem> {
        let proof = serde_json::to_value(self).map_err(Problem::internal)?;
        Ok(hex::encode(sha256(canonical(&proof).as_bytes())))
    }
}
