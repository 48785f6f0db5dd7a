//! What the provider remembers: how payments ended, and the refunds that it was asked for.

use diesel::prelude::*;

use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::db::portable::Both;
use crate::platform::db::schema::{sandbox_payments, sandbox_refunds};
use crate::shop::payments::rules::{MoneyOutcome, PaymentId};

crate::typed_id!(
    /// A refund at the sandbox's provider.
    SandboxRefundId = "sref"
);

/// Remembers how a payment ended: the last word counts, but a success stays one.
pub fn decide(tx: &mut DbConnection, id: PaymentId, outcome: MoneyOutcome, now: Time) -> QueryResult<usize> {
    let row = diesel::insert_into(sandbox_payments::table)
        .values((
            sandbox_payments::id.eq(id),
            sandbox_payments::outcome.eq(outcome),
            sandbox_payments::decided_at.eq(now),
        ))
        .on_conflict(sandbox_payments::id)
        .do_nothing();
    Both(row).execute(tx)?;
    diesel::update(sandbox_payments::table.find(id).filter(sandbox_payments::outcome.ne(MoneyOutcome::Succeeded)))
        .set((sandbox_payments::outcome.eq(outcome), sandbox_payments::decided_at.eq(now)))
        .execute(tx)
}

/// How a payment ended, if it did.
pub fn outcome(connection: &mut DbConnection, id: PaymentId) -> QueryResult<Option<MoneyOutcome>> {
    sandbox_payments::table.find(id).select(sandbox_payments::outcome).first(connection).optional()
}

/// Makes a refund, or finds the one of an earlier call with the same key; says whether it is new.
pub fn refund(tx: &mut DbConnection, key: &str, amount_cents: i64, now: Time) -> QueryResult<(SandboxRefundId, bool)> {
    let row = diesel::insert_into(sandbox_refunds::table)
        .values((
            sandbox_refunds::id.eq(SandboxRefundId::new()),
            sandbox_refunds::idempotency_key.eq(key),
            sandbox_refunds::amount_cents.eq(amount_cents),
            sandbox_refunds::created_at.eq(now),
        ))
        .on_conflict(sandbox_refunds::idempotency_key)
        .do_nothing();
    let is_new = Both(row).execute(tx)? == 1;
    let id = sandbox_refunds::table
        .filter(sandbox_refunds::idempotency_key.eq(key))
        .select(sandbox_refunds::id)
        .first(tx)?;
    Ok((id, is_new))
}
