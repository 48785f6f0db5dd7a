//! The table of invitations.

use diesel::prelude::*;

use super::rules::{InvitationStatus, RepresentativeInvitation, RepresentativeInvitationId};
use crate::activation::requests::rules::ActivationRequestId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::representative_invitations;
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = representative_invitations)]
struct InvitationRow {
    id: RepresentativeInvitationId,
    request_id: ActivationRequestId,
    first_name: String,
    last_name: String,
    email: String,
    status: InvitationStatus,
    confirmation: Option<Json>,
    created_at: Time,
    expires_at: Time,
}

impl InvitationRow {
    fn into_invitation(self) -> Result<RepresentativeInvitation, Problem> {
        Ok(RepresentativeInvitation {
            id: self.id,
            request_id: self.request_id,
            first_name: self.first_name,
            last_name: self.last_name,
            email: self.email,
            status: self.status,
            confirmation: self.confirmation.map(|json| json.read()).transpose()?,
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}

/// Adds an invitation; void the one before it first.
///
/// # Errors
/// When the database fails.
pub fn insert(tx: &mut DbConnection, invitation: &RepresentativeInvitation) -> Result<(), Problem> {
    let row = InvitationRow {
        id: invitation.id,
        request_id: invitation.request_id,
        first_name: invitation.first_name.clone(),
        last_name: invitation.last_name.clone(),
        email: invitation.email.clone(),
        status: invitation.status,
        confirmation: invitation.confirmation.as_ref().map(Json::of).transpose()?,
        created_at: invitation.created_at,
        expires_at: invitation.expires_at,
    };
    diesel::insert_into(representative_invitations::table).values(row).execute(tx)?;
    Ok(())
}

/// An invitation.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(
    connection: &mut DbConnection,
    id: RepresentativeInvitationId,
) -> Result<Option<RepresentativeInvitation>, Problem> {
    let row: Option<InvitationRow> =
        representative_invitations::table.find(id).select(InvitationRow::as_select()).first(connection).optional()?;
    row.map(InvitationRow::into_invitation).transpose()
}

/// A request's invitation that nothing has voided.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn current(
    connection: &mut DbConnection,
    request: ActivationRequestId,
) -> Result<Option<RepresentativeInvitation>, Problem> {
    let row: Option<InvitationRow> = representative_invitations::table
        .filter(representative_invitations::request_id.eq(request))
        .filter(representative_invitations::status.ne(InvitationStatus::Voided))
        .select(InvitationRow::as_select())
        .first(connection)
        .optional()?;
    row.map(InvitationRow::into_invitation).transpose()
}

/// Writes that an invitation was answered.
///
/// # Errors
/// When the database fails.
pub fn update(tx: &mut DbConnection, invitation: &RepresentativeInvitation) -> Result<(), Problem> {
    diesel::update(representative_invitations::table.find(invitation.id))
        .set((
            representative_invitations::status.eq(invitation.status),
            representative_invitations::confirmation.eq(invitation.confirmation.as_ref().map(Json::of).transpose()?),
        ))
        .execute(tx)?;
    Ok(())
}

/// Voids a request's invitation and drops whom it names: it speaks of somebody else, or another took its place.
pub fn void(tx: &mut DbConnection, request: ActivationRequestId) -> QueryResult<usize> {
    diesel::update(representative_invitations::table.filter(representative_invitations::request_id.eq(request)))
        .set((
            representative_invitations::status.eq(InvitationStatus::Voided),
            representative_invitations::first_name.eq(""),
            representative_invitations::last_name.eq(""),
            representative_invitations::email.eq(""),
            representative_invitations::confirmation.eq(None::<Json>),
        ))
        .execute(tx)
}
