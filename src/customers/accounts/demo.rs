//! The demo accounts of the back office, in the sandbox only.

use super::rules::{Account, AccountId, Role};
use super::store;
use crate::platform::Platform;
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

/// Their addresses and roles.
pub const ACCOUNTS: [(&str, Role); 2] =
    [("reviewer@example.com", Role::Reviewer), ("admin@example.com", Role::Administrator)];
/// The one password of them all.
pub const PASSWORD: &str = "negozio-sandbox-2026";

/// Makes the demo accounts that are not there yet.
///
/// # Errors
/// When the database fails.
pub async fn load(platform: &Platform) -> Result<(), Problem> {
    for (email, role) in ACCOUNTS {
        let known = platform.db.read(move |connection| Ok(store::find_with_hash(connection, email)?.is_some())).await?;
        if known {
            continue;
        }
        let hash = platform.passwords.hash(PASSWORD.to_owned()).await?;
        let now = platform.clock.now();
        let account = Account {
            id: AccountId::new(),
            email: email.to_owned(),
            first_name: role.as_str().to_owned(),
            last_name: "Demo".to_owned(),
            phone: None,
            locale: Locale::Italian,
            role,
            email_verified_at: Some(now),
            created_at: now,
        };
        platform.db.write(move |tx| Ok(store::insert(tx, &account, &hash)?)).await?;
    }
    Ok(())
}
