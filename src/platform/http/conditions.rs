//! Entity tags and the conditions on them (RFC 9110 §8.8.3 and §13).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest};

use super::request::text_header;
use crate::platform::problem::{Problem, STALE_VERSION};

/// The entity tag of a numbered version.
pub fn version_tag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// `If-Match`, honoured on writes of things that carry an entity tag.
#[derive(Debug, Clone, Default)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// Passes where the header is missing, `*`, or names the present version. The comparison is strong, as RFC 9110
    /// §13.1.1 wants: a weak tag never matches.
    ///
    /// # Errors
    /// `stale_version`.
    pub fn check(&self, version: i64) -> Result<(), Problem> {
        match &self.0 {
            Some(accepted) if !listed(accepted).any(|tag| tag == "*" || tag == version_tag(version)) => {
                Err(STALE_VERSION.problem())
            }
            _ => Ok(()),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(text_header(request.headers(), header::IF_MATCH.as_str()).map(str::to_owned))))
    }
}

/// Whether `If-None-Match` names this tag, so that the answer is 304. The comparison is weak, as RFC 9110 §13.1.2 wants.
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = text_header(headers, header::IF_NONE_MATCH.as_str()).unwrap_or_default();
    listed(known).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

fn listed(tags: &str) -> impl Iterator<Item = &str> {
    tags.split(',').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_passes_its_own_tag_and_a_star() {
        assert!(IfMatch(None).check(3).is_ok());
        assert!(IfMatch(Some("\"v3\"".into())).check(3).is_ok());
        assert!(IfMatch(Some("\"v1\", \"v3\"".into())).check(3).is_ok());
        assert!(IfMatch(Some("*".into())).check(3).is_ok());
        assert!(IfMatch(Some("\"v2\"".into())).check(3).is_err());
        assert!(IfMatch(Some("garbage".into())).check(3).is_err());
        assert!(IfMatch(Some("W/\"v3\"".into())).check(3).is_err());
    }
}
