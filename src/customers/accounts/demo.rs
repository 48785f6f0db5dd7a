//! The demo accounts: a reviewer and an administrator of the back office, and a customer; in the sandbox only.

use super::rules::{Account, AccountId, Role};
use super::store;
use crate::customers::consents;
use crate::platform::Platform;
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

/// Their addresses and roles.
pub const ACCOUNTS: [(&str, Role); 3] = [
    ("reviewer@example.com", Role::Reviewer),
    ("admin@example.com", Role::Administrator),
    ("customer@example.com", Role::Customer),
];
/// The one password of them all.
pub const PASSWORD: &str = "negozio-sandbox-2026";

/// Makes the demo accounts that are not there yet; only for those a password is hashed, so that a later start is quick.
/// The demo consent documents must be published before.
///
/// # Errors
/// When the database fails.
pub async fn load(platform: &Platform) -> Result<(), Problem> {
    for (email, role) in ACCOUNTS {
        if platform.db.read(move |connection| store::find_by_email(connection, email)).await?.is_some() {
            continue;
        }
        let hash = platform.passwords.hash(PASSWORD.to_owned()).await?;
        let account = account(platform, email, role);
        platform
            .db
            .write(move |tx| {
                if store::insert(tx, &account, &hash)? {
                    consents::demo::choose(tx, account.id, account.created_at)?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(())
}

fn account(platform: &Platform, email: &str, role: Role) -> Account {
    let now = platform.clock.now();
    let (first_name, last_name) = match role {
        Role::Reviewer => ("Rita", "Revisori"),
        Role::Administrator => ("Ada", "Amministratori"),
        Role::Customer => ("Mario", "Rossi"),
    };
    Account {
        id: AccountId::new(),
        email: email.to_owned(),
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        phone: None,
        locale: Locale::Italian,
        role,
        email_verified_at: Some(now),
        created_at: now,
    }
}
