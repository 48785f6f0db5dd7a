//! JSON bodies and query strings: parsed, checked, and refused with a pointer to what is wrong.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use utoipa::ToSchema;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::arrival::is_late;
use super::request::text_header;
use super::shape::misplaced_list;
use crate::platform::crypto::sha256;
use crate::platform::locale::Localized;
use crate::platform::problem::{
    CONTENT_TOO_LARGE, FieldProblem, MALFORMED_REQUEST, Problem, REQUEST_TIMEOUT, UNSUPPORTED_MEDIA_TYPE,
};

/// Bytes that a JSON body may have.
pub const JSON_LIMIT: usize = 256 * 1024;

/// A JSON body that parsed and passed its checks.
pub struct ValidJson<T> {
    /// What it says.
    pub value: T,
    /// SHA-256 of its bytes, for idempotency.
    pub sha256: [u8; 32],
}

impl<T: DeserializeOwned + Validate + ToSchema + 'static> FromRequest for ValidJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request);
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(body_error)?;
            if !is_json {
                return Err(UNSUPPORTED_MEDIA_TYPE.detail("Send application/json."));
            }
            Ok(Self { value: parse(&bytes)?, sha256: sha256(&bytes) })
        })
    }
}

/// A JSON body that may be left out.
pub struct OptionalJson<T> {
    /// What it says, or the default.
    pub value: T,
    /// SHA-256 of its bytes, for idempotency.
    pub sha256: [u8; 32],
}

impl<T: DeserializeOwned + Validate + ToSchema + Default + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request);
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(body_error)?;
            if bytes.is_empty() {
                return Ok(Self { value: T::default(), sha256: sha256(&bytes) });
            }
            if !is_json {
                return Err(UNSUPPORTED_MEDIA_TYPE.detail("Send application/json."));
            }
            Ok(Self { value: parse(&bytes)?, sha256: sha256(&bytes) })
        })
    }
}

/// The body of a request whose path says it all: none, or an object without fields. One with fields is refused, so that
/// nobody takes for heard what was dropped.
pub type EmptyBody = OptionalJson<NoFields>;

/// An object without fields.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

/// A query string that parsed and passed its checks.
pub struct ValidQuery<T>(pub T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for ValidQuery<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_query(request.query_string()).map(Self))
    }
}

fn parse_query<T: DeserializeOwned + Validate>(query: &str) -> Result<T, Problem> {
    if query.contains("%00") {
        return Err(nul_problem());
    }
    let parsed = web::Query::<T>::from_query(query).map_err(|error| query_problem::<T>(query, &error.to_string()))?;
    let parsed = parsed.into_inner();
    parsed.validate().map_err(|errors| validation_problem(&errors))?;
    Ok(parsed)
}

