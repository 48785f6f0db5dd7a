//! Kept answers as HTTP responses.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};

use crate::platform::idempotency::Answer;

impl From<Answer> for HttpResponse {
    fn from(answer: Answer) -> Self {
        let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK));
        if let Some(location) = answer.location {
            response.insert_header((header::LOCATION, location));
        }
        if let Some(etag) = answer.etag {
            response.insert_header((header::ETAG, etag));
        }
        response.content_type("application/json").body(answer.body)
    }
}
