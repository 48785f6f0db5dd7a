//! Who listens to which requests. One look at the database a second serves all listeners of a process, whatever their
//! number, and sees what other processes wrote too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::rules::ActivationRequestId;
use super::store;
use crate::customers::accounts::rules::AccountId;
use crate::platform::db::Db;
use crate::platform::problem::{OVERLOADED, Problem, TOO_MANY_REQUESTS};

/// How often the database is looked at.
const ROUND: Duration = Duration::from_secs(1);
/// Seconds after which a caller who found no place may come back.
const RETRY_AFTER: u64 = 10;

/// How many may listen.
#[derive(Debug, Clone, Copy)]
pub struct StreamLimits {
    /// Streams of one account's.
    pub of_account: usize,
    /// Streams of one process.
    pub in_all: usize,
}

impl Default for StreamLimits {
    /// A few devices each, and what a process holds without effort.
    fn default() -> Self {
        Self { of_account: 5, in_all: 500 }
    }
}

/// What listeners are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// A round has passed.
    Round(u64),
    /// The server stops.
    Stop,
}

/// The listeners of a process.
pub struct EventStreams {
    limits: StreamLimits,
    listening: Mutex<Vec<(AccountId, ActivationRequestId)>>,
    latest: Mutex<HashMap<ActivationRequestId, i64>>,
    signal: watch::Sender<Signal>,
}

/// A place among the listeners; given back when dropped.
pub struct Listener {
    streams: Arc<EventStreams>,
    account: AccountId,
    request: ActivationRequestId,
    signal: watch::Receiver<Signal>,
}

impl EventStreams {
    /// Nobody listens yet.
    pub fn new(limits: StreamLimits) -> Self {
        let signal = watch::Sender::new(Signal::Round(0));
        Self { limits, listening: Mutex::default(), latest: Mutex::default(), signal }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// `too_many_requests` for an account with enough of them; `overloaded` when all are taken, and when the server stops.
    pub fn listen(self: &Arc<Self>, account: AccountId, request: ActivationRequestId) -> Result<Listener, Problem> {
        let mut listening = locked(&self.listening);
        if listening.iter().filter(|(listener, _)| *listener == account).count() >= self.limits.of_account {
            return Err(TOO_MANY_REQUESTS.problem().retry_after(RETRY_AFTER));
        }
        if listening.len() >= self.limits.in_all || *self.signal.borrow() == Signal::Stop {
            return Err(OVERLOADED.problem().retry_after(RETRY_AFTER));
        }
        listening.push((account, request));
        Ok(Listener { streams: self.clone(), account, request, signal: self.signal.subscribe() })
    }

    /// Ends every stream, and takes no more: a server that stops waits for its answers to end.
    pub fn stop(&self) {
        self.signal.send_replace(Signal::Stop);
    }

    fn watched(&self) -> Vec<ActivationRequestId> {
        let mut requests: Vec<_> = locked(&self.listening).iter().map(|(_, request)| *request).collect();
        requests.sort_unstable();
        requests.dedup();
        requests
    }

    /// Tells the listeners what is new. A round in which nothing could be read is told too: they look after themselves.
    fn publish(&self, latest: HashMap<ActivationRequestId, i64>) {
        *locked(&self.latest) = latest;
        self.signal.send_if_modified(|signal| match signal {
            Signal::Round(round) => {
                *round = round.wrapping_add(1);
                true
            }
            Signal::Stop => false,
        });
    }
}

/// Looks at the database once a round, as long as the server runs and anybody listens.
pub async fn watch(streams: Arc<EventStreams>, db: Db) {
    let mut signal = streams.signal.subscribe();
    loop {
        let stops = signal.wait_for(|signal| *signal == Signal::Stop);
        if tokio::time::timeout(ROUND, stops).await.is_ok() {
            return;
        }
        let watched = streams.watched();
        if watched.is_empty() {
            continue;
        }
        match db.read(move |connection| Ok(store::latest_sequences(connection, &watched)?)).await {
            Ok(latest) => streams.publish(latest.into_iter().collect()),
            Err(problem) => {
                tracing::warn!(%problem, "the timelines that are listened to could not be read");
                streams.publish(HashMap::new());
            }
        }
    }
}

impl Listener {
    /// Waits for the next round; false when the server stops.
    pub async fn next_round(&mut self) -> bool {
        self.signal.changed().await.is_ok() && *self.signal.borrow() != Signal::Stop
    }

    /// Whether the timeline has grown beyond an entry.
    pub fn is_behind(&self, sequence: i64) -> bool {
        locked(&self.streams.latest).get(&self.request).is_some_and(|latest| *latest > sequence)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listening = locked(&self.streams.listening);
        if let Some(place) = listening.iter().position(|place| *place == (self.account, self.request)) {
            listening.swap_remove(place);
        }
    }
}

/// What these locks guard stays whole whoever panics.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_an_account_and_in_all_and_given_back() {
        let streams = Arc::new(EventStreams::new(StreamLimits { of_account: 2, in_all: 3 }));
        let (one, other, request) = (AccountId::new(), AccountId::new(), ActivationRequestId::new());
        let held: Vec<Listener> = (0..2).filter_map(|_| streams.listen(one, request).ok()).collect();
        assert_eq!(held.len(), 2);
        assert!(streams.listen(one, request).is_err_and(|problem| problem.is(&TOO_MANY_REQUESTS)));
        let third = streams.listen(other, request);
        assert!(third.is_ok());
        assert!(streams.listen(other, request).is_err_and(|problem| problem.is(&OVERLOADED)));
        drop(held);
        assert!(streams.listen(one, request).is_ok());
        assert_eq!(streams.watched(), [request]);
        drop(third);
        assert!(streams.watched().is_empty());
        streams.stop();
        assert!(streams.listen(one, request).is_err_and(|problem| problem.is(&OVERLOADED)));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn listeners_are_told_of_what_is_new_and_of_the_end() {
        let streams = Arc::new(EventStreams::new(StreamLimits::default()));
        let request = ActivationRequestId::new();
        let mut listener = streams.listen(AccountId::new(), request).unwrap();
        streams.publish(HashMap::from([(request, 3)]));
        assert!(listener.next_round().await);
        assert!(listener.is_behind(2) && !listener.is_behind(3));
        streams.stop();
        assert!(!listener.next_round().await);
    }
}