fn query_problem<T: DeserializeOwned>(query: &str, message: &str) -> Problem {
    // Which parameter is wrong the parser seldom says, so each is tried alone.
    let is_wrong = |pair: &&str| {
        let alone = web::Query::<T>::from_query(pair).err().map(|error| error.to_string());
        alone.is_some_and(|message| !message.contains("missing field"))
    };
    let wrong = query.split('&').find(is_wrong).and_then(|pair| pair.split('=').next());
    let pointer = wrong.or(quoted_name(message)).map(|name| format!("/{}", escape_pointer(name))).unwrap_or_default();
    if message.contains("unknown field") {
        Problem::invalid_field(pointer, "unknown_field", "Parametro sconosciuto", "Unknown parameter")
    } else {
        Problem::invalid_field(pointer, "invalid_value", "Valore non valido", "Not a valid value")
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let Some(content_type) = text_header(request.headers(), CONTENT_TYPE.as_str()) else { return false };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// What went wrong while a body arrived.
pub fn body_error(error: actix_web::Error) -> Problem {
    if error.as_error().is_some_and(is_late) {
        return REQUEST_TIMEOUT.problem();
    }
    match error.as_response_error().status_code().as_u16() {
        413 => CONTENT_TOO_LARGE.problem(),
        _ => MALFORMED_REQUEST.problem(),
    }
}

fn parse<T: DeserializeOwned + Validate + ToSchema>(bytes: &[u8]) -> Result<T, Problem> {
    if holds_escaped_nul(bytes) {
        return Err(nul_problem());
    }
    if bytes.contains(&b'[')
        && let Ok(body) = serde_json::from_slice(bytes)
        && let Some(pointer) = misplaced_list::<T>(&body)
    {
        return Err(Problem::invalid_field(pointer, "invalid_value", "Serve un oggetto", "Send an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| json_problem(&error, bytes))?;
    deserializer.end().map_err(|_| MALFORMED_REQUEST.detail("There is more after the JSON value."))?;
    value.validate().map_err(|errors| validation_problem(&errors))?;
    Ok(value)
}

/// `\u0000` is valid JSON, but no database text may hold it, so it is refused wherever it stands.
fn holds_escaped_nul(bytes: &[u8]) -> bool {
    let mut backslashes = 0;
    bytes.iter().enumerate().any(|(index, byte)| {
        let escapes = backslashes % 2 == 1;
        backslashes = if *byte == b'\\' { backslashes + 1 } else { 0 };
        *byte == b'u' && escapes && bytes.get(index + 1..index + 5) == Some(b"0000")
    })
}

fn nul_problem() -> Problem {
    Problem::invalid_field("", "nul_character", "Il carattere NUL non è ammesso", "The NUL character is not allowed")
}

fn json_problem(error: &serde_path_to_error::Error<serde_json::Error>, bytes: &[u8]) -> Problem {
    // serde_json calls a wrong type in an enum's place a fault of syntax, so only reading it as anything tells.
    let is_json = std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    if !is_json {
        return MALFORMED_REQUEST.detail("The body is not valid JSON.");
    }
    let message = error.inner().to_string();
    let mut pointer = json_pointer(error.path());
    if message.starts_with("missing field") {
        pointer.push_str(&child(&message));
        return Problem::invalid_field(pointer, "required", "Campo obbligatorio", "This field is required");
    }
    if message.starts_with("unknown field") {
        let child = child(&message);
        if !pointer.ends_with(&child) {
            pointer.push_str(&child);
        }
        return Problem::invalid_field(pointer, "unknown_field", "Campo sconosciuto", "Unknown field");
    }
    Problem::invalid_field(pointer, "invalid_value", "Valore non valido", "Not a valid value")
}

fn child(message: &str) -> String {
    quoted_name(message).map(|name| format!("/{}", escape_pointer(name))).unwrap_or_default()
}

fn quoted_name(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

fn json_pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escape_pointer(key)),
            Segment::Enum { variant } => format!("/{}", escape_pointer(variant)),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// A key as a JSON Pointer writes it (RFC 6901 §3).
pub fn escape_pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The failed checks of `validator` as problems of fields.
pub fn validation_problem(errors: &ValidationErrors) -> Problem {
    let mut fields = Vec::new();
    collect(errors, "", &mut fields);
    fields.sort_by(|one, other| one.pointer.cmp(&other.pointer));
    Problem::invalid(fields)
}

fn collect(errors: &ValidationErrors, prefix: &str, fields: &mut Vec<FieldProblem>) {
    for (field, kind) in errors.errors() {
        let pointer = if field == "__all__" { prefix.to_owned() } else { format!("{prefix}/{field}") };
        match kind {
            ValidationErrorsKind::Field(errors) => {
                fields.extend(errors.iter().map(|error| FieldProblem {
                    pointer: pointer.clone(),
                    code: error.code.clone(),
                    message: message_of(&error.code),
                }));
            }
            ValidationErrorsKind::Struct(nested) => collect(nested, &pointer, fields),
            ValidationErrorsKind::List(items) => {
                for (index, nested) in items {
                    collect(nested, &format!("{pointer}/{index}"), fields);
                }
            }
        }
    }
}

/// The reader's text for the checks that `validator` makes and for those that rooms name in `custom` checks.
fn message_of(code: &str) -> Localized {
    match code {
        "length" => Localized::fixed("Lunghezza non ammessa", "The length is out of bounds"),
        "range" => Localized::fixed("Valore fuori dai limiti", "The value is out of bounds"),
        "email" => Localized::fixed("Indirizzo e-mail non valido", "Not a valid e-mail address"),
        "required" => Localized::fixed("Campo obbligatorio", "This field is required"),
        "not_in_force" => Localized::fixed("Non in vigore", "Not in force"),
        "blank" => Localized::fixed("Non può essere vuoto", "It must not be blank"),
        _ => Localized::fixed("Valore non valido", "Not a valid value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, Validate, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[validate(length(min = 2))]
        name: String,
        #[validate(nested)]
        #[serde(default)]
        parts: Vec<Part>,
        #[serde(default)]
        #[expect(dead_code, reason = "only how it is refused matters")]
        colour: Option<Colour>,
    }

    #[derive(Debug, Deserialize, ToSchema)]
    enum Colour {
        Red,
    }

    #[derive(Debug, Deserialize, Validate, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Part {
        #[validate(range(min = 1))]
        #[serde(rename = "count")]
        count: i32,
    }

    fn refused(body: &str) -> (u16, String, String) {
        let problem = parse::<Sample>(body.as_bytes()).map(|sample| sample.name).unwrap_err();
        let first = problem.errors.first().cloned();
        (
            problem.code.status,
            first.as_ref().map(|error| error.pointer.clone()).unwrap_or_default(),
            first.map(|error| error.code.to_string()).unwrap_or_default(),
        )
    }

    #[test]
    fn each_fault_is_pointed_at() {
        assert_eq!(refused("{"), (400, String::new(), String::new()));
        assert_eq!(refused(r#"{"name":"ok"} x"#).0, 400);
        assert_eq!(parse::<Sample>(b"\"\xff\"").map(|sample| sample.name).unwrap_err().code.status, 400);
        assert_eq!(refused("[]"), (422, String::new(), "invalid_value".into()));
        assert_eq!(refused(r#"{"name":"ok","parts":[[1]]}"#), (422, "/parts/0".into(), "invalid_value".into()));
        assert_eq!(refused("["), (400, String::new(), String::new()));
        assert_eq!(refused(r#"{"name":"ok","colour":true}"#), (422, "/colour".into(), "invalid_value".into()));
        assert_eq!(refused("{}"), (422, "/name".into(), "required".into()));
        assert_eq!(refused(r#"{"name":1}"#), (422, "/name".into(), "invalid_value".into()));
        assert_eq!(refused(r#"{"name":"x"}"#), (422, "/name".into(), "length".into()));
        assert_eq!(refused(r#"{"name":"ok","a/b":1}"#), (422, "/a~1b".into(), "unknown_field".into()));
        assert_eq!(
            refused(r#"{"name":"ok","parts":[{"count":1},{"count":0}]}"#),
            (422, "/parts/1/count".into(), "range".into())
        );
        assert_eq!(
            refused(r#"{"name":"ok","parts":[{"count":"x"}]}"#),
            (422, "/parts/0/count".into(), "invalid_value".into())
        );
        assert_eq!(refused(r#"{"name":"o\u0000k"}"#).2, "nul_character");
        assert!(parse::<Sample>(br#"{"name":"o\\u0000k"}"#).is_ok());
    }

    proptest! {
        #[test]
        fn no_body_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse::<Sample>(&bytes);
        }
    }
}
