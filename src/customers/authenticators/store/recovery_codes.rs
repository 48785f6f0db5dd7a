//! The table of recovery codes, which holds only their keyed hashes.

use diesel::prelude::*;

use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::schema::recovery_codes;

/// Gives an account new codes in the place of those that it had.
pub fn replace(tx: &mut DbConnection, account: AccountId, hashes: &[[u8; 32]], now: Time) -> QueryResult<()> {
    delete(tx, account)?;
    for hash in hashes {
        diesel::insert_into(recovery_codes::table)
            .values((
                recovery_codes::account_id.eq(account),
                recovery_codes::code_hash.eq(hash.as_slice()),
                recovery_codes::created_at.eq(now),
            ))
            .execute(tx)?;
    }
    Ok(())
}

/// Uses a code, once; false where the account has no such code that is left.
pub fn use_code(tx: &mut DbConnection, account: AccountId, hash: &[u8; 32], now: Time) -> QueryResult<bool> {
    let unused = recovery_codes::table
        .filter(recovery_codes::account_id.eq(account))
        .filter(recovery_codes::code_hash.eq(hash.as_slice()))
        .filter(recovery_codes::used_at.is_null());
    Ok(diesel::update(unused).set(recovery_codes::used_at.eq(Some(now))).execute(tx)? == 1)
}

/// Whether an account has such a code, used or not.
pub fn is_known(connection: &mut DbConnection, account: AccountId, hash: &[u8; 32]) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(recovery_codes::table.find((account, hash.as_slice())))).get_result(connection)
}

/// How many codes of an account are left.
pub fn count_left(connection: &mut DbConnection, account: AccountId) -> QueryResult<i64> {
    recovery_codes::table
        .filter(recovery_codes::account_id.eq(account))
        .filter(recovery_codes::used_at.is_null())
        .count()
        .get_result(connection)
}

/// Removes the codes of an account.
pub fn delete(tx: &mut DbConnection, account: AccountId) -> QueryResult<usize> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::account_id.eq(account))).execute(tx)
}
