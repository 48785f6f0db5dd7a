//! `POST /v1/activation-requests/{id}/representative-invitation`, and what the representative calls with the token of
//! the link in their mail. The token comes in the body, so that it stands in no log of addresses.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::flow::{self, Invitee};
use super::rules::{InvitationStatus, LINK, RepresentativeInvitation, RepresentativeInvitationId};
use crate::activation::contracts::data::SERVICE_NAME;
use crate::activation::limits::ActivationLimits;
use crate::activation::otp_challenges;
use crate::activation::otp_challenges::api::{ChallengeView, six_digits};
use crate::activation::otp_challenges::flow::Verification;
use crate::activation::otp_challenges::rules::{ChallengePurpose, masked};
use crate::activation::requests::rules::{ActivationRequest, ActivationRequestId};
use crate::customers::accounts::link_token;
use crate::customers::accounts::rules::checked_email;
use crate::customers::sessions::extract::Customer;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::http::body::ValidJson;
use crate::platform::http::idempotency_key::IdempotencyKey;
use crate::platform::http::openapi::Conflict;
use crate::platform::http::request::Sender;
use crate::platform::idempotency::Answer;
use crate::platform::problem::Problem;

/// Whom to invite.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RepresentativeInvitationRequest {
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Anna")]
    first_name: String,
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "Bianchi")]
    last_name: String,
    /// Not the applicant's own.
    #[validate(length(max = 254))]
    #[schema(max_length = 254, format = "email", example = "anna.bianchi@example.com")]
    email: String,
}

/// An invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = RepresentativeInvitation)]
pub struct InvitationView {
    id: RepresentativeInvitationId,
    activation_request_id: ActivationRequestId,
    first_name: String,
    last_name: String,
    email: String,
    status: InvitationStatus,
    created_at: Time,
    expires_at: Time,
}

impl From<RepresentativeInvitation> for InvitationView {
    fn from(invitation: RepresentativeInvitation) -> Self {
        Self {
            id: invitation.id,
            activation_request_id: invitation.request_id,
            first_name: invitation.first_name,
            last_name: invitation.last_name,
            email: invitation.email,
            status: invitation.status,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}

/// The token of the link in the invitation's mail.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct InvitationToken {
    #[validate(length(max = 200))]
    #[schema(max_length = 200, example = "rinv_01kawz3h8mf5ttb4c5v3e8n0qx.c2VjcmV0")]
    token: String,
}

/// The token, and the code that was received.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RepresentativeConfirmation {
    /// Of the link in the invitation's mail.
    #[validate(length(max = 200))]
    #[schema(max_length = 200, example = "rinv_01kawz3h8mf5ttb4c5v3e8n0qx.c2VjcmV0")]
    token: String,
    /// Six digits.
    #[validate(custom(function = "six_digits"))]
    #[schema(min_length = 6, max_length = 6, pattern = "^[0-9]{6}$", example = "123456")]
    code: String,
}

/// What the representative is asked to confirm.
#[derive(Serialize, ToSchema)]
pub struct RepresentativeQuestion {
    status: InvitationStatus,
    /// The representative's.
    first_name: String,
    /// The representative's.
    last_name: String,
    /// Where the code goes, masked.
    #[schema(example = "a***i@e***.com")]
    destination: String,
    /// Whose service it will be.
    #[schema(example = "Rossi S.r.l.")]
    holder: String,
    /// Who applies as a delegate.
    #[schema(example = "Mario Rossi")]
    applicant: String,
    #[schema(example = "Legalinvoice")]
    service: &'static str,
    expires_at: Time,
}

impl RepresentativeQuestion {
    fn of(invitation: RepresentativeInvitation, request: &ActivationRequest) -> Self {
        Self {
            status: invitation.status,
            destination: masked(&invitation.email),
            first_name: invitation.first_name,
            last_name: invitation.last_name,
            holder: request.holder.as_ref().map(|holder| holder.display_name()).unwrap_or_default(),
            applicant: request.applicant.as_ref().map(|applicant| applicant.full_name()).unwrap_or_default(),
            service: SERVICE_NAME,
            expires_at: invitation.expires_at,
        }
    }
}

/// Invites the holder's representative
///
/// Where a delegate applies: the representative gets a mail with a link, and confirms with a code of their own. Another
/// invitation takes the place of the one before; a change of holder or applicant voids it.
#[utoipa::path(tag = "activation", params(("id" = ActivationRequestId, Path), ("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body = RepresentativeInvitationRequest, extensions(("x-rate-limited" = json!(true))),
    responses((status = 201, description = "The invitation", body = InvitationView), Conflict), security(("bearer" = [])))]
