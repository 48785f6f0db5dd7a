//! Gapless numbers: one row a series, raised in the transaction that uses the number, so that a number that is not used is not taken.

use diesel::prelude::*;

use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::number_series;

/// The next number of a series, from 1.
///
/// # Errors
/// When the database fails.
pub fn next(tx: &mut DbConnection, series: &str) -> QueryResult<i64> {
    let raised = diesel::insert_into(number_series::table)
        .values((number_series::series.eq(series), number_series::last_number.eq(1_i64)))
        .on_conflict(number_series::series)
        .do_update()
        .set(number_series::last_number.eq(number_series::last_number + 1));
    Both(raised.returning(number_series::last_number)).get_result(tx)
}
