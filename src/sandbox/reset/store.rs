//! Every table, emptied in an order that no reference forbids.

use diesel::prelude::*;

use crate::platform::db::DbConnection;
use crate::platform::db::schema;

macro_rules! empty_in_order {
    ($($table:ident),* $(,)?) => {
        /// The tables that a reset empties, in its order. A test compares them with the database's.
        pub const TABLES: &[&str] = &[$(stringify!($table)),*];

        /// Drops everything but the tables themselves.
        pub fn empty_all(tx: &mut DbConnection) -> QueryResult<()> {
            $(diesel::delete(schema::$table::table).execute(tx)?;)*
            Ok(())
        }
    };
}

empty_in_order!(
    review_decisions,
    representative_invitations,
    contracts,
    identity_documents,
    otp_challenges,
    activation_events,
    activation_requests,
    invoices,
    order_activations,
    withdrawals,
    refund_totals,
    refunds,
    bank_transfers,
    payments,
    payment_notifications,
    coupon_subject_uses,
    coupon_redemptions,
    order_events,
    orders,
    cart_items,
    carts,
    coupon_codes,
    coupon_batches,
    coupon_campaigns,
    plan_prices,
    plans,
    billing_profiles,
    consents,
    email_verifications,
    password_resets,
    recovery_codes,
    authenticators,
    sessions,
    accounts,
    consent_documents,
    jobs,
    idempotency_keys,
    number_series,
    audit_log,
    sandbox_mails,
    sandbox_services,
    sandbox_payments,
    sandbox_refunds,
    sandbox_clock,
);
