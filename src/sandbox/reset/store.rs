//! Every table, emptied in an order that no reference forbids.

use diesel::prelude::*;

use crate::platform::db::DbConnection;
use crate::platform::db::schema;

macro_rules! empty {
    ($connection:expr, $($table:ident),* $(,)?) => {{
        $(diesel::delete(schema::$table::table).execute($connection)?;)*
    }};
}

/// Drops everything but the tables themselves.
pub fn empty_all(tx: &mut DbConnection) -> QueryResult<()> {
    empty!(tx, review_decisions, contracts, identity_documents, otp_challenges, activation_events, activation_requests);
    empty!(
        tx,
        invoices,
        order_activations,
        withdrawals,
        refunds,
        bank_transfers,
        payments,
        payment_notifications,
        coupon_subject_uses,
        coupon_redemptions,
        order_events,
        orders
    );
    empty!(tx, cart_items, carts, coupon_codes, coupon_batches, coupon_campaigns, plan_prices, plans);
    empty!(tx, billing_profiles, consents, email_verifications, password_resets, sessions, accounts, consent_documents);
    empty!(tx, jobs, idempotency_keys, number_series, audit_log);
    empty!(tx, sandbox_mails, sandbox_services, sandbox_payments, sandbox_refunds, sandbox_clock);
    Ok(())
}
