//! Problems as `application/problem+json` (RFC 9457).

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Where a code is explained; `type` is this and the code.
pub const PROBLEM_TYPE_BASE: &str = "https://negozio.example/problems/";

/// Why a request was not served (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Identifies the kind of problem.
    #[schema(format = "uri", example = "https://negozio.example/problems/not_found")]
    pub r#type: String,
    /// The kind of problem, for a reader, in the language of `Accept-Language`.
    #[schema(example = "Non trovato")]
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    pub status: u16,
    /// What to do about this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// Stable code, one of a closed list.
    #[schema(example = "not_found")]
    pub code: String,
    /// The request's identifier, as in `X-Request-Id`.
    pub request_id: String,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldProblemBody>,
    /// Members that only some kinds of problem have.
    #[serde(flatten)]
    #[schema(ignore)]
    pub members: Map<String, Value>,
}

/// What is wrong with one field.
#[derive(Serialize, ToSchema)]
#[schema(as = FieldProblem)]
pub struct FieldProblemBody {
    /// JSON Pointer into the request (RFC 6901).
    #[schema(example = "/codice_fiscale")]
    pub pointer: String,
    /// Stable code.
    #[schema(example = "required")]
    pub code: String,
    /// For a reader.
    pub message: String,
}

impl Problem {
    /// The problem as an answer in one language.
    pub fn to_response(&self, locale: Locale, request_id: &str) -> HttpResponse {
        let body = ProblemBody {
            r#type: format!("{PROBLEM_TYPE_BASE}{}", self.code.name),
            title: self.code.title.get(locale).to_owned(),
            status: self.code.status,
            detail: self.detail.as_ref().map(ToString::to_string),
            code: self.code.name.to_owned(),
            request_id: request_id.to_owned(),
            errors: self
                .errors
                .iter()
                .map(|error| FieldProblemBody {
                    pointer: error.pointer.clone(),
                    code: error.code.to_string(),
                    message: error.message.get(locale).to_owned(),
                })
                .collect(),
            members: self.members.clone(),
        };
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.code.status == 401 {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"negozio\""));
        }
        let mut response = response.json(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The request context middleware renders it again, in the caller's language and with the request's identifier.
    fn error_response(&self) -> HttpResponse {
        self.to_response(Locale::default(), "")
    }
}
