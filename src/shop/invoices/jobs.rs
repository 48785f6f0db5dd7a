//! The job that tries a withheld document again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::flow::{self, Issued};
use crate::platform::Platform;
use crate::platform::jobs::{Failure, Job};
use crate::shop::orders::rules::OrderId;
use crate::shop::payments::refunds::rules::RefundId;
use crate::shop::provider::Seller;

/// Money that was given back, for which a credit note is owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedRefund {
    /// Which refund.
    pub refund_id: RefundId,
    /// How much.
    pub amount_cents: i64,
}

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

/// Issues the document; while SdI would still send it back the job fails with its codes, and in the end stays for a person
/// to look at.
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
