//! The tables of activation requests and their timelines.

mod events;

pub use events::{latest_sequences, record, timeline, timeline_after};

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::holder::HolderType;
use super::rules::{ActivationRequest, ActivationRequestId, RequestStatus};
use crate::activation::problems::HOLDER_ALREADY_REQUESTED;
use crate::activation::{contracts, identity_documents, representatives};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Locked;
use crate::platform::db::schema::activation_requests;
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;
use crate::shop::orders::rules::OrderId;
use crate::shop::plans::rules::PlanId;

#[derive(Queryable, Selectable)]
#[diesel(table_name = activation_requests)]
struct RequestRow {
    id: ActivationRequestId,
    order_id: OrderId,
    order_unit: i32,
    account_id: AccountId,
    plan_id: PlanId,
    product: String,
    status: RequestStatus,
    email: Option<String>,
    email_verified_at: Option<Time>,
    holder: Option<Json>,
    applicant: Option<Json>,
    reopened: Option<Json>,
    reviewer_id: Option<AccountId>,
    submitted_at: Option<Time>,
    decided_at: Option<Time>,
    activated_at: Option<Time>,
    service_reference: Option<String>,
    access_url: Option<String>,
    created_at: Time,
}

impl RequestRow {
    fn into_request(self, connection: &mut DbConnection) -> Result<ActivationRequest, Problem> {
        let mut request = ActivationRequest {
            id: self.id,
            order_id: self.order_id,
            order_unit: self.order_unit,
            account_id: self.account_id,
            plan_id: self.plan_id,
            product: self.product,
            status: self.status,
            email: self.email,
            email_verified_at: self.email_verified_at,
            holder: self.holder.map(|json| json.read()).transpose()?,
            applicant: self.applicant.map(|json| json.read()).transpose()?,
            representative: None,
            identity_document: None,
            contracts: Vec::new(),
            reopened: self.reopened.map(|json| json.read()).transpose()?.unwrap_or_default(),
            reviewer_id: self.reviewer_id,
            submitted_at: self.submitted_at,
            decided_at: self.decided_at,
            activated_at: self.activated_at,
            service_reference: self.service_reference,
            access_url: self.access_url,
            created_at: self.created_at,
        };
        refresh(connection, &mut request)?;
        Ok(request)
    }
}

/// Adds a request that awaits its e-mail.
pub fn insert(tx: &mut DbConnection, request: &ActivationRequest) -> QueryResult<usize> {
    diesel::insert_into(activation_requests::table)
        .values((
            activation_requests::id.eq(request.id),
            activation_requests::order_id.eq(request.order_id),
            activation_requests::order_unit.eq(request.order_unit),
            activation_requests::account_id.eq(request.account_id),
            activation_requests::plan_id.eq(request.plan_id),
            activation_requests::product.eq(&request.product),
            activation_requests::status.eq(request.status),
            activation_requests::created_at.eq(request.created_at),
            activation_requests::updated_at.eq(request.created_at),
        ))
        .execute(tx)
}

/// A request of an account's.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_own(
    connection: &mut DbConnection,
    account: AccountId,
    id: ActivationRequestId,
) -> Result<Option<ActivationRequest>, Problem> {
    let row: Option<RequestRow> = activation_requests::table
        .find(id)
        .filter(activation_requests::account_id.eq(account))
        .select(RequestRow::as_select())
        .first(connection)
        .optional()?;
    row.map(|row| row.into_request(connection)).transpose()
}

/// A request, whosever it is.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(connection: &mut DbConnection, id: ActivationRequestId) -> Result<Option<ActivationRequest>, Problem> {
    let row: Option<RequestRow> =
        activation_requests::table.find(id).select(RequestRow::as_select()).first(connection).optional()?;
    row.map(|row| row.into_request(connection)).transpose()
}

/// A request, so that whoever else wants to change it waits.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_locked(tx: &mut DbConnection, id: ActivationRequestId) -> Result<Option<ActivationRequest>, Problem> {
    let query = activation_requests::table.find(id).select(RequestRow::as_select());
    let row: Option<RequestRow> = Locked(query).get_result(tx).optional()?;
    row.map(|row| row.into_request(tx)).transpose()
}

