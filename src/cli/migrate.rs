//! `negozio migrate`.

use crate::platform::config::Config;
use crate::platform::db::Db;

/// Brings the database to the newest migration.
pub fn migrate(config: &Config) -> Result<(), String> {
    Db::open(&config.database_url, true).map_err(|error| format!("DATABASE_URL: {error}"))?;
    println!("{} is at the newest migration", config.database_url);
    Ok(())
}
