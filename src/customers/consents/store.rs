//! The tables of consent documents and of the choices made, which only grows.

use diesel::prelude::*;

use super::rules::{ConsentDocument, ConsentDocumentId, ConsentId, Decision, Purpose};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::{consent_documents, consents};
use crate::platform::db::types::Json;
use crate::platform::http::request::Sender;
use crate::platform::problem::Problem;

type DocumentRow = (ConsentDocumentId, Purpose, String, Json, Json);

fn into_document((id, purpose, version, title, body): DocumentRow) -> Result<ConsentDocument, Problem> {
    Ok(ConsentDocument { id, purpose, version, title: title.read()?, body: body.read()? })
}

/// The current version of each document.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn current(connection: &mut DbConnection) -> Result<Vec<ConsentDocument>, Problem> {
    let rows: Vec<DocumentRow> = consent_documents::table
        .order((consent_documents::published_at.desc(), consent_documents::id.desc()))
        .select((
            consent_documents::id,
            consent_documents::purpose,
            consent_documents::version,
            consent_documents::title,
            consent_documents::body,
        ))
        .load(connection)?;
    let documents = rows.into_iter().map(into_document).collect::<Result<Vec<_>, _>>()?;
    let newest = |purpose: &Purpose| documents.iter().find(|document| document.purpose == *purpose).cloned();
    Ok(Purpose::ALL.iter().filter_map(newest).collect())
}

/// Any version of a document.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(connection: &mut DbConnection, id: ConsentDocumentId) -> Result<Option<ConsentDocument>, Problem> {
    let row: Option<DocumentRow> = consent_documents::table
        .find(id)
        .select((
            consent_documents::id,
            consent_documents::purpose,
            consent_documents::version,
            consent_documents::title,
            consent_documents::body,
        ))
        .first(connection)
        .optional()?;
    row.map(into_document).transpose()
}

/// Publishes a version that is not there yet.
///
/// # Errors
/// When the database fails.
pub fn publish(tx: &mut DbConnection, document: &ConsentDocument, now: Time) -> Result<(), Problem> {
    let row = diesel::insert_into(consent_documents::table)
        .values((
            consent_documents::id.eq(document.id),
            consent_documents::purpose.eq(document.purpose),
            consent_documents::version.eq(&document.version),
            consent_documents::title.eq(Json::of(&document.title)?),
            consent_documents::body.eq(Json::of(&document.body)?),
            consent_documents::published_at.eq(now),
        ))
        .on_conflict((consent_documents::purpose, consent_documents::version))
        .do_nothing();
    Both(row).execute(tx)?;
    Ok(())
}

/// Keeps a choice as evidence.
pub fn record(
    tx: &mut DbConnection,
    account: AccountId,
    (purpose, decision, version): (Purpose, Decision, &str),
    sender: &Sender,
    now: Time,
) -> QueryResult<usize> {
    diesel::insert_into(consents::table)
        .values((
            consents::id.eq(ConsentId::new()),
            consents::account_id.eq(account),
            consents::purpose.eq(purpose),
            consents::decision.eq(decision),
            consents::document_version.eq(version),
            consents::ip.eq(sender.ip_text()),
            consents::user_agent.eq(&sender.user_agent),
            consents::decided_at.eq(now),
        ))
        .execute(tx)
}

/// An account's choices, newest first.
pub fn history(
    connection: &mut DbConnection,
    account: AccountId,
) -> QueryResult<Vec<(ConsentId, Purpose, Decision, String, Time)>> {
    consents::table
        .filter(consents::account_id.eq(account))
        .order(consents::id.desc())
        .select((consents::id, consents::purpose, consents::decision, consents::document_version, consents::decided_at))
        .load(connection)
}
