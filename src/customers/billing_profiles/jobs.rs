//! The job that asks VIES for a VAT number, between two short transactions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::client::ViesClient;
use super::rules::BillingProfileId;
use super::vat_check::ViesAnswer;
use super::{flow, store};
use crate::platform::Platform;
use crate::platform::db::DbConnection;
use crate::platform::jobs::{self, Failure, Job};
use crate::platform::problem::Problem;

/// Seconds after which a job's tries are over (see [`jobs::MAX_ATTEMPTS`]) and a number without an answer is asked for
/// again.
const TAKEN_UP_AFTER: i64 = 24 * 3600;

/// Owes a profile's VAT number a check.
#[derive(Serialize, Deserialize)]
pub struct CheckVatNumber {
    /// Which profile.
    pub profile_id: BillingProfileId,
}

impl Job for CheckVatNumber {
    const KIND: &'static str = "check_vat_number";
}

/// Asks VIES, and keeps its answer. While it does not answer, the profile says so and the job is tried again.
///
/// # Errors
/// When it should be tried again.
pub async fn check(platform: Arc<Platform>, client: Arc<ViesClient>, job: CheckVatNumber) -> Result<(), Failure> {
    let id = job.profile_id;
    let number = platform.db.read(move |connection| flow::number_to_check(connection, id)).await?;
    let Some(number) = number else { return Ok(()) };
    let answer = client.check(&number).await;
    let (now, kept) = (platform.clock.now(), answer.clone());
    platform.db.write(move |tx| flow::record_answer(tx, id, &number, &kept, now)).await?;
    match answer {
        ViesAnswer::Known { .. } => Ok(()),
        ViesAnswer::Unavailable(reason) => Err(Failure::Again(reason)),
    }
}

/// Owes another check, at most once a day each, to numbers that VIES has not answered for within the tries of one job,
/// and to those whose answer has come to half the age at which it no longer counts.
///
/// # Errors
/// When the database fails.
pub async fn check_again(platform: Arc<Platform>) -> Result<(), Problem> {
    let now = platform.clock.now();
    let half_life = i64::from(platform.config.vat_check_days) * 24 * 3600 / 2;
    let (unanswered, old) = (now.plus_seconds(-TAKEN_UP_AFTER), now.plus_seconds(-half_life));
    let owe = move |tx: &mut DbConnection, profile_id: BillingProfileId| {
        let once_a_day = format!("check_vat_number/{profile_id}/{}", now.italian_date());
        jobs::enqueue_once(tx, &CheckVatNumber { profile_id }, &once_a_day, now)
    };
    let due = platform.db.in_portions(
        move |connection, last| Ok(store::due_for_check(connection, unanswered, old, last)?),
        move |tx, profiles| profiles.iter().try_for_each(|profile_id| owe(tx, *profile_id)),
    );
    due.await
}
