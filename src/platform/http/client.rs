//! Calls to services outside: what every such call has in common.

use std::time::Duration;

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read at most, where its client has no other limit.
pub const ANSWER_LIMIT: usize = 64 * 1024;

/// How long a call may take where its client does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What all calls of one server to services outside go through: clones share its connections and its certificates, which
/// take 9 MiB and 40 ms to read.
#[derive(Clone)]
pub struct Outbound(pub reqwest::Client);

impl Outbound {
    /// Reads the certificates that the system trusts. Redirects, which an API does not send, are not followed.
    ///
    /// # Errors
    /// When no TLS can be set up.
    pub fn new() -> Result<Self, String> {
        reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

/// The body of an answer that has no more than so many bytes.
///
/// # Errors
/// When it is, or does not come. The text names nothing of the address or the body.
pub async fn bounded_body(mut answer: reqwest::Response, limit: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| error.without_url().to_string())? {
        body.extend_from_slice(&chunk);
        if body.len() > limit {
            return Err("the answer is too long".to_owned());
        }
    }
    Ok(body)
}
