//! Inviting the representative, and their answer. Whoever holds the link of the invitation's mail is let in; what
//! confirms is a code to the same address.

use serde_json::json;

use super::jobs::RepresentativeMail;
use super::rules::{Confirmation, InvitationStatus, LIFETIME, RepresentativeInvitation, RepresentativeInvitationId};
use super::store;
use crate::activation::otp_challenges::flow::{Verification, enforce_cool_down, try_code};
use crate::activation::otp_challenges::jobs::OtpMail;
use crate::activation::otp_challenges::rules::{ChallengePurpose, OtpChallenge};
use crate::activation::problems::{OTP_NOT_LIVE, REQUEST_STATE_FORBIDS};
use crate::activation::requests::holder::ApplicantRole;
use crate::activation::requests::requirements::Requirement;
use crate::activation::requests::rules::{ActivationRequest, ActivationRequestId};
use crate::activation::requests::timeline::{REPRESENTATIVE, proof_sha256};
use crate::activation::{otp_challenges, requests};
use crate::customers::accounts::rules::AccountId;
use crate::customers::problems::INVALID_TOKEN;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::http::request::Sender;
use crate::platform::jobs;
use crate::platform::problem::{NOT_FOUND, Problem};

/// Whom to invite.
#[derive(Clone)]
pub struct Invitee {
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    pub last_name: String,
    /// Their address, in normal form.
    pub email: String,
}

/// Invites the representative of a delegate's holder; whoever was invited before no longer is.
///
/// # Errors
/// `not_found`; `request_state_forbids`, also where nobody applies as a delegate; `requirement_frozen`;
/// `invalid_fields` for an address that the applicant can read: it would be the delegate who confirms.
pub fn invite(
    tx: &mut DbConnection,
    account: AccountId,
    id: ActivationRequestId,
    invitee: &Invitee,
    now: Time,
) -> Result<RepresentativeInvitation, Problem> {
    let mut request = requests::flow::own_locked(tx, account, id)?;
    request.begin_change(Requirement::RepresentativeConfirmation, now)?;
    let is_delegate = request.applicant.as_ref().is_some_and(|applicant| applicant.role == ApplicantRole::Delegate);
    if !is_delegate {
        return Err(REQUEST_STATE_FORBIDS.detail("Only where a delegate applies is the representative asked."));
    }
    if requests::flow::email_options(tx, &request)?.iter().any(|(own, _)| *own == invitee.email) {
        return Err(Problem::invalid_field(
            "/email",
            "same_as_applicant",
            "È l'indirizzo del richiedente: serve quello del rappresentante",
            "That is the applicant's address: give the representative's",
        ));
    }
    void(tx, id)?;
    let invitation = RepresentativeInvitation {
        id: RepresentativeInvitationId::new(),
        request_id: id,
        first_name: invitee.first_name.clone(),
        last_name: invitee.last_name.clone(),
        email: invitee.email.clone(),
        status: InvitationStatus::Invited,
        confirmation: None,
        created_at: now,
        expires_at: now.plus_seconds(LIFETIME),
    };
    store::insert(tx, &invitation)?;
    jobs::enqueue(tx, &RepresentativeMail { invitation_id: invitation.id }, now)?;
    let details = json!({ "invitation_id": invitation.id });
    requests::flow::conclude(tx, &mut request, "representative_invited", details, now)?;
    Ok(invitation)
}

/// Voids a request's invitation and the code that was sent for it: what was confirmed is no longer so, and whom it named
/// is nobody's business any more (GDPR art. 5(1)(e)).
///
/// # Errors
/// When the database fails.
pub fn void(tx: &mut DbConnection, id: ActivationRequestId) -> Result<(), Problem> {
    store::void(tx, id)?;
    let purposes = &[ChallengePurpose::Representative];
    otp_challenges::store::cancel(tx, id, purposes)?;
    otp_challenges::store::forget(tx, id, purposes)?;
    Ok(())
}

