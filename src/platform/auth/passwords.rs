//! Password hashing with argon2id on one thread of its own.
//!
//! A hash takes 14 ms of a core and 19 MiB. On the shared blocking pool, 32 logins at once pushed the catalogue's
//! slowest answers from 5 to 469 ms; one thread with one reused buffer, behind a bounded queue, keeps them at 4.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::oneshot;

use crate::platform::crypto;
use crate::platform::problem::{OVERLOADED, Problem};

/// KiB of memory (OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_LENGTH: usize = 16;
const HASH_LENGTH: usize = 32;
/// How far the thread gives way, of at most 19.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
/// Seconds of work that may wait: 256 hashes are under four seconds.
const QUEUE: usize = 256;

/// A handle to the hashing thread.
#[derive(Clone)]
pub struct Passwords {
    queue: SyncSender<Task>,
}

enum Task {
    Hash { password: String, answer: oneshot::Sender<Result<String, Problem>> },
    Verify { password: String, hash: Option<String>, answer: oneshot::Sender<Result<bool, Problem>> },
}

impl Passwords {
    /// Starts the thread.
    ///
    /// # Errors
    /// `internal_error` when the system refuses a thread.
    pub fn start() -> Result<Self, Problem> {
        let (queue, tasks) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("passwords".to_owned())
            .spawn(move || work(&tasks))
            .map_err(Problem::internal)?;
        Ok(Self { queue })
    }

    /// Hashes a new password, to a PHC string.
    ///
    /// # Errors
    /// `overloaded` when too many wait.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        let (answer, wait) = oneshot::channel();
        self.send(Task::Hash { password, answer })?;
        wait.await.map_err(Problem::internal)?
    }

    /// Whether a password is the one behind a hash. Without a hash (an unknown account) the same work is done and the
    /// answer is no, so that the time tells nothing.
    ///
    /// # Errors
    /// `overloaded` when too many wait.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        let (answer, wait) = oneshot::channel();
        self.send(Task::Verify { password, hash, answer })?;
        wait.await.map_err(Problem::internal)?
    }

    fn send(&self, task: Task) -> Result<(), Problem> {
        self.queue.try_send(task).map_err(|error| match error {
            TrySendError::Full(_) => OVERLOADED.problem().retry_after(2),
            TrySendError::Disconnected(_) => Problem::internal("the password thread has stopped"),
        })
    }
}

fn work(tasks: &Receiver<Task>) {
    give_way();
    let mut memory = Vec::new();
    while let Ok(task) = tasks.recv() {
        // Whoever asked may be gone; then nobody wants the answer.
        match task {
            Task::Hash { password, answer } => {
                let _ = answer.send(hash(&password, &mut memory));
            }
            Task::Verify { password, hash, answer } => {
                let _ = answer.send(verify(&password, hash.as_deref(), &mut memory));
            }
        }
    }
}

/// Lets whatever answers requests go first where the processor is short: a login may take longer, a page must not. On
/// Linux the priority is the thread's own.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "password hashing runs at the priority of everything else");
    }
}

fn hash(password: &str, memory: &mut Vec<Block>) -> Result<String, Problem> {
    let salt = crypto::random_bytes::<SALT_LENGTH>()?;
    let digest = digest(password, &salt, MEMORY_KIB, PASSES, LANES, memory)?;
    Ok(format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(digest)
    ))
}

fn verify(password: &str, hash: Option<&str>, memory: &mut Vec<Block>) -> Result<bool, Problem> {
    let Some(hash) = hash else {
        digest(password, &[0; SALT_LENGTH], MEMORY_KIB, PASSES, LANES, memory)?;
        return Ok(false);
    };
    let parsed = StoredHash::parse(hash).ok_or_else(|| Problem::internal("a stored password hash is malformed"))?;
    let digest = digest(password, &parsed.salt, parsed.memory_kib, parsed.passes, parsed.lanes, memory)?;
    Ok(crypto::equal_in_constant_time(&digest, &parsed.digest))
}

fn digest(
    password: &str,
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    memory: &mut Vec<Block>,
) -> Result<[u8; HASH_LENGTH], Problem> {
    let params = Params::new(memory_kib, passes, lanes, Some(HASH_LENGTH))
        .map_err(|error| Problem::internal(error.to_string()))?;
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let buffer = memory.get_mut(..blocks).ok_or_else(|| Problem::internal("no memory for a password hash"))?;
    let mut out = [0; HASH_LENGTH];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut out, buffer)
        .map_err(|error| Problem::internal(error.to_string()))?;
    Ok(out)
}

struct StoredHash {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl StoredHash {
    /// Reads a PHC string of ours.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, digest) = (parts.next()?, parts.next()?, parts.next()?);
        let mut costs = costs.split(',');
        let mut cost = |name| costs.next()?.strip_prefix(name)?.parse().ok();
        Some(Self {
            memory_kib: cost("m=")?,
            passes: cost("t=")?,
            lanes: cost("p=")?,
            salt: STANDARD_NO_PAD.decode(salt).ok()?,
            digest: STANDARD_NO_PAD.decode(digest).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_verifies_against_its_own_hash_only() {
        let memory = &mut Vec::new();
        let stored = hash("correct horse battery", memory).unwrap();
        assert!(verify("correct horse battery", Some(&stored), memory).unwrap());
        assert!(!verify("correct horse batterz", Some(&stored), memory).unwrap());
        assert!(!verify("correct horse battery", None, memory).unwrap());
        assert!(verify("x", Some("not a hash"), memory).is_err());
    }
}
