//! How long a body may keep the server waiting. The server itself limits only the time that the headers take.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use futures_util::StreamExt as _;
use futures_util::stream::unfold;

/// How long nothing may come of a body that is not complete.
const SILENCE: Duration = Duration::from_secs(15);

/// The same body, which ends in an error once its sender falls silent.
pub fn with_patience(payload: Payload) -> Payload {
    if matches!(payload, Payload::None) {
        return payload;
    }
    let chunks = unfold(payload, |mut payload| async move {
        let chunk = match tokio::time::timeout(SILENCE, payload.next()).await {
            Ok(chunk) => chunk?,
            Err(_) => Err(PayloadError::Io(Error::from(ErrorKind::TimedOut))),
        };
        Some((chunk, payload))
    });
    Payload::Stream { payload: Box::pin(chunks) }
}

/// Whether a body ended because its sender fell silent.
pub fn is_late(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut)
}