/// An invitation and its request, for whoever holds its link.
///
/// # Errors
/// `invalid_token` where it was voided or has expired, and where the request is over.
pub fn look_up(
    connection: &mut DbConnection,
    id: RepresentativeInvitationId,
    now: Time,
) -> Result<(RepresentativeInvitation, ActivationRequest), Problem> {
    let invitation = store::find(connection, id)?.ok_or_else(|| INVALID_TOKEN.problem())?;
    let request = requests::store::find(connection, invitation.request_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    if invitation.is_shown(request.status, now) { Ok((invitation, request)) } else { Err(INVALID_TOKEN.problem()) }
}

/// As [`look_up`], for an answer: the request is locked.
fn open(
    tx: &mut DbConnection,
    id: RepresentativeInvitationId,
    now: Time,
) -> Result<(RepresentativeInvitation, ActivationRequest), Problem> {
    let request_id = look_up(tx, id, now)?.0.request_id;
    let request = requests::store::find_locked(tx, request_id)?.ok_or_else(|| NOT_FOUND.problem())?;
    let invitation = store::find(tx, id)?.filter(|invitation| invitation.is_open(request.status, now));
    Ok((invitation.ok_or_else(|| INVALID_TOKEN.problem())?, request))
}

/// Issues a code to the address that was invited.
///
/// # Errors
/// `invalid_token`, also once confirmed; `otp_cool_down`.
pub fn send_code(
    tx: &mut DbConnection,
    id: RepresentativeInvitationId,
    challenge: &OtpChallenge,
) -> Result<(), Problem> {
    let now = challenge.issued_at;
    let (invitation, request) = open(tx, id, now)?;
    if invitation.email != challenge.email || invitation.request_id != challenge.request_id {
        return Err(Problem::internal("a challenge for another invitation"));
    }
    enforce_cool_down(tx, challenge)?;
    otp_challenges::store::issue(tx, challenge)?;
    let details = json!({ "challenge_id": challenge.id });
    requests::flow::record(tx, &request, "representative_otp_issued", REPRESENTATIVE, details, now)?;
    jobs::enqueue(tx, &OtpMail { challenge_id: challenge.id }, now)?;
    Ok(())
}

/// Tries the code that the representative received; the right one confirms.
///
/// # Errors
/// `invalid_token`, also once confirmed.
pub fn confirm(
    tx: &mut DbConnection,
    platform: &Platform,
    id: RepresentativeInvitationId,
    code: &str,
    sender: &Sender,
    now: Time,
) -> Result<Verification, Problem> {
    let (mut invitation, mut request) = open(tx, id, now)?;
    let last = otp_challenges::store::last_of(tx, request.id, ChallengePurpose::Representative)?;
    let last = last.filter(|challenge| challenge.email == invitation.email);
    let Some(challenge) = last else { return Ok(Verification::Refused(OTP_NOT_LIVE.problem())) };
    if let Verification::Refused(problem) = try_code(tx, platform, &challenge, code, now)? {
        return Ok(Verification::Refused(problem));
    }
    request.begin_change(Requirement::RepresentativeConfirmation, now)?;
    let missing = || Problem::internal("an invitation without a delegate");
    let proof = Confirmation {
        first_name: invitation.first_name.clone(),
        last_name: invitation.last_name.clone(),
        email: invitation.email.clone(),
        challenge_id: challenge.id,
        applicant_codice_fiscale: request.applicant.as_ref().ok_or_else(missing)?.codice_fiscale.clone(),
        holder_fiscal_subject: request.holder.as_ref().ok_or_else(missing)?.fiscal_subject(),
        given_at: now,
        ip: sender.ip_text(),
        user_agent: sender.user_agent.clone(),
    };
    let details = json!({ "invitation_id": id, "challenge_id": challenge.id, "proof_sha256": proof_sha256(&proof)? });
    invitation.status = InvitationStatus::Confirmed;
    invitation.confirmation = Some(proof);
    store::update(tx, &invitation)?;
    requests::flow::conclude_as(tx, &mut request, REPRESENTATIVE, "representative_confirmed", details, now)?;
    Ok(Verification::Verified)
}
