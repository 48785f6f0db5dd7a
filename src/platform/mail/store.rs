//! The sandbox's mailbox.

use diesel::prelude::*;

use super::{Mail, MailId};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::sandbox_mails;
use crate::platform::jobs::JobId;

/// A mail that was delivered to the mailbox.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sandbox_mails)]
pub struct DeliveredMail {
    /// Which.
    pub id: MailId,
    /// To whom.
    pub recipient: String,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub text_body: String,
    /// HTML.
    pub html_body: String,
    /// The one-time code in it.
    pub otp: Option<String>,
    /// When.
    pub sent_at: Time,
}

/// Delivers a mail once a job.
pub fn deliver(tx: &mut DbConnection, job: JobId, mail: &Mail, now: Time) -> QueryResult<usize> {
    let row = diesel::insert_into(sandbox_mails::table)
        .values((
            sandbox_mails::id.eq(MailId::new()),
            sandbox_mails::job_id.eq(job),
            sandbox_mails::recipient.eq(&mail.to),
            sandbox_mails::subject.eq(&mail.subject),
            sandbox_mails::text_body.eq(&mail.text),
            sandbox_mails::html_body.eq(&mail.html),
            sandbox_mails::otp.eq(&mail.otp),
            sandbox_mails::sent_at.eq(now),
        ))
        .on_conflict(sandbox_mails::job_id)
        .do_nothing();
    Both(row).execute(tx)
}

/// Mails to one address, or to all, newest first.
pub fn list(
    connection: &mut DbConnection,
    recipient: Option<&str>,
    before: Option<MailId>,
    limit: i64,
) -> QueryResult<Vec<DeliveredMail>> {
    let mut query = sandbox_mails::table.select(DeliveredMail::as_select()).into_boxed();
    if let Some(recipient) = recipient {
        query = query.filter(sandbox_mails::recipient.eq(recipient));
    }
    if let Some(before) = before {
        query = query.filter(sandbox_mails::id.lt(before));
    }
    query.order(sandbox_mails::id.desc()).limit(limit).load(connection)
}