/// The requests of an order.
pub fn of_order(connection: &mut DbConnection, order: OrderId) -> QueryResult<Vec<ActivationRequestId>> {
    activation_requests::table
        .filter(activation_requests::order_id.eq(order))
        .order(activation_requests::order_unit)
        .select(activation_requests::id)
        .load(connection)
}

/// An account's requests, newest first.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn list(
    connection: &mut DbConnection,
    account: AccountId,
    before: Option<ActivationRequestId>,
    limit: i64,
) -> Result<Vec<ActivationRequest>, Problem> {
    let mut query = activation_requests::table
        .filter(activation_requests::account_id.eq(account))
        .select(RequestRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(activation_requests::id.lt(before));
    }
    let rows: Vec<RequestRow> = query.order(activation_requests::id.desc()).limit(limit).load(connection)?;
    rows.into_iter().map(|row| row.into_request(connection)).collect()
}

/// Reads again what other tables tell of a request.
///
/// # Errors
/// When the database fails.
pub fn refresh(connection: &mut DbConnection, request: &mut ActivationRequest) -> Result<(), Problem> {
    let invitation = representatives::store::current(connection, request.id)?;
    request.representative = invitation.map(|invitation| invitation.status);
    request.identity_document = identity_documents::store::current(connection, request.id)?;
    request.contracts = contracts::store::current_statuses(connection, request.id)?;
    Ok(())
}

/// Writes what may change of a request.
///
/// # Errors
/// `holder_already_requested` where the database finds another request of the same product and holder that is not over.
pub fn update(tx: &mut DbConnection, request: &ActivationRequest, now: Time) -> Result<(), Problem> {
    let subject = request.holder.as_ref().map(|holder| holder.fiscal_subject());
    let holder_type: Option<HolderType> = request.holder.as_ref().map(|holder| holder.holder_type);
    diesel::update(activation_requests::table.find(request.id))
        .set((
            activation_requests::status.eq(request.status),
            activation_requests::email.eq(&request.email),
            activation_requests::email_verified_at.eq(request.email_verified_at),
            activation_requests::holder_type.eq(holder_type),
            activation_requests::holder.eq(request.holder.as_ref().map(Json::of).transpose()?),
            activation_requests::holder_fiscal_subject.eq(subject),
            activation_requests::applicant.eq(request.applicant.as_ref().map(Json::of).transpose()?),
            (
                activation_requests::reopened.eq(Json::of(&request.reopened)?),
                activation_requests::reviewer_id.eq(request.reviewer_id),
                activation_requests::submitted_at.eq(request.submitted_at),
                activation_requests::decided_at.eq(request.decided_at),
                activation_requests::activated_at.eq(request.activated_at),
                activation_requests::service_reference.eq(&request.service_reference),
                activation_requests::access_url.eq(&request.access_url),
            ),
            // Whoever goes on is no longer idle.
            activation_requests::reminders_sent.eq(0),
            activation_requests::updated_at.eq(now),
        ))
        .execute(tx)
        .map_err(|error| match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => HOLDER_ALREADY_REQUESTED.problem(),
            error => error.into(),
        })?;
    Ok(())
}

/// How many other requests, of whatever state, name the same holder.
pub fn count_others_of_holder(connection: &mut DbConnection, request: &ActivationRequest) -> QueryResult<i64> {
    let Some(subject) = request.holder.as_ref().map(|holder| holder.fiscal_subject()) else { return Ok(0) };
    activation_requests::table
        .filter(activation_requests::holder_fiscal_subject.eq(subject))
        .filter(activation_requests::id.ne(request.id))
        .count()
        .get_result(connection)
}

