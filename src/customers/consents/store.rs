//! The tables of consent documents and of the choices made on them.

use diesel::prelude::*;

use super::rules::{self, Choice, Consent, ConsentDocument, ConsentDocumentId, ConsentId, ConsentPurpose, Decision};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::{consent_documents, consents};
use crate::platform::db::types::Json;
use crate::platform::http::request::Sender;
use crate::platform::problem::Problem;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consent_documents)]
struct DocumentRow {
    id: ConsentDocumentId,
    purpose: ConsentPurpose,
    version: String,
    title: Json,
    body: Json,
    published_at: Time,
}

impl DocumentRow {
    fn into_document(self) -> Result<ConsentDocument, Problem> {
        Ok(ConsentDocument {
            id: self.id,
            purpose: self.purpose,
            version: self.version,
            title: self.title.read()?,
            body: self.body.read()?,
            published_at: self.published_at,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = consents)]
struct ConsentRow {
    id: ConsentId,
    purpose: ConsentPurpose,
    decision: Decision,
    document_version: String,
    ip: Option<String>,
    user_agent: Option<String>,
    decided_at: Time,
}

impl From<ConsentRow> for Consent {
    fn from(row: ConsentRow) -> Self {
        Self {
            id: row.id,
            purpose: row.purpose,
            decision: row.decision,
            document_version: row.document_version,
            ip: row.ip,
            user_agent: row.user_agent,
            decided_at: row.decided_at,
        }
    }
}

/// The documents in force, one of each purpose.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn documents_in_force(connection: &mut DbConnection, now: Time) -> Result<Vec<ConsentDocument>, Problem> {
    let rows: Vec<DocumentRow> = consent_documents::table
        .filter(consent_documents::published_at.le(now))
        .select(DocumentRow::as_select())
        .load(connection)?;
    let documents = rows.into_iter().map(DocumentRow::into_document).collect::<Result<Vec<_>, _>>()?;
    Ok(rules::in_force(documents, now))
}

/// A document that is or was in force.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_published(
    connection: &mut DbConnection,
    id: ConsentDocumentId,
    now: Time,
) -> Result<Option<ConsentDocument>, Problem> {
    let row: Option<DocumentRow> = consent_documents::table
        .find(id)
        .filter(consent_documents::published_at.le(now))
        .select(DocumentRow::as_select())
        .first(connection)
        .optional()?;
    row.map(DocumentRow::into_document).transpose()
}

/// Publishes a version that its purpose does not have yet.
///
/// # Errors
/// When the database fails.
pub fn insert_document(tx: &mut DbConnection, document: &ConsentDocument) -> Result<(), Problem> {
    let row = DocumentRow {
        id: document.id,
        purpose: document.purpose,
        version: document.version.clone(),
        title: Json::of(&document.title)?,
        body: Json::of(&document.body)?,
        published_at: document.published_at,
    };
    let insert = diesel::insert_into(consent_documents::table)
        .values(row)
        .on_conflict((consent_documents::purpose, consent_documents::version))
        .do_nothing();
    Both(insert).execute(tx)?;
    Ok(())
}

/// Adds a choice. Nothing ever changes or removes one (invariant 11 of the design).
pub fn insert(
    tx: &mut DbConnection,
    account: AccountId,
    choice: &Choice,
    sender: &Sender,
    now: Time,
) -> QueryResult<Consent> {
    diesel::insert_into(consents::table)
        .values((
            consents::id.eq(ConsentId::new()),
            consents::account_id.eq(account),
            consents::purpose.eq(choice.purpose),
            consents::decision.eq(choice.decision),
            consents::document_version.eq(&choice.document_version),
            consents::ip.eq(sender.ip_text()),
            consents::user_agent.eq(&sender.user_agent),
            consents::decided_at.eq(now),
        ))
        .execute(tx)?;
    latest(tx, account, choice.purpose)?.ok_or(diesel::result::Error::NotFound)
}

/// The choice in force of one purpose.
pub fn latest(
    connection: &mut DbConnection,
    account: AccountId,
    purpose: ConsentPurpose,
) -> QueryResult<Option<Consent>> {
    let row: Option<ConsentRow> = consents::table
        .filter(consents::account_id.eq(account))
        .filter(consents::purpose.eq(purpose))
        .order(consents::id.desc())
        .select(ConsentRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(Consent::from))
}

/// Every choice, newest first, those before `before`.
pub fn history(
    connection: &mut DbConnection,
    account: AccountId,
    before: Option<ConsentId>,
    limit: i64,
) -> QueryResult<Vec<Consent>> {
    let mut query =
        consents::table.filter(consents::account_id.eq(account)).select(ConsentRow::as_select()).into_boxed();
    if let Some(before) = before {
        query = query.filter(consents::id.lt(before));
    }
    let rows: Vec<ConsentRow> = query.order(consents::id.desc()).limit(limit).load(connection)?;
    Ok(rows.into_iter().map(Consent::from).collect())
}

/// Forgets from where the choices were made; that they were made stays.
pub fn erase(tx: &mut DbConnection, account: AccountId) -> QueryResult<usize> {
    diesel::update(consents::table.filter(consents::account_id.eq(account)))
        .set((consents::ip.eq(None::<String>), consents::user_agent.eq(None::<String>)))
        .execute(tx)
}
