//! Export and erasure of personal data (GDPR arts. 15, 17 and 20): a trait that each room implements for what it holds,
//! gathered by `app`.

mod own;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::customers::accounts::rules::AccountId;
use crate::platform::clock::Time;
use crate::platform::db::DbConnection;
use crate::platform::problem::Problem;

pub use own::{AccountData, AuthenticatorData, BillingProfileData, ConsentData, SessionData};

/// A part of the house that holds personal data of accounts.
pub trait PersonalData: Send + Sync {
    /// The name of its section in an export.
    fn section(&self) -> &'static str;

    /// What it holds of an account, in a structured form that machines read (GDPR art. 20(1)).
    ///
    /// # Errors
    /// When the database fails.
    fn export(&self, connection: &mut DbConnection, account: AccountId) -> Result<Value, Problem>;

    /// Removes what it holds of an account and no law makes it keep; evidence stays, without who it is about.
    ///
    /// # Errors
    /// A refusal (such as: an order is open) undoes the whole erasure.
    fn erase(&self, tx: &mut DbConnection, account: AccountId, now: Time) -> Result<(), Problem>;
}

/// All holders of personal data, in the order in which they export and erase.
pub struct Privacy {
    holders: Vec<Box<dyn PersonalData>>,
}

impl Privacy {
    /// Gathers the holders. Later rooms come first: what they hold refers to what earlier ones do.
    pub fn new(holders: Vec<Box<dyn PersonalData>>) -> Self {
        Self { holders }
    }

    /// Everything that is held of an account, by section.
    ///
    /// # Errors
    /// When the database fails.
    pub fn export(
        &self,
        connection: &mut DbConnection,
        account: AccountId,
    ) -> Result<BTreeMap<&'static str, Value>, Problem> {
        self.holders.iter().map(|holder| Ok((holder.section(), holder.export(connection, account)?))).collect()
    }

    /// Erases an account.
    ///
    /// # Errors
    /// A holder's refusal.
    pub fn erase(&self, tx: &mut DbConnection, account: AccountId, now: Time) -> Result<(), Problem> {
        self.holders.iter().try_for_each(|holder| holder.erase(tx, account, now))
    }
}
