//! Lists come in pages, newest first, each with a cursor to the next.

use std::fmt::Display;
use std::str::FromStr;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::platform::problem::Problem;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// Pass it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

/// Which page.
#[derive(Debug, Clone, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// How many items at most.
    #[serde(default = "default_limit")]
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// The `next_cursor` of the page before.
    #[validate(length(max = 100))]
    #[param(max_length = 100, nullable = false)]
    pub cursor: Option<String>,
}

/// How many items a page has where the caller does not say.
pub fn default_limit() -> i64 {
    20
}

/// The identifier that a cursor stands for.
///
/// # Errors
/// `invalid_fields` for a cursor that no page answered.
pub fn position<Id: FromStr>(cursor: Option<&str>) -> Result<Option<Id>, Problem> {
    cursor
        .map(|cursor| {
            cursor.parse().map_err(|_| {
                Problem::invalid_field("/cursor", "invalid_value", "Cursore non valido", "Not a cursor of this list")
            })
        })
        .transpose()
}

impl<T: Serialize> Page<T> {
    /// Makes a page of at most `limit` from a list that was asked for one more.
    pub fn cut(mut items: Vec<T>, limit: i64, id: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more { items.last().map(id) } else { None };
        Self { items, next_cursor }
    }

    /// The page as an answer, with a `Link` to the next (RFC 8288).
    pub fn to_response(&self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &self.next_cursor {
            response.insert_header((header::LINK, format!("<{}>; rel=\"next\"", next_target(request, cursor))));
        }
        response.json(self)
    }
}

fn next_target(request: &HttpRequest, cursor: &dyn Display) -> String {
    let kept = request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let query: Vec<String> = kept.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
    format!("{}?{}", request.path(), query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_no_cursor() {
        let page = Page::cut(vec![3, 2, 1], 2, ToString::to_string);
        assert_eq!((page.items, page.next_cursor.as_deref()), (vec![3, 2], Some("2")));
        assert_eq!(Page::cut(vec![1], 1, ToString::to_string).next_cursor, None);
    }
}
