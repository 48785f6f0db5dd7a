//! The timeline: each entry's hash covers the one before it, so that one flipped byte shows (invariant 19 of the design).

use serde_json::Value;

use super::rules::ActivationRequestId;
use crate::platform::clock::Time;
use crate::platform::crypto::sha256_of_parts;

/// An entry of a timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivationEvent {
    /// From 1, without gaps.
    pub sequence: i64,
    /// What happened, in snake_case.
    pub kind: String,
    /// Who did it: an account's identifier, or `system`.
    pub actor: String,
    /// Identifiers, no personal data.
    pub details: Value,
    /// When.
    pub at: Time,
    /// Hash of the entry before; for the first, the request's identifier, so that no chain fits another request.
    pub previous_hash: Vec<u8>,
    /// Hash of this entry.
    pub hash: Vec<u8>,
}

impl ActivationEvent {
    /// The entry that follows another.
    pub fn following(
        request: ActivationRequestId,
        previous: Option<&Self>,
        kind: &str,
        actor: &str,
        details: Value,
        at: Time,
    ) -> Self {
        let mut event = Self {
            sequence: previous.map_or(1, |previous| previous.sequence + 1),
            kind: kind.to_owned(),
            actor: actor.to_owned(),
            details,
            at,
            previous_hash: hash_before(request, previous),
            hash: Vec::new(),
        };
        event.hash = event.computed_hash();
        event
    }

    fn computed_hash(&self) -> Vec<u8> {
        let details = canonical(&self.details);
        let (sequence, at) = (self.sequence.to_be_bytes(), self.at.0.timestamp_micros().to_be_bytes());
        let parts: [&[u8]; 6] =
            [&self.previous_hash, &sequence, self.kind.as_bytes(), self.actor.as_bytes(), details.as_bytes(), &at];
        sha256_of_parts(&parts).to_vec()
    }
}

fn hash_before(request: ActivationRequestId, previous: Option<&ActivationEvent>) -> Vec<u8> {
    previous.map_or_else(|| request.0.as_bytes().to_vec(), |previous| previous.hash.clone())
}

/// JSON with its members in order, whatever order a database gave them back in.
fn canonical(value: &Value) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chain(request: ActivationRequestId, kinds: &[String]) -> Vec<ActivationEvent> {
        let now = crate::platform::clock::Clock::default().now();
        let mut events: Vec<ActivationEvent> = Vec::new();
        for kind in kinds {
            let next = ActivationEvent::following(
                request,
                events.last(),
                kind,
                "system",
                serde_json::json!({ "b": 1, "a": kind }),
                now,
            );
            events.push(next);
        }
        events
    }

    proptest! {
        #[test]
        fn a_chain_verifies_and_a_changed_entry_does_not(kinds in proptest::collection::vec("[a-z]{1,8}", 1..6), index in any::<proptest::sample::Index>(), which in 0..4_usize) {
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
                _ => broken[at].at = broken[at].at.plus_seconds(1),
            }
            prop_assert!(!verify(request, &broken));
        }
    }
}
