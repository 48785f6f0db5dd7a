//! `negozio reconcile`: asks the payment provider about everything that has waited for its word for too long.

use clap::Args;

use crate::app::{Rooms, block_on};
use crate::platform::config::Config;
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

/// Asks, takes what the provider says, and prints it; what could not be asked is an error.
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
    if unanswered == 0 { Ok(()) } else { Err(format!("{unanswered} could not be asked about")) }
}
