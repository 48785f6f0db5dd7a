//! The job that tries a withheld document again, and the chore that owes it anew once its tries are over.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::flow::{self, Issued};
use super::rules::OwedRefund;
use super::store;
use crate::platform::Platform;
use crate::platform::db::DbConnection;
use crate::platform::jobs::{self, Failure, Job};
use crate::platform::problem::Problem;
use crate::shop::orders::rules::OrderId;
use crate::shop::provider::Seller;

/// Seconds after which a job's tries are over (see [`jobs::MAX_ATTEMPTS`]) and the document is owed anew.
const TRIES_ARE_OVER: i64 = 24 * 3600;

/// Owes a document that was withheld because SdI would have sent it back.
#[derive(Serialize, Deserialize)]
pub struct IssueDocument {
    /// Of which order.
    pub order_id: OrderId,
    /// For which refund, if it is a credit note.
    pub refund: Option<OwedRefund>,
}

impl Job for IssueDocument {
    const KIND: &'static str = "issue_document";
}

/// Issues the document; while SdI would still send it back the job fails with its codes. Once its tries are over it stays
/// for a person to look at, and [`owe_missing_documents`] owes the document anew.
///
/// # Errors
/// When it should be tried again.
pub async fn issue(platform: Arc<Platform>, seller: Arc<Seller>, job: IssueDocument) -> Result<(), Failure> {
    let now = platform.clock.now();
    let issued = platform
        .db
        .write(move |tx| match &job.refund {
            None => flow::issue_invoice(tx, &seller, job.order_id, now),
            Some(refund) => flow::issue_credit_note(tx, job.order_id, refund, now),
        })
        .await?;
    match issued {
        Issued::There | Issued::NotOwed => Ok(()),
        Issued::Withheld(violations) => {
            let listed: Vec<String> =
                violations.iter().map(|violation| format!("{}: {}", violation.code, violation.meaning)).collect();
            Err(Failure::Again(listed.join("; ")))
        }
        Issued::AwaitsInvoice => Err(Failure::Again("the invoice that it corrects is not issued yet".to_owned())),
    }
}

/// Owes, at most once a day each, every invoice and credit note that should have been issued a day ago and was not:
/// whatever kept one back, it is issued the day after that is mended.
///
/// # Errors
/// When the database fails.
pub async fn owe_missing_documents(platform: Arc<Platform>) -> Result<(), Problem> {
    let now = platform.clock.now();
    let before = now.plus_seconds(-TRIES_ARE_OVER);
    let owe = move |tx: &mut DbConnection, thing: String, job: &IssueDocument| {
        jobs::enqueue_once(tx, job, &format!("issue_document/{thing}/{}", now.italian_date()), now)
    };
    let invoices = platform.db.in_portions(
        move |connection, last| Ok(store::orders_without_invoice(connection, before, last)?),
        move |tx, orders| {
            orders.iter().try_for_each(|order_id| {
                owe(tx, order_id.to_string(), &IssueDocument { order_id: *order_id, refund: None })
            })
        },
    );
    invoices.await?;
    let notes = platform.db.in_portions(
        move |connection, last: Option<(OrderId, OwedRefund)>| {
            let last = last.map(|(_, refund)| refund.refund_id);
            Ok(store::refunds_without_note(connection, before, last)?)
        },
        move |tx, owed| {
            owed.iter().try_for_each(|(order_id, refund)| {
                if !flow::owes_credit_note(tx, *order_id)? {
                    return Ok(());
                }
                let job = IssueDocument { order_id: *order_id, refund: Some(*refund) };
                owe(tx, refund.refund_id.to_string(), &job)
            })
        },
    );
    notes.await
}
