//! What a request says of its sender: address, user agent, language, identifier.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::platform::locale::Locale;

/// The identifier of a request, which answers, logs and problems carry.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Who sent a request, as evidence keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The peer's address; behind a trusted proxy, the one that the proxy names.
    pub ip: Option<IpAddr>,
    /// `User-Agent`, cut to 500 characters.
    pub user_agent: Option<String>,
}

impl Sender {
    /// Reads it from a request.
    pub fn of(request: &HttpRequest) -> Self {
        let user_agent =
            text_header(request.headers(), header::USER_AGENT.as_str()).map(|text| text.chars().take(500).collect());
        Self { ip: request.peer_addr().map(|address| address.ip()), user_agent }
    }

    /// Whether the request came from this machine.
    pub fn is_loopback(&self) -> bool {
        self.ip.is_some_and(|ip| ip.is_loopback())
    }

    /// The address as text.
    pub fn ip_text(&self) -> Option<String> {
        self.ip.map(|ip| ip.to_string())
    }
}

impl FromRequest for Sender {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// The language a caller prefers, of those we speak.
impl FromRequest for Locale {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(preferred_locale(request.headers())))
    }
}

/// The best of our languages by the weights of `Accept-Language` (RFC 9110 §12.5.4); Italian where it names none.
pub fn preferred_locale(headers: &HeaderMap) -> Locale {
    let Some(accepted) = text_header(headers, header::ACCEPT_LANGUAGE.as_str()) else { return Locale::default() };
    let mut best = (0, Locale::default());
    for range in accepted.split(',').take(20) {
        let mut parts = range.split(';');
        let language = parts.next().unwrap_or_default().trim();
        let weight = parts.find_map(|parameter| parameter.trim().strip_prefix("q=")).map_or(1000, thousandths);
        let locale = match language.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "it" | "*" => Locale::Italian,
            "en" => Locale::English,
            _ => continue,
        };
        if weight > best.0 {
            best = (weight, locale);
        }
    }
    best.1
}

fn thousandths(weight: &str) -> u32 {
    weight.trim().parse::<f32>().map_or(0, |weight| (weight.clamp(0.0, 1.0) * 1000.0) as u32)
}

/// A header as text; none where it is missing or not visible ASCII.
pub fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The identifier that the context middleware gave a request.
pub fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn locale_of(value: &str) -> Locale {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(value).unwrap());
        preferred_locale(&headers)
    }

    #[test]
    fn the_heaviest_language_that_we_speak_wins() {
        assert_eq!(locale_of("de, en-GB;q=0.8, it;q=0.5"), Locale::English);
        assert_eq!(locale_of("it-IT, en"), Locale::Italian);
        assert_eq!(locale_of("fr"), Locale::Italian);
        assert_eq!(locale_of("en;q=0, it;q=x"), Locale::Italian);
        assert_eq!(locale_of(";;,,q=1"), Locale::Italian);
    }
}