/// Requests whose provisioning began before a moment and has not ended.
pub fn provisioning_since(connection: &mut DbConnection, moment: Time) -> QueryResult<Vec<ActivationRequestId>> {
    activation_requests::table
        .filter(activation_requests::status.eq_any([RequestStatus::Approved, RequestStatus::Provisioning]))
        .filter(activation_requests::updated_at.le(moment))
        .order(activation_requests::id)
        .limit(100)
        .select(activation_requests::id)
        .load(connection)
}

/// Unfinished requests in which nothing has changed since a moment: which, since when exactly, and how many reminders
/// were sent.
pub fn idle_since(connection: &mut DbConnection, moment: Time) -> QueryResult<Vec<(ActivationRequestId, Time, i32)>> {
    activation_requests::table
        .filter(activation_requests::status.eq_any(RequestStatus::WITH_CUSTOMER))
        .filter(activation_requests::updated_at.le(moment))
        .order(activation_requests::updated_at)
        .select((activation_requests::id, activation_requests::updated_at, activation_requests::reminders_sent))
        .load(connection)
}

/// When a request changed last, and how many reminders were sent since.
pub fn idleness(connection: &mut DbConnection, id: ActivationRequestId) -> QueryResult<(Time, i32)> {
    activation_requests::table
        .find(id)
        .select((activation_requests::updated_at, activation_requests::reminders_sent))
        .first(connection)
}

/// Notes that so many reminders were sent; a reminder is no change of the request.
pub fn note_reminders(tx: &mut DbConnection, id: ActivationRequestId, sent: i32) -> QueryResult<usize> {
    diesel::update(activation_requests::table.find(id)).set(activation_requests::reminders_sent.eq(sent)).execute(tx)
}

/// Which requests the back office's list shows.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Only in this state.
    pub status: Option<RequestStatus>,
    /// Only those that this reviewer has claimed.
    pub reviewer: Option<AccountId>,
    /// Only those that nobody has claimed.
    pub is_unclaimed: bool,
    /// Only those of a holder of this type.
    pub holder_type: Option<HolderType>,
    /// Only those handed in at this moment or before.
    pub submitted_until: Option<Time>,
    /// Only those before this one.
    pub before: Option<ActivationRequestId>,
}

/// Everybody's requests, newest first.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn list_all(
    connection: &mut DbConnection,
    filter: &RequestFilter,
    limit: i64,
) -> Result<Vec<ActivationRequest>, Problem> {
    let mut query = activation_requests::table.select(RequestRow::as_select()).into_boxed();
    if let Some(status) = filter.status {
        query = query.filter(activation_requests::status.eq(status));
    }
    if let Some(reviewer) = filter.reviewer {
        query = query.filter(activation_requests::reviewer_id.eq(reviewer));
    }
    if filter.is_unclaimed {
        query = query.filter(activation_requests::reviewer_id.is_null());
    }
    if let Some(holder_type) = filter.holder_type {
        query = query.filter(activation_requests::holder_type.eq(holder_type));
    }
    if let Some(moment) = filter.submitted_until {
        query = query.filter(activation_requests::submitted_at.le(moment));
    }
    if let Some(before) = filter.before {
        query = query.filter(activation_requests::id.lt(before));
    }
    let rows: Vec<RequestRow> = query.order(activation_requests::id.desc()).limit(limit).load(connection)?;
    rows.into_iter().map(|row| row.into_request(connection)).collect()
}

/// What waits for the review: how many requests, how many of them unclaimed, and when the oldest was handed in.
pub fn waiting_for_review(connection: &mut DbConnection) -> QueryResult<(i64, i64, Option<Time>)> {
    let waiting = || activation_requests::table.filter(activation_requests::status.eq(RequestStatus::InReview));
    let requests = waiting().count().get_result(connection)?;
    let unclaimed = waiting().filter(activation_requests::reviewer_id.is_null()).count().get_result(connection)?;
    let oldest: Option<Option<Time>> = waiting()
        .filter(activation_requests::submitted_at.is_not_null())
        .order(activation_requests::submitted_at)
        .select(activation_requests::submitted_at)
        .first(connection)
        .optional()?;
    Ok((requests, unclaimed, oldest.flatten()))
}
