//! Calls to services outside: what every such call has in common.

use std::time::Duration;

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read at most.
const ANSWER_LIMIT: usize = 64 * 1024;

/// A client whose calls end within a time. It follows no redirects, which an API does not send.
///
/// # Errors
/// When no TLS can be set up.
pub fn outside(timeout: Duration) -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())
}

/// The body of an answer that is not too long.
///
/// # Errors
/// When it is, or does not come. The text names nothing of the address or the body.
pub async fn bounded_body(mut answer: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| error.without_url().to_string())? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_LIMIT {
            return Err("the answer is too long".to_owned());
        }
    }
    Ok(body)
}
