//! `multipart/form-data` bodies (RFC 7578), read with a limit on every part.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use actix_multipart::{Field, Multipart, MultipartError};
use futures_util::StreamExt as _;

use super::arrival::is_late;
use crate::platform::crypto::sha256_of_parts;
use crate::platform::problem::{
    CONTENT_TOO_LARGE, FieldProblem, MALFORMED_REQUEST, Problem, REQUEST_TIMEOUT, UNSUPPORTED_MEDIA_TYPE,
};

/// Bytes that a text field may have.
const TEXT_LIMIT: usize = 4096;

/// The fields that a form may have; any other is refused.
#[derive(Debug, Clone, Copy)]
pub struct FormFields {
    /// Names of text fields.
    pub texts: &'static [&'static str],
    /// Names of files.
    pub files: &'static [&'static str],
    /// Bytes that one file may have.
    pub file_limit: usize,
}

/// A form that was read.
#[derive(Default)]
pub struct Form {
    texts: HashMap<String, String>,
    files: HashMap<String, Vec<u8>>,
}

impl Form {
    /// Reads a whole form.
    ///
    /// # Errors
    /// `malformed_request`, `content_too_large`, or `invalid_fields` for a field that is unknown, repeated or not text.
    pub async fn read(mut multipart: Multipart, fields: FormFields) -> Result<Self, Problem> {
        let mut form = Self::default();
        while let Some(field) = multipart.next().await {
            form.take(field.map_err(|error| multipart_problem(&error))?, fields).await?;
        }
        Ok(form)
    }

    async fn take(&mut self, field: Field, fields: FormFields) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        if fields.files.contains(&name.as_str()) {
            let bytes = read_part(field, fields.file_limit).await?;
            insert_once(self.files.entry(name.clone()), bytes, &name)
        } else if fields.texts.contains(&name.as_str()) {
            let bytes = read_part(field, TEXT_LIMIT).await?;
            let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
            let text = text.ok_or_else(|| {
                Problem::invalid_field(format!("/{name}"), "invalid_value", "Testo non valido", "Not valid text")
            })?;
            insert_once(self.texts.entry(name.clone()), text, &name)
        } else {
            let shown: String =
                name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(64).collect();
            Err(Problem::invalid_field(format!("/{shown}"), "unknown_field", "Campo sconosciuto", "Unknown field"))
        }
    }

    /// A text field, trimmed; none where it is missing or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// A file.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// A text field read as a value, or what is wrong with it.
    ///
    /// # Errors
    /// The field's problem: missing, or not such a value.
    pub fn required<T: std::str::FromStr>(&self, name: &str) -> Result<T, FieldProblem> {
        self.required_with(name, |text| text.parse().ok())
    }

    /// As [`Form::required`], for a value that is read in a way of its own.
    ///
    /// # Errors
    /// The field's problem: missing, or not such a value.
    pub fn required_with<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, FieldProblem> {
        let text = self.text(name).ok_or_else(|| {
            FieldProblem::new(format!("/{name}"), "required", "Campo obbligatorio", "This field is required")
        })?;
        read(text).ok_or_else(|| {
            FieldProblem::new(format!("/{name}"), "invalid_value", "Valore non valido", "Not a valid value")
        })
    }

    /// SHA-256 over all fields in the order of their names, for idempotency: the boundary between parts differs at each try.
    pub fn sha256(&self) -> [u8; 32] {
        let texts = self.texts.iter().map(|(name, text)| (name.as_bytes(), text.as_bytes()));
        let files = self.files.iter().map(|(name, bytes)| (name.as_bytes(), bytes.as_slice()));
        let mut parts: Vec<(&[u8], &[u8])> = texts.chain(files).collect();
        parts.sort_unstable();
        let flat: Vec<&[u8]> = parts.iter().flat_map(|(name, bytes)| [*name, *bytes]).collect();
        sha256_of_parts(&flat)
    }
}

fn insert_once<T>(entry: Entry<'_, String, T>, value: T, name: &str) -> Result<(), Problem> {
    match entry {
        Entry::Vacant(place) => {
            place.insert(value);
            Ok(())
        }
        Entry::Occupied(_) => Err(Problem::invalid_field(
            format!("/{name}"),
            "repeated_field",
            "Campo ripetuto",
            "This field is repeated",
        )),
    }
}

async fn read_part(mut field: Field, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(|error| multipart_problem(&error))?;
        if bytes.len() + chunk.len() > limit {
            return Err(CONTENT_TOO_LARGE.problem());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn multipart_problem(error: &MultipartError) -> Problem {
    use MultipartError::{ContentTypeIncompatible, ContentTypeMissing, ContentTypeParse};
    if matches!(error, ContentTypeIncompatible | ContentTypeMissing | ContentTypeParse) {
        return UNSUPPORTED_MEDIA_TYPE.detail("Send multipart/form-data.");
    }
    if matches!(error, MultipartError::Payload(error) if is_late(error)) {
        return REQUEST_TIMEOUT.problem();
    }
    MALFORMED_REQUEST.detail("The body is not valid multipart/form-data.").caused_by(error.to_string())
}