#[post("/activation-requests/{id}/representative-invitation")]
pub async fn invite_representative(
    platform: web::Data<Platform>,
    limits: web::Data<ActivationLimits>,
    id: web::Path<ActivationRequestId>,
    request: HttpRequest,
    customer: Customer,
    key: IdempotencyKey,
    body: ValidJson<RepresentativeInvitationRequest>,
) -> Result<HttpResponse, Problem> {
    limits.otp_by_account.count(&request, customer.account_id)?;
    let key = key.of(customer.account_id, &body.sha256);
    let RepresentativeInvitationRequest { first_name, last_name, email } = body.value;
    let invitee = Invitee { first_name, last_name, email: checked_email(&email)? };
    let now = platform.clock.now();
    let answer = platform
        .write_once(key, now, move |tx| {
            let invited = flow::invite(tx, customer.account_id, *id, &invitee, now)?;
            Answer::json(201, &InvitationView::from(invited))
        })
        .await?;
    Ok(answer.into())
}

fn invitation_of(platform: &Platform, token: &str) -> Result<RepresentativeInvitationId, Problem> {
    link_token::read(&platform.keys, LINK, token)
}

/// Shows what a representative is asked to confirm
#[utoipa::path(tag = "activation", request_body = InvitationToken, extensions(("x-rate-limited" = json!(true))), responses((status = 200, description = "The question", body = RepresentativeQuestion)))]
#[post("/representative-invitations/lookup")]
pub async fn look_up_representative_invitation(
    platform: web::Data<Platform>,
    limits: web::Data<ActivationLimits>,
    request: HttpRequest,
    body: ValidJson<InvitationToken>,
) -> Result<HttpResponse, Problem> {
    limits.representatives_by_sender.count_sender(&request)?;
    let (id, now) = (invitation_of(&platform, &body.value.token)?, platform.clock.now());
    let (invitation, request) = platform.db.read(move |connection| flow::look_up(connection, id, now)).await?;
    Ok(HttpResponse::Ok().json(RepresentativeQuestion::of(invitation, &request)))
}

/// Sends a representative their one-time code
#[utoipa::path(tag = "activation", request_body = InvitationToken, extensions(("x-rate-limited" = json!(true))), responses((status = 201, description = "The challenge", body = ChallengeView)))]
#[post("/representative-invitations/otp-challenges")]
pub async fn issue_representative_challenge(
    platform: web::Data<Platform>,
    limits: web::Data<ActivationLimits>,
    request: HttpRequest,
    body: ValidJson<InvitationToken>,
) -> Result<HttpResponse, Problem> {
    limits.representatives_by_sender.count_sender(&request)?;
    let (id, now) = (invitation_of(&platform, &body.value.token)?, platform.clock.now());
    limits.otp_by_invitation.count(&request, id)?;
    let (invitation, _) = platform.db.read(move |connection| flow::look_up(connection, id, now)).await?;
    let purpose = ChallengePurpose::Representative;
    let challenge = otp_challenges::flow::prepare(&platform, invitation.request_id, purpose, &invitation.email, now)?;
    let view = ChallengeView::of(&challenge, now);
    platform.db.write(move |tx| flow::send_code(tx, id, &challenge)).await?;
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(view))
}

/// Confirms a delegation
///
/// With the code that the representative received. Five tries, each counted before it is compared.
#[utoipa::path(tag = "activation", request_body = RepresentativeConfirmation, extensions(("x-rate-limited" = json!(true))), responses((status = 200, description = "It is confirmed", body = RepresentativeQuestion), Conflict))]
#[post("/representative-invitations/confirmation")]
pub async fn confirm_representative(
    platform: web::Data<Platform>,
    limits: web::Data<ActivationLimits>,
    request: HttpRequest,
    body: ValidJson<RepresentativeConfirmation>,
) -> Result<HttpResponse, Problem> {
    limits.representatives_by_sender.count_sender(&request)?;
    let (id, now) = (invitation_of(&platform, &body.value.token)?, platform.clock.now());
    let (shared, code, sender) = (platform.clone(), body.value.code, Sender::of(&request));
    let outcome = platform.db.write(move |tx| flow::confirm(tx, &shared, id, &code, &sender, now)).await?;
    if let Verification::Refused(problem) = outcome {
        return Err(problem);
    }
    let (invitation, request) = platform.db.read(move |connection| flow::look_up(connection, id, now)).await?;
    Ok(HttpResponse::Ok().json(RepresentativeQuestion::of(invitation, &request)))
}

/// Mounts the representatives.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(invite_representative)
        .service(look_up_representative_invitation)
        .service(issue_representative_challenge)
        .service(confirm_representative);
}
