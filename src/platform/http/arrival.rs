//! How long a body may keep the server waiting. The server itself limits only the time that the headers take.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use futures_util::StreamExt as _;
use futures_util::stream::unfold;
use tokio::time::Instant;

/// How long nothing may come of a body that is not complete.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a body may take in all: two pictures of an identity document over a slow mobile line.
const WHOLE: Duration = Duration::from_secs(300);

/// The same body, which ends in an error once its sender falls silent or trickles for too long.
pub fn with_patience(payload: Payload) -> Payload {
    if matches!(payload, Payload::None) {
        return payload;
    }
    let end = Instant::now() + WHOLE;
    let chunks = unfold(payload, move |mut payload| async move {
        let deadline = end.min(Instant::now() + SILENCE);
        let chunk = match tokio::time::timeout_at(deadline, payload.next()).await {
            Ok(chunk) => chunk?,
            Err(_) => Err(PayloadError::Io(Error::from(ErrorKind::TimedOut))),
        };
        Some((chunk, payload))
    });
    // The reader of forms asks on after the end.
    Payload::Stream { payload: Box::pin(chunks.fuse()) }
}

/// Whether a body ended because its sender fell silent or took too long.
pub fn is_late(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut)
}
