//! `negozio reconcile`: asks the payment provider about everything that has waited for its word for too long, and compares
//! the counters of coupons with their ledger.

use clap::Args;

use crate::app::{Rooms, block_on};
use crate::platform::config::Config;
use crate::shop::coupons::store::ledger;
use crate::shop::payments::jobs::{self, TOO_LONG};

/// What is asked about.
#[derive(Args)]
pub struct Arguments {
    /// Seconds that a payment or refund has waited for.
    #[arg(long, default_value_t = TOO_LONG, value_parser = clap::value_parser!(i64).range(0..=31_536_000))]
    older_than: i64,
    #[command(flatten)]
    config: Config,
}

/// Asks, takes what the provider says, and prints it; what could not be asked is an error, and so is a counter that does not
/// say what its ledger says.
pub fn run(arguments: Arguments) -> Result<(), String> {
    block_on(reconcile(arguments))
}

async fn reconcile(arguments: Arguments) -> Result<(), String> {
    arguments.config.check()?;
    let bind = arguments.config.bind;
    let rooms = Rooms::open(arguments.config, bind).await?;
    let platform = rooms.platform.clone().into_inner();
    let findings = jobs::reconcile(&platform, &rooms.gateways(), arguments.older_than).await;
    let findings = findings.map_err(|problem| format!("the database cannot be read: {problem}"))?;
    let mut unanswered = 0;
    for finding in &findings {
        match &finding.said {
            Ok(said) => println!("{}  {said}", finding.about),
            Err(problem) => {
                unanswered += 1;
                println!("{}  could not be asked: {problem}", finding.about);
            }
        }
    }
    println!("{} asked about, {unanswered} without an answer", findings.len());
    let differing = platform.db.read_one_moment(|connection| Ok(ledger::discrepancies(connection)?)).await;
    let differing = differing.map_err(|problem| format!("the ledger of coupons cannot be read: {problem}"))?;
    for difference in &differing {
        println!("{difference}");
    }
    println!("{} counters of coupons differ from the ledger", differing.len());
    if unanswered == 0 && differing.is_empty() {
        return Ok(());
    }
    Err(format!("{unanswered} could not be asked about, {} counters differ", differing.len()))
}
