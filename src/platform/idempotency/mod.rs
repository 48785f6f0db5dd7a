//! Idempotency keys: the same key and request give the same answer, byte for byte, and one effect.
//!
//! Claim, work and stored answer share one transaction ([`Platform::write_once`]). Work that must leave the transaction (opening a
//! payment session) claims with a lease ([`claim`]), which a retry takes over after 60 seconds, and stores its answer in
//! the transaction that ends it ([`keep`]).

pub mod store;

use serde::{Deserialize, Serialize};

use self::store::Row;
use super::Platform;
use super::clock::Time;
use super::crypto::{Keyring, sha256_of_parts};
use super::db::DbConnection;
use super::problem::{IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_KEY_REUSED, Problem};

/// Seconds that a claim outside the transaction is its caller's own.
const LEASE: i64 = 60;
/// Seconds that an answer is kept.
const KEPT: i64 = 24 * 3600;
const PURPOSE: &str = "idempotent-answers";

/// One caller's key, bound to the request that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    caller: String,
    key: String,
    fingerprint: [u8; 32],
}

impl Key {
    /// Binds a key to its caller and to the method, path and body of the request.
    pub fn new(caller: impl ToString, key: String, method: &str, path: &str, body_sha256: &[u8; 32]) -> Self {
        Self {
            caller: caller.to_string(),
            key,
            fingerprint: sha256_of_parts(&[method.as_bytes(), path.as_bytes(), body_sha256]),
        }
    }
}

/// An answer as it goes over the wire, so that it can be given again byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Where the new thing is.
    pub location: Option<String>,
    /// Its version.
    pub etag: Option<String>,
    /// JSON.
    pub body: String,
}

impl Answer {
    /// An answer with a JSON body.
    ///
    /// # Errors
    /// `internal_error` when the value has no JSON form.
    pub fn json(status: u16, body: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self { status, location: None, etag: None, body: serde_json::to_string(body).map_err(Problem::internal)? })
    }

    /// Says where the new thing is.
    #[must_use]
    pub fn at(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }

    /// Says which version it is.
    #[must_use]
    pub fn etag(self, etag: String) -> Self {
        Self { etag: Some(etag), ..self }
    }
}

/// Does `work` once under a key, all in the caller's transaction; without a key, does it. A refusal is not kept: it
/// rolls back with the claim.
///
/// # Errors
/// What `work` refuses, or `idempotency_key_reused`, or `idempotency_in_progress`.
fn once(
    tx: &mut DbConnection,
    key: Option<&Key>,
    keys: &Keyring,
    now: Time,
    work: impl FnOnce(&mut DbConnection) -> Result<Answer, Problem>,
) -> Result<Answer, Problem> {
    let Some(key) = key else { return work(tx) };
    if let Claim::Answered(answer) = claim(tx, key, keys, now)? {
        return Ok(answer);
    }
    let answer = work(tx)?;
    keep(tx, key, keys, &answer)?;
    Ok(answer)
}

/// The answer that was given under a key before, for work that is too dear to begin again; [`once`] still decides.
///
/// # Errors
/// `idempotency_key_reused` for another request.
pub fn answered(
    connection: &mut DbConnection,
    key: Option<&Key>,
    keys: &Keyring,
    now: Time,
) -> Result<Option<Answer>, Problem> {
    let Some(key) = key else { return Ok(None) };
    let row = store::find(connection, &key.caller, &key.key)?.filter(|row| counts(row, now));
    row.map_or(Ok(None), |row| answer_of(&row, key, keys))
}

fn counts(row: &Row, now: Time) -> bool {
    now.seconds_since(row.created_at) < KEPT
}

/// The answer that a row keeps, if it was given to the same request.
fn answer_of(row: &Row, key: &Key, keys: &Keyring) -> Result<Option<Answer>, Problem> {
    if row.fingerprint != key.fingerprint {
        return Err(IDEMPOTENCY_KEY_REUSED.problem());
    }
    row.answer.as_ref().map(|sealed| open(key, keys, sealed)).transpose()
}

impl Platform {
    /// Does `work` once under a key, in a transaction of its own ([`once`], [`Db::write`](super::db::Db::write)).
    ///
    /// # Errors
    /// As [`once`].
    pub async fn write_once(
        &self,
        key: Option<Key>,
        now: Time,
        work: impl Fn(&mut DbConnection) -> Result<Answer, Problem> + Send + 'static,
    ) -> Result<Answer, Problem> {
        let keys = self.keys.clone();
        self.db.write(move |tx| once(tx, key.as_ref(), &keys, now, &work)).await
    }
}

/// What a claim finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has used the key: the work begins.
    Fresh,
    /// The transaction that claimed it committed what it began, and nobody answered: the work goes on from there.
    TakenOver,
    /// The answer given before.
    Answered(Answer),
}

/// Claims a key for 60 seconds.
///
/// # Errors
/// `idempotency_key_reused` for another request, `idempotency_in_progress` while another claim lasts.
pub fn claim(tx: &mut DbConnection, key: &Key, keys: &Keyring, now: Time) -> Result<Claim, Problem> {
    let until = now.plus_seconds(LEASE);
    if store::insert(tx, &key.caller, &key.key, &key.fingerprint, now, until)? {
        return Ok(Claim::Fresh);
    }
    let Some(row) = store::find_locked(tx, &key.caller, &key.key)? else {
        return Err(IDEMPOTENCY_IN_PROGRESS.problem().retry_after(1));
    };
    if !counts(&row, now) {
        store::take_over(tx, &key.caller, &key.key, &key.fingerprint, now, until)?;
        return Ok(Claim::Fresh);
    }
    if let Some(answer) = answer_of(&row, key, keys)? {
        return Ok(Claim::Answered(answer));
    }
    if row.leased_until.is_some_and(|until| until > now) {
        return Err(IDEMPOTENCY_IN_PROGRESS.problem().retry_after(1));
    }
    store::take_over(tx, &key.caller, &key.key, &key.fingerprint, row.created_at, until)?;
    Ok(Claim::TakenOver)
}

/// Stores the answer of work done under a claim.
///
/// # Errors
/// When the database fails.
pub fn keep(tx: &mut DbConnection, key: &Key, keys: &Keyring, answer: &Answer) -> Result<(), Problem> {
    let plain = serde_json::to_vec(answer).map_err(Problem::internal)?;
    let sealed = keys.seal(PURPOSE, &context(key), &plain)?;
    store::keep(tx, &key.caller, &key.key, &sealed)?;
    Ok(())
}

/// Forgets answers that are older than a day.
///
/// # Errors
/// When the database fails.
pub fn purge(tx: &mut DbConnection, now: Time) -> Result<(), Problem> {
    store::purge(tx, now.plus_seconds(-KEPT))?;
    Ok(())
}

fn open(key: &Key, keys: &Keyring, sealed: &[u8]) -> Result<Answer, Problem> {
    let plain = keys.open(PURPOSE, &context(key), sealed)?;
    serde_json::from_slice(&plain).map_err(Problem::internal)
}

fn context(key: &Key) -> [u8; 32] {
    sha256_of_parts(&[key.caller.as_bytes(), key.key.as_bytes()])
}
