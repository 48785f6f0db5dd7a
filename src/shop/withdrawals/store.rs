//! The table of withdrawals.

use diesel::prelude::*;

use super::rules::{Withdrawal, WithdrawalId};
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::withdrawals;
use crate::shop::orders::rules::OrderId;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = withdrawals)]
struct WithdrawalRow {
    id: WithdrawalId,
    order_id: OrderId,
    name: String,
    contract: String,
    confirmation_email: String,
    received_at: Time,
}

impl From<WithdrawalRow> for Withdrawal {
    fn from(row: WithdrawalRow) -> Self {
        Self {
            id: row.id,
            order_id: row.order_id,
            name: row.name,
            contract: row.contract,
            confirmation_email: row.confirmation_email,
            received_at: row.received_at,
        }
    }
}

/// Adds a withdrawal. A second one of the same order is refused by the database.
pub fn insert(tx: &mut DbConnection, withdrawal: &Withdrawal) -> QueryResult<usize> {
    let Withdrawal { id, order_id, name, contract, confirmation_email, received_at } = withdrawal.clone();
    let row = WithdrawalRow { id, order_id, name, contract, confirmation_email, received_at };
    diesel::insert_into(withdrawals::table).values(row).execute(tx)
}

/// The withdrawals from some orders, at most one each.
pub fn of_orders(connection: &mut DbConnection, orders: &[OrderId]) -> QueryResult<Vec<Withdrawal>> {
    let rows: Vec<WithdrawalRow> = withdrawals::table
        .filter(withdrawals::order_id.eq_any(orders.to_vec()))
        .select(WithdrawalRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(Withdrawal::from).collect())
}
