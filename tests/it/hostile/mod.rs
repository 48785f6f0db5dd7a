//! Whatever is sent gets the problem that the API names for it, changes nothing and tells nothing.

mod bodies;
mod conditions;
mod requests;
mod uploads;
mod wire;

use crate::support::suite::Suite;

/// Puts this folder's tests on the list.
pub fn register(suite: &mut Suite) {
    bodies::register(suite);
    conditions::register(suite);
    requests::register(suite);
    uploads::register(suite);
    wire::register(suite);
}
