//! Domain events: what must flow from a room to a later one, handled inside the transaction that publishes it.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use super::clock::Time;
use super::db::DbConnection;
use super::problem::Problem;

type Subscriber = Box<dyn Fn(&mut DbConnection, &dyn Any, Time) -> Result<(), Problem> + Send + Sync>;

/// Who listens to what; `app.rs` fills it.
#[derive(Default)]
pub struct Events {
    subscribers: HashMap<TypeId, Vec<Subscriber>>,
}

impl Events {
    /// Calls `subscriber` within each transaction that publishes an `E`; its refusal undoes that transaction.
    pub fn subscribe<E: 'static>(
        &mut self,
        subscriber: impl Fn(&mut DbConnection, &E, Time) -> Result<(), Problem> + Send + Sync + 'static,
    ) {
        let erased: Subscriber = Box::new(move |tx, event, now| match event.downcast_ref() {
            Some(event) => subscriber(tx, event, now),
            None => Ok(()),
        });
        self.subscribers.entry(TypeId::of::<E>()).or_default().push(erased);
    }

    /// Tells all subscribers of `E`, in the order in which they subscribed.
    ///
    /// # Errors
    /// The first subscriber's refusal.
    pub fn publish<E: 'static>(&self, tx: &mut DbConnection, event: &E, now: Time) -> Result<(), Problem> {
        for subscriber in self.subscribers.get(&TypeId::of::<E>()).into_iter().flatten() {
            subscriber(tx, event, now)?;
        }
        Ok(())
    }
}
