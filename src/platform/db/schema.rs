//! Every table, once, for both databases. The column types that differ between the two are declared in [`super::types`].

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    jobs (id) {
        id -> DbUuid,
        kind -> Text,
        payload -> DbJson,
        dedup_key -> Nullable<Text>,
        state -> Text,
        attempts -> Integer,
        run_at -> DbTime,
        leased_until -> Nullable<DbTime>,
        last_error -> Nullable<Text>,
        created_at -> DbTime,
        finished_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime};

    idempotency_keys (caller, idempotency_key) {
        caller -> Text,
        idempotency_key -> Text,
        fingerprint -> Binary,
        leased_until -> Nullable<DbTime>,
        answer -> Nullable<Binary>,
        created_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    number_series (series) {
        series -> Text,
        last_number -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    audit_log (id) {
        id -> DbUuid,
        actor -> Text,
        action -> Text,
        subject -> Text,
        details -> DbJson,
        recorded_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    accounts (id) {
        id -> DbUuid,
        email -> Text,
        password_hash -> Text,
        first_name -> Text,
        last_name -> Text,
        phone -> Nullable<Text>,
        search_text -> Text,
        locale -> Text,
        role -> Text,
        email_verified_at -> Nullable<DbTime>,
        totp_failures -> Integer,
        totp_failed_at -> Nullable<DbTime>,
        suspended_at -> Nullable<DbTime>,
        created_at -> DbTime,
        updated_at -> DbTime,
        erased_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    sessions (id) {
        id -> DbUuid,
        account_id -> DbUuid,
        refresh_token_hash -> Binary,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        created_at -> DbTime,
        last_used_at -> DbTime,
        expires_at -> DbTime,
        revoked_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    authenticators (id) {
        id -> DbUuid,
        account_id -> DbUuid,
        label -> Nullable<Text>,
        sealed_secret -> Binary,
        last_step -> Nullable<BigInt>,
        created_at -> DbTime,
        confirmed_at -> Nullable<DbTime>,
        last_used_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    recovery_codes (account_id, code_hash) {
        account_id -> DbUuid,
        code_hash -> Binary,
        created_at -> DbTime,
        used_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    email_verifications (id) {
        id -> DbUuid,
        account_id -> DbUuid,
        email -> Text,
        created_at -> DbTime,
        expires_at -> DbTime,
        used_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    password_resets (id) {
        id -> DbUuid,
        account_id -> DbUuid,
        created_at -> DbTime,
        expires_at -> DbTime,
        used_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    consent_documents (id) {
        id -> DbUuid,
        purpose -> Text,
        version -> Text,
        title -> DbJson,
        body -> DbJson,
        published_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    consents (id) {
        id -> DbUuid,
        account_id -> DbUuid,
        purpose -> Text,
        decision -> Text,
        document_version -> Text,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        decided_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    billing_profiles (id) {
        id -> DbUuid,
        account_id -> DbUuid,
        kind -> Text,
        details -> DbJson,
        vat_check_status -> Nullable<Text>,
        vat_checked_at -> Nullable<DbTime>,
        vat_consultation_number -> Nullable<Text>,
        version -> BigInt,
        created_at -> DbTime,
        updated_at -> DbTime,
        deleted_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    plans (id) {
        id -> DbUuid,
        slug -> Text,
        product -> Text,
        audience -> Text,
        position -> Integer,
        name -> DbJson,
        summary -> DbJson,
        description -> DbJson,
        features -> DbJson,
        active -> Bool,
        version -> BigInt,
        updated_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    plan_prices (plan_id, version) {
        plan_id -> DbUuid,
        version -> Integer,
        net_cents -> BigInt,
        vat_rate_basis_points -> Integer,
        valid_from -> DbTime,
        created_by -> Nullable<DbUuid>,
        created_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    coupon_campaigns (id) {
        id -> DbUuid,
        name -> Text,
        kind -> Text,
        percent_basis_points -> Nullable<Integer>,
        amount_cents -> Nullable<BigInt>,
        plan_ids -> Nullable<DbJson>,
        audiences -> Nullable<DbJson>,
        first_order_only -> Bool,
        minimum_total_cents -> Nullable<BigInt>,
        starts_at -> Nullable<DbTime>,
        ends_at -> Nullable<DbTime>,
        max_uses -> Nullable<BigInt>,
        max_uses_per_customer -> Nullable<BigInt>,
        release_policy -> Text,
        used -> BigInt,
        active -> Bool,
        version -> BigInt,
        created_at -> DbTime,
        updated_at -> DbTime,
        archived_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    coupon_batches (id) {
        id -> DbUuid,
        campaign_id -> DbUuid,
        quantity -> BigInt,
        stored -> BigInt,
        created_by -> Text,
        created_at -> DbTime,
        completed_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    coupon_codes (id) {
        id -> DbUuid,
        campaign_id -> DbUuid,
        batch_id -> Nullable<DbUuid>,
        code -> Nullable<Text>,
        code_hash -> Nullable<Binary>,
        ending -> Nullable<Text>,
        max_uses -> Nullable<BigInt>,
        used -> BigInt,
        active -> Bool,
        created_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    carts (id) {
        id -> DbUuid,
        token_hash -> Binary,
        account_id -> Nullable<DbUuid>,
        status -> Text,
        coupon_code_id -> Nullable<DbUuid>,
        billing_profile_id -> Nullable<DbUuid>,
        payment_method -> Nullable<Text>,
        merged_into -> Nullable<DbUuid>,
        version -> BigInt,
        created_at -> DbTime,
        updated_at -> DbTime,
        expires_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbUuid};

    cart_items (id) {
        id -> DbUuid,
        cart_id -> DbUuid,
        plan_id -> DbUuid,
        quantity -> Integer,
        price_version -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    orders (id) {
        id -> DbUuid,
        number -> Text,
        cart_id -> DbUuid,
        account_id -> DbUuid,
        fiscal_subject -> Text,
        customer_email -> Text,
        status -> Text,
        net_cents -> BigInt,
        discount_cents -> BigInt,
        vat_cents -> BigInt,
        gross_cents -> BigInt,
        due_cents -> BigInt,
        snapshot -> DbJson,
        placed_at -> DbTime,
        confirmed_at -> Nullable<DbTime>,
        expires_at -> Nullable<DbTime>,
        review -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    order_events (id) {
        id -> DbUuid,
        order_id -> DbUuid,
        kind -> Text,
        details -> DbJson,
        recorded_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    coupon_redemptions (id) {
        id -> DbUuid,
        campaign_id -> DbUuid,
        code_id -> DbUuid,
        order_id -> DbUuid,
        fiscal_subject -> Text,
        state -> Text,
        release_policy -> Text,
        held_at -> DbTime,
        settled_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbUuid};

    coupon_subject_uses (campaign_id, fiscal_subject) {
        campaign_id -> DbUuid,
        fiscal_subject -> Text,
        used -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    payments (id) {
        id -> DbUuid,
        order_id -> DbUuid,
        method -> Text,
        provider -> Text,
        status -> Text,
        amount_cents -> BigInt,
        received_cents -> BigInt,
        refunding_cents -> BigInt,
        refunded_cents -> BigInt,
        provider_reference -> Nullable<Text>,
        redirect_url -> Nullable<Text>,
        created_at -> DbTime,
        updated_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime};

    payment_notifications (provider, notification_id) {
        provider -> Text,
        notification_id -> Text,
        received_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    bank_transfers (id) {
        id -> DbUuid,
        order_id -> DbUuid,
        payment_id -> DbUuid,
        amount_cents -> BigInt,
        reference -> Text,
        received_on -> Date,
        recorded_by -> DbUuid,
        recorded_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    refund_totals (payment_id, said_at, cents) {
        payment_id -> DbUuid,
        said_at -> DbTime,
        cents -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    refunds (id) {
        id -> DbUuid,
        order_id -> DbUuid,
        payment_id -> DbUuid,
        amount_cents -> BigInt,
        reason -> Text,
        status -> Text,
        provider_reference -> Nullable<Text>,
        requested_by -> DbUuid,
        requested_at -> DbTime,
        settled_at -> Nullable<DbTime>,
        failed_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbUuid};

    order_activations (activation_request) {
        activation_request -> Text,
        order_id -> DbUuid,
        order_unit -> Integer,
        plan_id -> DbUuid,
        active -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    invoices (id) {
        id -> DbUuid,
        order_id -> DbUuid,
        kind -> Text,
        refund_id -> Nullable<DbUuid>,
        series_year -> Integer,
        series_position -> BigInt,
        transmission -> BigInt,
        issued_on -> Date,
        content -> DbJson,
        xml -> Text,
        issued_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    activation_requests (id) {
        id -> DbUuid,
        order_id -> DbUuid,
        order_unit -> Integer,
        account_id -> DbUuid,
        plan_id -> DbUuid,
        product -> Text,
        status -> Text,
        email -> Nullable<Text>,
        email_verified_at -> Nullable<DbTime>,
        holder_type -> Nullable<Text>,
        holder -> Nullable<DbJson>,
        holder_fiscal_subject -> Nullable<Text>,
        applicant -> Nullable<DbJson>,
        reopened -> Nullable<DbJson>,
        reviewer_id -> Nullable<DbUuid>,
        submitted_at -> Nullable<DbTime>,
        decided_at -> Nullable<DbTime>,
        activated_at -> Nullable<DbTime>,
        service_reference -> Nullable<Text>,
        access_url -> Nullable<Text>,
        reminders_sent -> Integer,
        created_at -> DbTime,
        updated_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    activation_events (id) {
        id -> DbUuid,
        request_id -> DbUuid,
        sequence -> BigInt,
        kind -> Text,
        actor -> Text,
        status -> Text,
        details -> DbJson,
        recorded_at -> DbTime,
        previous_hash -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    otp_challenges (id) {
        id -> DbUuid,
        request_id -> DbUuid,
        purpose -> Text,
        email -> Text,
        sealed_secret -> Binary,
        status -> Text,
        attempts -> Integer,
        issued_at -> DbTime,
        expires_at -> DbTime,
        verified_at -> Nullable<DbTime>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    representative_invitations (id) {
        id -> DbUuid,
        request_id -> DbUuid,
        first_name -> Text,
        last_name -> Text,
        email -> Text,
        status -> Text,
        confirmation -> Nullable<DbJson>,
        created_at -> DbTime,
        expires_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    identity_documents (id) {
        id -> DbUuid,
        request_id -> DbUuid,
        kind -> Text,
        number -> Text,
        issued_on -> Date,
        expires_on -> Date,
        mrz -> Nullable<Text>,
        status -> Text,
        quality -> DbJson,
        warnings -> DbJson,
        front_path -> Text,
        front_upload_sha256 -> Binary,
        back_path -> Nullable<Text>,
        back_upload_sha256 -> Nullable<Binary>,
        created_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    contracts (id) {
        id -> DbUuid,
        request_id -> DbUuid,
        kind -> Text,
        template_version -> Text,
        locale -> Text,
        data -> DbJson,
        sha256 -> Binary,
        path -> Text,
        status -> Text,
        downloads -> Integer,
        acceptance -> Nullable<DbJson>,
        specific_approval -> Nullable<DbJson>,
        signed_copy -> Nullable<DbJson>,
        created_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbJson, DbTime, DbUuid};

    review_decisions (id) {
        id -> DbUuid,
        request_id -> DbUuid,
        reviewer_id -> DbUuid,
        outcome -> Text,
        reasons -> DbJson,
        message -> Nullable<Text>,
        internal_note -> Nullable<Text>,
        is_final -> Bool,
        submitted_at -> Nullable<DbTime>,
        decided_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    sandbox_mails (id) {
        id -> DbUuid,
        job_id -> DbUuid,
        recipient -> Text,
        subject -> Text,
        text_body -> Text,
        html_body -> Text,
        otp -> Nullable<Text>,
        sent_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    sandbox_services (id) {
        id -> DbUuid,
        idempotency_key -> Text,
        plan -> Text,
        created_at -> DbTime,
        ready_at -> DbTime,
        terminated_at -> Nullable<DbTime>,
        last_ticket -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    withdrawals (id) {
        id -> DbUuid,
        order_id -> DbUuid,
        name -> Text,
        contract -> Text,
        confirmation_email -> Text,
        received_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    sandbox_payments (id) {
        id -> DbUuid,
        outcome -> Text,
        decided_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::super::types::{DbTime, DbUuid};

    sandbox_refunds (id) {
        id -> DbUuid,
        idempotency_key -> Text,
        amount_cents -> BigInt,
        created_at -> DbTime,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sandbox_clock (id) {
        id -> Integer,
        advanced_seconds -> BigInt,
    }
}

diesel::joinable!(sessions -> accounts (account_id));
diesel::joinable!(email_verifications -> accounts (account_id));
diesel::joinable!(password_resets -> accounts (account_id));
diesel::joinable!(authenticators -> accounts (account_id));
diesel::joinable!(recovery_codes -> accounts (account_id));
diesel::joinable!(consents -> accounts (account_id));
diesel::joinable!(billing_profiles -> accounts (account_id));
diesel::joinable!(coupon_codes -> coupon_campaigns (campaign_id));
diesel::joinable!(coupon_codes -> coupon_batches (batch_id));
diesel::joinable!(coupon_batches -> coupon_campaigns (campaign_id));
diesel::joinable!(carts -> accounts (account_id));
diesel::joinable!(carts -> coupon_codes (coupon_code_id));
diesel::joinable!(carts -> billing_profiles (billing_profile_id));
diesel::joinable!(cart_items -> carts (cart_id));
diesel::joinable!(cart_items -> plans (plan_id));
diesel::joinable!(plan_prices -> plans (plan_id));
diesel::joinable!(plan_prices -> accounts (created_by));
diesel::joinable!(orders -> carts (cart_id));
diesel::joinable!(orders -> accounts (account_id));
diesel::joinable!(order_events -> orders (order_id));
diesel::joinable!(coupon_redemptions -> coupon_campaigns (campaign_id));
diesel::joinable!(coupon_redemptions -> coupon_codes (code_id));
diesel::joinable!(coupon_redemptions -> orders (order_id));
diesel::joinable!(coupon_subject_uses -> coupon_campaigns (campaign_id));
diesel::joinable!(payments -> orders (order_id));
diesel::joinable!(bank_transfers -> orders (order_id));
diesel::joinable!(bank_transfers -> payments (payment_id));
diesel::joinable!(bank_transfers -> accounts (recorded_by));
diesel::joinable!(refund_totals -> payments (payment_id));
diesel::joinable!(refunds -> orders (order_id));
diesel::joinable!(refunds -> payments (payment_id));
diesel::joinable!(refunds -> accounts (requested_by));
diesel::joinable!(order_activations -> orders (order_id));
diesel::joinable!(order_activations -> plans (plan_id));
diesel::joinable!(invoices -> orders (order_id));
diesel::joinable!(withdrawals -> orders (order_id));
diesel::joinable!(activation_requests -> orders (order_id));
diesel::joinable!(activation_requests -> plans (plan_id));
diesel::joinable!(activation_events -> activation_requests (request_id));
diesel::joinable!(otp_challenges -> activation_requests (request_id));
diesel::joinable!(identity_documents -> activation_requests (request_id));
diesel::joinable!(contracts -> activation_requests (request_id));
diesel::joinable!(representative_invitations -> activation_requests (request_id));
diesel::joinable!(review_decisions -> activation_requests (request_id));
diesel::joinable!(review_decisions -> accounts (reviewer_id));
diesel::allow_tables_to_appear_in_same_query!(
    jobs,
    idempotency_keys,
    number_series,
    audit_log,
    accounts,
    sessions,
    email_verifications,
    password_resets,
    authenticators,
    recovery_codes,
    consent_documents,
    consents,
    billing_profiles,
    plans,
    plan_prices,
    coupon_campaigns,
    coupon_batches,
    coupon_codes,
    carts,
    cart_items,
    orders,
    order_events,
    coupon_redemptions,
    coupon_subject_uses,
    payments,
    payment_notifications,
    bank_transfers,
    refund_totals,
    refunds,
    order_activations,
    invoices,
    withdrawals,
    activation_requests,
    activation_events,
    otp_challenges,
    identity_documents,
    contracts,
    representative_invitations,
    review_decisions,
    sandbox_mails,
    sandbox_services,
    sandbox_payments,
    sandbox_refunds,
    sandbox_clock,
);
