//! The tests that talk to a running server: each is written once and runs on SQLite and on PostgreSQL.

mod accounts;
mod activation;
mod architecture;
mod authenticators;
mod authorization;
mod back_office_accounts;
mod carts;
mod configuration;
mod contract;
mod contracts;
mod coupons;
mod crash;
mod customers;
mod database;
mod events;
mod evidence;
mod holder_types;
mod holders;
mod hostile;
mod invoices;
mod migrations;
mod operations;
mod otp_challenges;
mod plans;
mod privacy;
mod races;
mod refunds;
mod reminders;
mod representatives;
mod review;
mod review_figures;
mod shop;
mod stripe;
mod support;
mod telemetry;
mod vat;
mod withdrawals;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use support::cluster;
use support::suite::Suite;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut suite = Suite::default();
    for register in [
        accounts::register,
        activation::register,
        architecture::register,
        authenticators::register,
        authorization::register,
        back_office_accounts::register,
        carts::register,
        configuration::register,
        contract::register,
        contracts::register,
        coupons::register,
        crash::register,
        customers::register,
        database::register,
        evidence::register,
        events::register,
        holder_types::register,
        holders::register,
        hostile::register,
        invoices::register,
        migrations::register,
        operations::register,
        otp_challenges::register,
        plans::register,
        privacy::register,
        races::register,
        refunds::register,
        reminders::register,
        representatives::register,
        review::register,
        review_figures::register,
        shop::register,
        stripe::register,
        telemetry::register,
        vat::register,
        withdrawals::register,
    ] {
        register(&mut suite);
    }
    if let Some(missing) = suite.missing_tools_in_ci() {
        eprintln!("error: CI=true, but {missing} cannot be found, so tests would be left out");
        return ExitCode::FAILURE;
    }
    let conclusion = libtest_mimic::run(&arguments, suite.into_trials());
    cluster::stop();
    conclusion.exit_code()
}
