//! Heavy work off the async threads: a few pieces at once, a bounded queue behind them, and 503 beyond it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::problem::{OVERLOADED, Problem};

/// Seconds after which a caller who found no place may come back.
const RETRY_AFTER: u64 = 2;

/// A bench with a few places for work that takes a core for long, such as decoding a picture or setting a document.
pub struct Workbench {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    longest_queue: usize,
}

impl Workbench {
    /// A bench with so many places and so long a queue.
    pub fn new(places: usize, longest_queue: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), waiting: AtomicUsize::new(0), longest_queue }
    }

    /// Does a piece of work on a blocking thread when its turn comes.
    ///
    /// # Errors
    /// `overloaded` when the queue is full; `internal_error` when the work panics.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let _queued = self.queue()?;
        let place = self.places.clone().acquire_owned().await.map_err(Problem::internal)?;
        // The place goes with the work: a caller who hangs up does not free it while the work still goes on.
        let worked = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        worked.await.map_err(Problem::internal)
    }

    fn queue(&self) -> Result<Queued<'_>, Problem> {
        let queued = Queued(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) < self.longest_queue {
            Ok(queued)
        } else {
            Err(OVERLOADED.problem().retry_after(RETRY_AFTER))
        }
    }
}

/// One who waits or works; leaves the count when dropped.
struct Queued<'a>(&'a AtomicUsize);

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn beyond_its_queue_it_refuses_and_afterwards_it_takes_again() {
        let bench = Workbench::new(1, 2);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let slow = bench.run(move || held.recv().is_ok());
        let second = bench.run(|| 2);
        let third = async {
            let refused = bench.run(|| 3).await;
            assert!(refused.is_err_and(|problem| problem.is(&OVERLOADED)));
            assert!(release.send(()).is_ok());
        };
        let (first, second, ()) = tokio::join!(slow, second, third);
        assert_eq!((first.ok(), second.ok()), (Some(true), Some(2)));
        assert_eq!(bench.run(|| 4).await.ok(), Some(4));
    }
}
