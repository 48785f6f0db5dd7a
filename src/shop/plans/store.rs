//! The table of plans.

use diesel::prelude::*;

use super::rules::{Audience, Plan, PlanId};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::plans;
use crate::platform::db::types::Json;
use crate::platform::problem::Problem;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = plans)]
struct PlanRow {
    id: PlanId,
    slug: String,
    audience: Audience,
    position: i32,
    name: Json,
    summary: Json,
    description: Json,
    features: Json,
    net_cents: i64,
    vat_rate_basis_points: i32,
    price_version: i32,
    active: bool,
    updated_at: Time,
}

impl PlanRow {
    fn into_plan(self) -> Result<Plan, Problem> {
        Ok(Plan {
            id: self.id,
            slug: self.slug,
            audience: self.audience,
            name: self.name.read()?,
            summary: self.summary.read()?,
            description: self.description.read()?,
            features: self.features.read()?,
            net_cents: self.net_cents,
            vat_rate_basis_points: self.vat_rate_basis_points,
            price_version: self.price_version,
        })
    }
}

/// The plans on offer, in the order in which they are shown.
///
/// # Errors
/// When the database fails or a row does not read.
pub fn active(connection: &mut DbConnection) -> Result<Vec<Plan>, Problem> {
    let rows: Vec<PlanRow> = plans::table
        .filter(plans::active.eq(true))
        .order(plans::position)
        .select(PlanRow::as_select())
        .load(connection)?;
    rows.into_iter().map(PlanRow::into_plan).collect()
}

/// A plan on offer.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find_active(connection: &mut DbConnection, id: PlanId) -> Result<Option<Plan>, Problem> {
    let row: Option<PlanRow> = plans::table
        .find(id)
        .filter(plans::active.eq(true))
        .select(PlanRow::as_select())
        .first(connection)
        .optional()?;
    row.map(PlanRow::into_plan).transpose()
}

/// A plan, on offer or not.
///
/// # Errors
/// When the database fails or the row does not read.
pub fn find(connection: &mut DbConnection, id: PlanId) -> Result<Option<Plan>, Problem> {
    let row: Option<PlanRow> = plans::table.find(id).select(PlanRow::as_select()).first(connection).optional()?;
    row.map(PlanRow::into_plan).transpose()
}

/// When any plan changed last.
///
/// # Errors
/// When the database fails.
pub fn last_change(connection: &mut DbConnection) -> QueryResult<Option<Time>> {
    plans::table.order(plans::updated_at.desc()).select(plans::updated_at).first(connection).optional()
}

/// Adds a plan, or changes the one of its slug; a changed price makes a new version, so that orders pin the one they
/// bought.
///
/// # Errors
/// When the database fails.
pub fn put(tx: &mut DbConnection, plan: &Plan, position: i32, now: Time) -> Result<(), Problem> {
    insert(tx, plan, position, now)?;
    let of_slug = plans::table.filter(plans::slug.eq(&plan.slug));
    diesel::update(of_slug)
        .filter(plans::net_cents.ne(plan.net_cents).or(plans::vat_rate_basis_points.ne(plan.vat_rate_basis_points)))
        .set(plans::price_version.eq(plans::price_version + 1))
        .execute(tx)?;
    diesel::update(of_slug)
        .set((
            plans::audience.eq(plan.audience),
            plans::position.eq(position),
            plans::name.eq(Json::of(&plan.name)?),
            plans::summary.eq(Json::of(&plan.summary)?),
            plans::description.eq(Json::of(&plan.description)?),
            plans::features.eq(Json::of(&plan.features)?),
            plans::net_cents.eq(plan.net_cents),
            plans::vat_rate_basis_points.eq(plan.vat_rate_basis_points),
            plans::active.eq(true),
            plans::updated_at.eq(now),
        ))
        .execute(tx)?;
    Ok(())
}

/// Adds a plan whose slug is not taken.
///
/// # Errors
/// When the database fails.
pub fn insert(tx: &mut DbConnection, plan: &Plan, position: i32, now: Time) -> Result<(), Problem> {
    let row = PlanRow {
        id: plan.id,
        slug: plan.slug.clone(),
        audience: plan.audience,
        position,
        name: Json::of(&plan.name)?,
        summary: Json::of(&plan.summary)?,
        description: Json::of(&plan.description)?,
        features: Json::of(&plan.features)?,
        net_cents: plan.net_cents,
        vat_rate_basis_points: plan.vat_rate_basis_points,
        price_version: plan.price_version,
        active: true,
        updated_at: now,
    };
    Both(diesel::insert_into(plans::table).values(row).on_conflict(plans::slug).do_nothing()).execute(tx)?;
    Ok(())
}
