//! The table of decisions, which only grows.

use diesel::prelude::*;

use super::rules::{ReviewDecision, ReviewDecisionId, ReviewOutcome, Verdict};
use crate::activation::requests::rules::ActivationRequestId;
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::review_decisions;
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = review_decisions)]
struct DecisionRow {
    id: ReviewDecisionId,
    request_id: ActivationRequestId,
    reviewer_id: AccountId,
    outcome: ReviewOutcome,
    reasons: Json,
    message: Option<String>,
    internal_note: Option<String>,
    is_final: bool,
    submitted_at: Option<Time>,
    decided_at: Time,
}

impl DecisionRow {
    fn into_decision(self) -> Result<ReviewDecision, Problem> {
        Ok(ReviewDecision {
            id: self.id,
            verdict: Verdict {
                request_id: self.request_id,
                reviewer_id: self.reviewer_id,
                outcome: self.outcome,
                reasons: self.reasons.read()?,
                message: self.message,
                internal_note: self.internal_note,
                decided_at: self.decided_at,
            },
            is_final: self.is_final,
            submitted_at: self.submitted_at,
        })
    }
}

/// Adds a decision.
///
/// # Errors
/// When the database fails.
pub fn insert(tx: &mut DbConnection, decision: &ReviewDecision) -> Result<(), Problem> {
    let verdict = &decision.verdict;
    let row = DecisionRow {
        id: decision.id,
        request_id: verdict.request_id,
        reviewer_id: verdict.reviewer_id,
        outcome: verdict.outcome,
        reasons: Json::of(&verdict.reasons)?,
        message: verdict.message.clone(),
        internal_note: verdict.internal_note.clone(),
        is_final: decision.is_final,
        submitted_at: decision.submitted_at,
        decided_at: verdict.decided_at,
    };
    diesel::insert_into(review_decisions::table).values(row).execute(tx)?;
    Ok(())
}

/// A decision.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(connection: &mut DbConnection, id: ReviewDecisionId) -> Result<Option<ReviewDecision>, Problem> {
    let row: Option<DecisionRow> =
        review_decisions::table.find(id).select(DecisionRow::as_select()).first(connection).optional()?;
    row.map(DecisionRow::into_decision).transpose()
}

/// The decisions on a request, oldest first.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn of_request(connection: &mut DbConnection, request: ActivationRequestId) -> Result<Vec<ReviewDecision>, Problem> {
    let rows: Vec<DecisionRow> = review_decisions::table
        .filter(review_decisions::request_id.eq(request))
        .order(review_decisions::id)
        .select(DecisionRow::as_select())
        .load(connection)?;
    rows.into_iter().map(DecisionRow::into_decision).collect()
}

/// When each review that a decision has ended since a moment began and ended.
pub fn reviews_since(connection: &mut DbConnection, moment: Time) -> QueryResult<Vec<(Time, Time)>> {
    let rows: Vec<(Option<Time>, Time)> = review_decisions::table
        .filter(review_decisions::decided_at.ge(moment))
        .filter(review_decisions::is_final.eq(true))
        .select((review_decisions::submitted_at, review_decisions::decided_at))
        .load(connection)?;
    Ok(rows.into_iter().filter_map(|(began, ended)| began.map(|began| (began, ended))).collect())
}
