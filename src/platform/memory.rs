//! Memory that was freed and that the allocator keeps.

use std::time::Duration;

use tokio::sync::watch;

/// What only a start needs is freed by then: each worker thread builds the whole contract when it mounts its routes.
const STARTED: Duration = Duration::from_secs(1);
/// After a rush, too, nobody waits for it.
const SELDOM: Duration = Duration::from_secs(3600);

/// Gives free memory back to the system once the server has started and every hour, until `stopped` turns true: much of what
/// a fresh server holds is free (`docs/speed.md`).
pub async fn keep_low(mut stopped: watch::Receiver<bool>) {
    let mut pause = STARTED;
    while !*stopped.borrow() {
        tokio::select! {
            _ = stopped.changed() => {}
            () = tokio::time::sleep(pause) => {
                // It takes milliseconds, in which no request should wait.
                let _ = tokio::task::spawn_blocking(give_back).await;
                pause = SELDOM;
            }
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back() {
    // SAFETY: malloc_trim takes no pointer and may be called from any thread at any time (malloc_trim(3), MT-Safe).
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators give back by themselves, or do not offer it.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}
