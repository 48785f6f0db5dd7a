//! The tables of plans and of their prices.

use std::collections::HashMap;

use diesel::prelude::*;

use super::rules::{Audience, Plan, PlanId, PlanRecord, PriceVersion, price_in_force};
use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::{Both, Locked};
use crate::platform::db::schema::{plan_prices, plans};
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = plans)]
struct PlanRow {
    id: PlanId,
    slug: String,
    product: String,
    audience: Audience,
    position: i32,
    name: Json,
    summary: Json,
    description: Json,
    features: Json,
    active: bool,
    version: i64,
    updated_at: Time,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plan_prices)]
struct PriceRow {
    version: i32,
    net_cents: i64,
    vat_rate_basis_points: i32,
    valid_from: Time,
    created_by: Option<AccountId>,
    created_at: Time,
}

impl PlanRow {
    fn of(record: &PlanRecord) -> Result<Self, Problem> {
        let plan = &record.plan;
        Ok(Self {
            id: plan.id,
            slug: plan.slug.clone(),
            product: plan.product.clone(),
            audience: plan.audience,
            position: record.position,
            name: Json::of(&plan.name)?,
            summary: Json::of(&plan.summary)?,
            description: Json::of(&plan.description)?,
            features: Json::of(&plan.features)?,
            active: record.active,
            version: record.version,
            updated_at: record.updated_at,
        })
    }

    fn into_plan(self, price: &PriceVersion) -> Result<Plan, Problem> {
        Ok(Plan {
            id: self.id,
            slug: self.slug,
            product: self.product,
            audience: self.audience,
            name: self.name.read()?,
            summary: self.summary.read()?,
            description: self.description.read()?,
            features: self.features.read()?,
            net_cents: price.net_cents,
            vat_rate_basis_points: price.vat_rate_basis_points,
            price_version: price.version,
        })
    }
}

impl From<PriceRow> for PriceVersion {
    fn from(row: PriceRow) -> Self {
        Self {
            version: row.version,
            net_cents: row.net_cents,
            vat_rate_basis_points: row.vat_rate_basis_points,
            valid_from: row.valid_from,
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}

/// The plans on offer at the prices of now, in the order in which they are shown.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn active(connection: &mut DbConnection, now: Time) -> Result<Vec<Plan>, Problem> {
    let rows: Vec<PlanRow> = plans::table
        .filter(plans::active.eq(true))
        .order((plans::position, plans::id))
        .select(PlanRow::as_select())
        .load(connection)?;
    at_prices_of(connection, rows, now)
}

/// Those of some plans that are on offer, at their prices of now.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn find_all_active(connection: &mut DbConnection, ids: &[PlanId], now: Time) -> Result<Vec<Plan>, Problem> {
    let rows: Vec<PlanRow> = plans::table
        .filter(plans::id.eq_any(ids.to_vec()))
        .filter(plans::active.eq(true))
        .select(PlanRow::as_select())
        .load(connection)?;
    at_prices_of(connection, rows, now)
}

/// A plan on offer at its price of now.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_active(connection: &mut DbConnection, id: PlanId, now: Time) -> Result<Option<Plan>, Problem> {
    Ok(find_all_active(connection, &[id], now)?.pop())
}

/// Plans at their prices of now; one that has none yet is left out.
fn at_prices_of(connection: &mut DbConnection, rows: Vec<PlanRow>, now: Time) -> Result<Vec<Plan>, Problem> {
    let prices = prices_of(connection, &rows)?;
    let priced = rows.into_iter().filter_map(|row| {
        let price = price_in_force(prices.get(&row.id)?, now)?;
        Some(row.into_plan(price))
    });
    priced.collect()
}

/// All prices of some plans, oldest version first.
fn prices_of(connection: &mut DbConnection, rows: &[PlanRow]) -> QueryResult<HashMap<PlanId, Vec<PriceVersion>>> {
    let ids: Vec<PlanId> = rows.iter().map(|row| row.id).collect();
    let prices: Vec<(PlanId, PriceRow)> = plan_prices::table
        .filter(plan_prices::plan_id.eq_any(ids))
        .order((plan_prices::plan_id, plan_prices::version))
        .select((plan_prices::plan_id, PriceRow::as_select()))
        .load(connection)?;
    let mut by_plan: HashMap<PlanId, Vec<PriceVersion>> = HashMap::new();
    for (plan, price) in prices {
        by_plan.entry(plan).or_default().push(price.into());
    }
    Ok(by_plan)
}

/// A plan, on offer or not, at its price of now.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(connection: &mut DbConnection, id: PlanId, now: Time) -> Result<Option<Plan>, Problem> {
    Ok(find_record(connection, id, now)?.map(|record| record.plan))
}

/// A plan with all its prices.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn find_record(connection: &mut DbConnection, id: PlanId, now: Time) -> Result<Option<PlanRecord>, Problem> {
    let row: Option<PlanRow> = plans::table.find(id).select(PlanRow::as_select()).first(connection).optional()?;
    Ok(records_of(connection, row.into_iter().collect(), now)?.pop())
}

/// As [`find_record`], so that whoever else wants to change it waits.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn find_record_locked(tx: &mut DbConnection, id: PlanId, now: Time) -> Result<Option<PlanRecord>, Problem> {
    let row: Option<PlanRow> = Locked(plans::table.find(id).select(PlanRow::as_select())).get_result(tx).optional()?;
    Ok(records_of(tx, row.into_iter().collect(), now)?.pop())
}

