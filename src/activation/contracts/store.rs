//! The table of contract documents.

use diesel::prelude::*;

use super::rules::{Contract, ContractCommand, ContractId, ContractKind, ContractStatus};
use super::signed_copies::SignedCopy;
use crate::activation::requests::rules::ActivationRequestId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Locked;
use crate::platform::db::schema::contracts;
use crate::platform::db::types::Json;
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = contracts)]
struct ContractRow {
    id: ContractId,
    request_id: ActivationRequestId,
    kind: ContractKind,
    template_version: String,
    locale: Locale,
    data: Json,
    sha256: Vec<u8>,
    path: String,
    status: ContractStatus,
    downloads: i32,
    acceptance: Option<Json>,
    specific_approval: Option<Json>,
    signed_copy: Option<Json>,
    created_at: Time,
}

impl ContractRow {
    fn of(contract: &Contract) -> Result<Self, Problem> {
        Ok(Self {
            id: contract.id,
            request_id: contract.request_id,
            kind: contract.kind,
            template_version: contract.template_version.clone(),
            locale: contract.locale,
            data: contract.data.clone(),
            sha256: contract.sha256.clone(),
            path: contract.path.clone(),
            status: contract.status,
            downloads: contract.downloads,
            acceptance: contract.acceptance.as_ref().map(Json::of).transpose()?,
            specific_approval: contract.specific_approval.as_ref().map(Json::of).transpose()?,
            signed_copy: contract.signed_copy.as_ref().map(Json::of).transpose()?,
            created_at: contract.created_at,
        })
    }

    fn into_contract(self) -> Result<Contract, Problem> {
        Ok(Contract {
            id: self.id,
            request_id: self.request_id,
            kind: self.kind,
            template_version: self.template_version,
            locale: self.locale,
            data: self.data,
            sha256: self.sha256,
            path: self.path,
            status: self.status,
            downloads: self.downloads,
            acceptance: self.acceptance.map(|json| json.read()).transpose()?,
            specific_approval: self.specific_approval.map(|json| json.read()).transpose()?,
            signed_copy: self.signed_copy.map(|json| json.read()).transpose()?,
            created_at: self.created_at,
        })
    }
}

/// Adds a document.
///
/// # Errors
/// When the database fails.
pub fn insert(tx: &mut DbConnection, contract: &Contract) -> Result<(), Problem> {
    diesel::insert_into(contracts::table).values(ContractRow::of(contract)?).execute(tx)?;
    Ok(())
}

/// A document.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(connection: &mut DbConnection, id: ContractId) -> Result<Option<Contract>, Problem> {
    let row: Option<ContractRow> =
        contracts::table.find(id).select(ContractRow::as_select()).first(connection).optional()?;
    row.map(ContractRow::into_contract).transpose()
}

/// A document, so that whoever else wants to change it waits.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_locked(tx: &mut DbConnection, id: ContractId) -> Result<Option<Contract>, Problem> {
    let query = contracts::table.find(id).select(ContractRow::as_select());
    let row: Option<ContractRow> = Locked(query).get_result(tx).optional()?;
    row.map(ContractRow::into_contract).transpose()
}

/// A request's documents that no change of data has voided, in the order in which they were made.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn current(connection: &mut DbConnection, request: ActivationRequestId) -> Result<Vec<Contract>, Problem> {
    let rows: Vec<ContractRow> = contracts::table
        .filter(contracts::request_id.eq(request))
        .filter(contracts::status.ne(ContractStatus::Voided))
        .order(contracts::id)
        .select(ContractRow::as_select())
        .load(connection)?;
    rows.into_iter().map(ContractRow::into_contract).collect()
}

/// Kind and state of a request's documents that no change of data has voided.
pub fn current_statuses(
    connection: &mut DbConnection,
    request: ActivationRequestId,
) -> QueryResult<Vec<(ContractKind, ContractStatus)>> {
    contracts::table
        .filter(contracts::request_id.eq(request))
        .filter(contracts::status.ne(ContractStatus::Voided))
        .order(contracts::id)
        .select((contracts::kind, contracts::status))
        .load(connection)
}

/// Writes what may change of a document.
///
/// # Errors
/// When the database fails.
pub fn update(tx: &mut DbConnection, contract: &Contract) -> Result<(), Problem> {
    diesel::update(contracts::table.find(contract.id))
        .set((
            contracts::status.eq(contract.status),
            contracts::downloads.eq(contract.downloads),
            contracts::acceptance.eq(contract.acceptance.as_ref().map(Json::of).transpose()?),
            contracts::specific_approval.eq(contract.specific_approval.as_ref().map(Json::of).transpose()?),
            contracts::signed_copy.eq(contract.signed_copy.as_ref().map(Json::of).transpose()?),
        ))
        .execute(tx)?;
    Ok(())
}

/// Voids a request's documents: what they say is no longer so.
pub fn void(tx: &mut DbConnection, request: ActivationRequestId) -> QueryResult<usize> {
    diesel::update(contracts::table.filter(contracts::request_id.eq(request)))
        .filter(contracts::status.ne(ContractStatus::Voided))
        .set(contracts::status.eq(ContractStatus::Voided))
        .execute(tx)
}

/// Voids a request's documents, drops whom they name, and answers the paths of their files.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn forget(tx: &mut DbConnection, request: ActivationRequestId) -> Result<Vec<String>, Problem> {
    let of_request = contracts::table.filter(contracts::request_id.eq(request));
    let files: Vec<(String, Option<Json>)> = of_request.select((contracts::path, contracts::signed_copy)).load(tx)?;
    let mut paths = Vec::new();
    for (path, copy) in files {
        let copy: Option<SignedCopy> = copy.map(|json| json.read()).transpose()?;
        paths.extend(copy.map(|copy| copy.path).into_iter().chain([path]));
    }
    diesel::update(of_request)
        .set((
            contracts::status.eq(ContractStatus::Voided),
            contracts::data.eq(Json(serde_json::json!({}))),
            contracts::acceptance.eq(None::<Json>),
            contracts::specific_approval.eq(None::<Json>),
            contracts::signed_copy.eq(None::<Json>),
        ))
        .execute(tx)?;
    Ok(paths)
}

/// Makes a request's documents final.
///
/// # Errors
/// `contract_state_forbids` when one lacks a consent.
pub fn finalise(tx: &mut DbConnection, request: ActivationRequestId) -> Result<(), Problem> {
    for mut contract in current(tx, request)? {
        if contract.status != ContractStatus::Final {
            contract.advance(ContractCommand::Finalise)?;
            update(tx, &contract)?;
        }
    }
    Ok(())
}
