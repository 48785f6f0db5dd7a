//! What is answered when a request cannot be served: the public half of an error, apart from its internal cause.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::locale::Localized;

/// One entry of the closed list of problem codes. Each room declares its own with [`crate::problem_codes!`].
#[derive(Debug)]
pub struct Code {
    /// Stable and unique, in snake_case.
    pub name: &'static str,
    /// The HTTP status it answers with.
    pub status: u16,
    /// What it means, for a reader.
    pub title: Localized,
}

impl Code {
    /// A problem of this kind with no more to say.
    pub fn problem(&'static self) -> Problem {
        Problem { code: self, detail: None, errors: Vec::new(), members: Map::new(), retry_after: None, cause: None }
    }

    /// A problem of this kind, with what to do about it.
    pub fn detail(&'static self, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem { detail: Some(detail.into()), ..self.problem() }
    }
}

/// Declares a room's problem codes and the list `ALL` of them.
#[macro_export]
macro_rules! problem_codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal, $it:literal, $en:literal;)*) => {
        $($(#[$doc])*
        #[doc = concat!("`", $code, "`: ", $en, ".")]
        pub static $name: $crate::platform::problem::Code = $crate::platform::problem::Code {
            name: $code,
            status: $status,
            title: $crate::platform::locale::Localized::fixed($it, $en),
        };)*
        /// Every problem code of this room.
        pub static ALL: &[&$crate::platform::problem::Code] = &[$(&$name),*];
    };
}

problem_codes! {
    MALFORMED_REQUEST = 400 "malformed_request", "La richiesta non è leggibile", "The request cannot be parsed";
    IDEMPOTENCY_KEY_REQUIRED = 400 "idempotency_key_required", "Manca l'intestazione Idempotency-Key", "The Idempotency-Key header is missing";
    UNAUTHENTICATED = 401 "unauthenticated", "Serve l'accesso", "Credentials are missing or not valid";
    FORBIDDEN = 403 "forbidden", "Operazione non permessa", "You may not do this";
    NOT_FOUND = 404 "not_found", "Non trovato", "There is no such thing, or it is not yours";
    METHOD_NOT_ALLOWED = 405 "method_not_allowed", "Metodo non permesso", "This path does not take that method";
    NOT_ACCEPTABLE = 406 "not_acceptable", "Formato non disponibile", "No representation of the kind that was asked for";
    REQUEST_TIMEOUT = 408 "request_timeout", "Richiesta troppo lenta", "The request took too long to arrive";
    CONFLICT = 409 "conflict", "Lo stato attuale non lo permette", "The present state forbids it";
    IDEMPOTENCY_IN_PROGRESS = 409 "idempotency_in_progress", "La stessa richiesta è ancora in corso", "The same request is still being worked on";
    STALE_VERSION = 412 "stale_version", "Nel frattempo è cambiato", "It has changed since you read it";
    CONTENT_TOO_LARGE = 413 "content_too_large", "Contenuto troppo grande", "The content is too large";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type", "Tipo di contenuto non accettato", "That content type is not accepted";
    INVALID_FIELDS = 422 "invalid_fields", "Alcuni campi non sono validi", "Some fields are not valid";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency_key_reused", "Idempotency-Key già usata per un'altra richiesta", "That Idempotency-Key was used for a different request";
    TOO_MANY_REQUESTS = 429 "too_many_requests", "Troppe richieste", "Too many requests";
    INTERNAL = 500 "internal_error", "Errore interno", "Something went wrong on our side";
    OVERLOADED = 503 "overloaded", "Servizio momentaneamente sovraccarico", "The service is busy, try again soon";
    PROVIDER_UNAVAILABLE = 503 "provider_unavailable", "Un servizio esterno non risponde", "An outside service does not answer";
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// JSON Pointer into the request (RFC 6901).
    pub pointer: String,
    /// Stable, in snake_case.
    pub code: Cow<'static, str>,
    /// For a reader.
    pub message: Localized,
}

impl FieldProblem {
    /// A field's problem with a text from the code.
    pub fn new(pointer: impl Into<String>, code: &'static str, it: &'static str, en: &'static str) -> Self {
        Self { pointer: pointer.into(), code: Cow::Borrowed(code), message: Localized::fixed(it, en) }
    }
}

/// A refusal or failure on its way to the caller. `cause` is logged and never shown.
#[derive(Clone)]
pub struct Problem {
    /// Which of the closed list.
    pub code: &'static Code,
    /// What to do about this occurrence.
    pub detail: Option<Cow<'static, str>>,
    /// The fields that are wrong.
    pub errors: Vec<FieldProblem>,
    /// Extension members (RFC 9457 §3.2), such as the new totals of a cart.
    pub members: Map<String, Value>,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u64>,
    /// What happened inside.
    pub cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A failure of ours.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: Some(Arc::from(cause.into())), ..INTERNAL.problem() }
    }

    /// Wrong fields.
    pub fn invalid(errors: Vec<FieldProblem>) -> Self {
        Self { errors, ..INVALID_FIELDS.problem() }
    }

    /// One wrong field.
    pub fn invalid_field(pointer: impl Into<String>, code: &'static str, it: &'static str, en: &'static str) -> Self {
        Self::invalid(vec![FieldProblem::new(pointer, code, it, en)])
    }

    /// Adds an extension member.
    #[must_use]
    pub fn member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Keeps what happened inside, for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }

    /// Whether this is the given entry of the list.
    pub fn is(&self, code: &'static Code) -> bool {
        std::ptr::eq(self.code, code)
    }
}

impl From<diesel::result::Error> for Problem {
    fn from(error: diesel::result::Error) -> Self {
        Self::internal(error)
    }
}

impl From<&'static Code> for Problem {
    fn from(code: &'static Code) -> Self {
        code.problem()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.name)?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        if !self.errors.is_empty() {
            write!(f, " {:?}", self.errors.iter().map(|error| (&error.pointer, &error.code)).collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

impl Error for Problem {}
