//! The timeline: each entry tells the state that it led to, so that the request's state is its fold, and its hash covers
//! the entry before it, so that one flipped byte shows (invariant 19 of the design).

use serde::Serialize;
use serde_json::Value;

use super::rules::{ActivationRequestId, RequestStatus};
use crate::platform::clock::Time;
use crate::platform::crypto::{sha256, sha256_of_parts};
use crate::platform::problem::Problem;

/// An entry of a timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivationEvent {
    /// From 1, without gaps.
    pub sequence: i64,
    /// What happened, in snake_case.
    pub kind: String,
    /// Who did it: an account's identifier, [`REPRESENTATIVE`] or [`SYSTEM`].
    pub actor: String,
    /// Where the request stood then.
    pub status: RequestStatus,
    /// Identifiers, no personal data.
    pub details: Value,
    /// When.
    pub at: Time,
    /// Hash of the entry before; for the first, the request's identifier, so that no chain fits another request.
    pub previous_hash: Vec<u8>,
    /// Hash of this entry.
    pub hash: Vec<u8>,
}

/// What an entry is made of.
pub struct Happening<'a> {
    /// What happened, in snake_case.
    pub kind: &'a str,
    /// Who did it: an account's identifier, [`REPRESENTATIVE`] or [`SYSTEM`].
    pub actor: &'a str,
    /// Where the request stands now.
    pub status: RequestStatus,
    /// Identifiers, no personal data.
    pub details: Value,
    /// When.
    pub at: Time,
}

/// The actor of what the holder's representative did, who has no account.
pub const REPRESENTATIVE: &str = "representative";
/// The actor of what nobody asked for.
pub const SYSTEM: &str = "system";

impl ActivationEvent {
    /// The entry that follows another.
    pub fn following(request: ActivationRequestId, previous: Option<&Self>, happening: Happening<'_>) -> Self {
        let mut event = Self {
            sequence: previous.map_or(1, |previous| previous.sequence + 1),
            kind: happening.kind.to_owned(),
            actor: happening.actor.to_owned(),
            status: happening.status,
            details: happening.details,
            at: happening.at,
            previous_hash: hash_before(request, previous),
            hash: Vec::new(),
        };
        event.hash = event.computed_hash();
        event
    }

    fn computed_hash(&self) -> Vec<u8> {
        let details = canonical(&self.details);
        let (sequence, at) = (self.sequence.to_be_bytes(), self.at.0.timestamp_micros().to_be_bytes());
        let texts = [&self.kind, &self.actor, self.status.as_str(), &details].map(str::as_bytes);
        let [kind, actor, status, details] = texts;
        sha256_of_parts(&[&self.previous_hash, &sequence, kind, actor, status, details, &at]).to_vec()
    }
}

fn hash_before(request: ActivationRequestId, previous: Option<&ActivationEvent>) -> Vec<u8> {
    previous.map_or_else(|| request.0.as_bytes().to_vec(), |previous| previous.hash.clone())
}

/// JSON with its members in order, whatever order a database gave them back in.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            sorted.sort();
            format!("{{{}}}", sorted.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// SHA-256 of a proof's canonical JSON, in hexadecimal: an entry keeps it, so that the chain covers who did what and from
/// where without telling it.
///
/// # Errors
/// `internal_error` when it has no JSON form.
pub fn proof_sha256(proof: &impl Serialize) -> Result<String, Problem> {
    let proof = serde_json::to_value(proof).map_err(Problem::internal)?;
    Ok(hex::encode(sha256(canonical(&proof).as_bytes())))
}

/// Whether a request's timeline is whole: in sequence, and every hash right.
pub fn verify(request: ActivationRequestId, events: &[ActivationEvent]) -> bool {
    let mut previous: Option<&ActivationEvent> = None;
    events.iter().all(|event| {
        let follows = event.sequence == previous.map_or(1, |previous| previous.sequence + 1)
            && event.previous_hash == hash_before(request, previous);
        previous = Some(event);
        follows && event.hash == event.computed_hash()
    })
}

/// The state that a timeline leads to; none where it is empty or takes a step that no command takes.
pub fn fold(events: &[ActivationEvent]) -> Option<RequestStatus> {
    let mut states = events.iter().map(|event| event.status);
    let first = states.next().filter(|state| *state == RequestStatus::AwaitingEmail)?;
    states.try_fold(first, |state, next| (state == next || state.leads_to(next)).then_some(next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chain(request: ActivationRequestId, kinds: &[String]) -> Vec<ActivationEvent> {
        let now = crate::platform::clock::Clock::default().now();
        let mut events: Vec<ActivationEvent> = Vec::new();
        for kind in kinds {
            let happening = Happening {
                kind,
                actor: SYSTEM,
                status: RequestStatus::AwaitingEmail,
                details: serde_json::json!({ "b": 1, "a": kind }),
                at: now,
            };
            events.push(ActivationEvent::following(request, events.last(), happening));
        }
        events
    }

    proptest! {
        #[test]
        fn a_chain_verifies_and_a_changed_entry_does_not(kinds in proptest::collection::vec("[a-z]{1,8}", 1..6), index in any::<proptest::sample::Index>(), which in 0..5_usize) {
            let request = ActivationRequestId::new();
            let events = chain(request, &kinds);
            prop_assert!(verify(request, &events));
            prop_assert!(!verify(ActivationRequestId::new(), &events));
            let mut broken = events.clone();
            let at = index.index(broken.len());
            match which {
                0 => broken[at].kind.push('x'),
                1 => broken[at].hash[0] ^= 1,
                2 => broken[at].details = serde_json::json!({ "a": 2 }),
                3 => broken[at].status = RequestStatus::Active,
                _ => broken[at].at = broken[at].at.plus_seconds(1),
            }
            prop_assert!(!verify(request, &broken));
        }
    }

    #[test]
    fn the_fold_takes_only_steps_that_a_command_takes() {
        let mut events = chain(ActivationRequestId::new(), &["opened".to_owned(), "verified".to_owned()]);
        events[1].status = RequestStatus::Collecting;
        assert_eq!(fold(&events), Some(RequestStatus::Collecting));
        events[1].status = RequestStatus::Approved;
        assert_eq!(fold(&events), None);
        assert_eq!(fold(&[]), None);
    }
}