/// Plans, on offer or not, newest first.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn list_records(
    connection: &mut DbConnection,
    before: Option<PlanId>,
    limit: i64,
    now: Time,
) -> Result<Vec<PlanRecord>, Problem> {
    let mut query = plans::table.select(PlanRow::as_select()).into_boxed();
    if let Some(before) = before {
        query = query.filter(plans::id.lt(before));
    }
    let rows: Vec<PlanRow> = query.order(plans::id.desc()).limit(limit).load(connection)?;
    records_of(connection, rows, now)
}

fn records_of(connection: &mut DbConnection, rows: Vec<PlanRow>, now: Time) -> Result<Vec<PlanRecord>, Problem> {
    let mut prices = prices_of(connection, &rows)?;
    let record = |row: PlanRow| {
        let prices = prices.remove(&row.id).unwrap_or_default();
        // The first price of a plan is in force from its start; only another process's clock can be behind it.
        let price = price_in_force(&prices, now).or(prices.first());
        let price = *price.ok_or_else(|| Problem::internal("a plan unpriced"))?;
        Ok(PlanRecord {
            position: row.position,
            active: row.active,
            version: row.version,
            updated_at: row.updated_at,
            plan: row.into_plan(&price)?,
            prices,
        })
    };
    rows.into_iter().map(record).collect()
}

/// What tells one state of the catalogue from another: the plans' versions, and how many prices have come into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueState {
    versions: Vec<(PlanId, i64)>,
    prices: i64,
}

/// The state of the catalogue at a moment; it is asked for each second.
///
/// # Errors
/// When the database fails.
pub fn state(connection: &mut DbConnection, now: Time) -> QueryResult<CatalogueState> {
    let versions = plans::table.order(plans::id).select((plans::id, plans::version)).load(connection)?;
    let prices = plan_prices::table.filter(plan_prices::valid_from.le(now)).count().get_result(connection)?;
    Ok(CatalogueState { versions, prices })
}

/// The place after the last plan.
pub fn next_position(connection: &mut DbConnection) -> QueryResult<i32> {
    let last: Option<i32> = plans::table.select(diesel::dsl::max(plans::position)).first(connection)?;
    Ok(last.unwrap_or(0).saturating_add(1))
}

/// Adds a plan on offer, or changes the one of its slug; a changed price makes a new version, so that orders pin the one
/// they bought.
///
/// # Errors
/// When the database fails.
pub fn put(tx: &mut DbConnection, plan: &Plan, position: i32, now: Time) -> Result<(), Problem> {
    if insert(tx, plan, position, true, None, now)? {
        return Ok(());
    }
    let id: PlanId = plans::table.filter(plans::slug.eq(&plan.slug)).select(plans::id).first(tx)?;
    let known = find_record_locked(tx, id, now)?.ok_or_else(|| Problem::internal("a plan that is gone"))?;
    let (net_cents, rate) = (plan.net_cents, plan.vat_rate_basis_points);
    if (known.plan.net_cents, known.plan.vat_rate_basis_points) != (net_cents, rate) {
        add_price(tx, &known, net_cents, rate, now, None, now)?;
    }
    let plan = Plan { id, ..plan.clone() };
    update(tx, &PlanRecord { plan, position, active: true, ..known }, now)
}

/// Adds a plan with its first price; false where its slug is taken.
///
/// # Errors
/// When the database fails.
pub fn insert(
    tx: &mut DbConnection,
    plan: &Plan,
    position: i32,
    active: bool,
    by: Option<AccountId>,
    now: Time,
) -> Result<bool, Problem> {
    let record = PlanRecord { plan: plan.clone(), position, active, version: 1, updated_at: now, prices: Vec::new() };
    let row = PlanRow::of(&record)?;
    let added =
        Both(diesel::insert_into(plans::table).values(row).on_conflict(plans::slug).do_nothing()).execute(tx)?;
    if added == 1 {
        add_price(tx, &record, plan.net_cents, plan.vat_rate_basis_points, now, by, now)?;
    }
    Ok(added == 1)
}

/// Writes what may be changed of a plan and raises its version.
///
/// # Errors
/// When the database fails.
pub fn update(tx: &mut DbConnection, record: &PlanRecord, now: Time) -> Result<(), Problem> {
    let row = PlanRow::of(record)?;
    diesel::update(plans::table.find(row.id))
        .set((
            plans::audience.eq(row.audience),
            plans::position.eq(row.position),
            plans::name.eq(row.name),
            plans::summary.eq(row.summary),
            plans::description.eq(row.description),
            plans::features.eq(row.features),
            plans::active.eq(row.active),
            plans::version.eq(plans::version + 1),
            plans::updated_at.eq(now),
        ))
        .execute(tx)?;
    Ok(())
}

/// Adds the next version of a plan's price.
///
/// # Errors
/// When the database fails.
pub fn add_price(
    tx: &mut DbConnection,
    record: &PlanRecord,
    net_cents: i64,
    vat_rate_basis_points: i32,
    valid_from: Time,
    by: Option<AccountId>,
    now: Time,
) -> QueryResult<i32> {
    let version = record.prices.iter().map(|price| price.version).max().unwrap_or(0) + 1;
    diesel::insert_into(plan_prices::table)
        .values((
            plan_prices::plan_id.eq(record.plan.id),
            plan_prices::version.eq(version),
            plan_prices::net_cents.eq(net_cents),
            plan_prices::vat_rate_basis_points.eq(vat_rate_basis_points),
            plan_prices::valid_from.eq(valid_from),
            plan_prices::created_by.eq(by),
            plan_prices::created_at.eq(now),
        ))
        .execute(tx)?;
    Ok(version)
}
