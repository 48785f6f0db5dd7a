//! `negozio serve` and `negozio worker`.

use crate::app::{Server, block_on};
use crate::customers::accounts;
use crate::platform::config::{Config, Jobs};
use crate::shop::coupons;

/// Serves until told to stop.
pub fn serve(config: Config) -> Result<(), String> {
    crate::app::telemetry::start_logging(&config.log_format);
    block_on(async move {
        let is_sandbox = config.is_sandbox();
        let database = config.database_url.clone();
        let server = Server::start(config).await?;
        let url = &server.platform().public_url;
        println!("negozio listens on {} ({database})", server.address());
        println!("  Swagger UI  {url}/swagger-ui/");
        println!("  OpenAPI     {url}/openapi.json");
        if is_sandbox {
            println!("  Mailbox     {url}/v1/sandbox/mailbox");
            println!("  Coupons     {}", coupons::demo::CODES.join(", "));
            let accounts = accounts::demo::ACCOUNTS.map(|(email, _)| email).join(", ");
            println!("  Accounts    {accounts} (password {})", accounts::demo::PASSWORD);
        }
        server.until_stopped().await;
        Ok(())
    })
}

/// Runs the jobs until told to stop.
pub fn work(mut config: Config) -> Result<(), String> {
    crate::app::telemetry::start_logging(&config.log_format);
    config.jobs = Jobs::On;
    block_on(async move { crate::app::work(config).await })
}
