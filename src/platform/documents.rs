//! PDF documents from Typst templates: the one module that knows Typst.
//!
//! A rendering sees nothing but the sources that the caller hands over and the data, which
//! enters as the virtual file `/data.json` and is therefore never code. Equal input gives
//! equal bytes, since the document's id and date are the caller's
//! ([`DocumentIdentity`]): the hash that a customer accepts is the hash of any later rendering.
//! The files conform to PDF/A-2a (ISO 19005-2, for keeping) and PDF/UA-1 (ISO 14289-1, for
//! reading aloud).

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde_json::{Value, json};
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, WorldExt};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

/// The design that every template imports as `/layout.typ`; see the comment at its top for the
/// data that it reads.
pub const LAYOUT: (&str, &str) = ("/layout.typ", include_str!("templates/v1/layout.typ"));

/// The most bytes of JSON that one document may be made from.
pub const MAXIMUM_DATA_BYTES: usize = 256 * 1024;

const DATA_PATH: &str = "/data.json";
const IDENTITY_PATH: &str = "/identity.json";
const CREATOR: &str = "negozio";
const TEXT_FAMILY: &str = "Libertinus Serif";
/// Regular, italic and bold.
const TEXT_FACES: usize = 3;
const REGULAR_WEIGHT: u16 = 400;
const BOLD_WEIGHT: u16 = 700;
/// Stands for a character that cannot be printed.
const REPLACEMENT: char = '\u{FFFD}';
/// One rendering at a time: a document costs at most one core, the rest stays with the requests.
static RENDERING: Mutex<()> = Mutex::new(());

/// The sources of a document, by virtual path.
#[derive(Debug, Clone, Copy)]
pub struct Template<'a> {
    /// The path of the source that is rendered, one of `files`.
    pub main: &'a str,
    /// Path and text of every source that may be imported ([`LAYOUT`] among them). Use a fixed set of paths: Typst never
    /// forgets a path and knows 65,535 at most.
    pub files: &'a [(&'a str, &'a str)],
}

/// The source of a template: the file of that path below `overrides`, where there is one, or else the built-in text.
///
/// # Errors
/// A file that cannot be read.
pub fn source(overrides: Option<&Path>, path: &str, built_in: &str) -> Result<String, String> {
    match overrides.map(|folder| folder.join(path)).filter(|file| file.exists()) {
        Some(file) => std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display())),
        None => Ok(built_in.to_owned()),
    }
}

/// What makes two renderings the same document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentIdentity {
    /// The stable name from which the PDF's document id is made, such as the contract's id.
    pub ident: String,
    /// A title for the template, which reads it in `/identity.json`; most templates set their own.
    pub title: Option<String>,
    /// The PDF's creation date, to the second. Typst's `datetime.today()` is its day.
    pub timestamp: DateTime<Utc>,
    /// The language of the document, `it` or `en`.
    pub language: String,
}

/// Why there is no PDF. Nothing of this is for the customer's eyes.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A path of the template is not a valid virtual path, or its main source is missing.
    #[error("the template has no source at {0:?}")]
    Source(String),
    /// The data exceed [`MAXIMUM_DATA_BYTES`].
    #[error("the data of the document take {0} bytes, more than {MAXIMUM_DATA_BYTES}")]
    DataTooLarge(usize),
    /// The data cannot be written as JSON.
    #[error("the data of the document are not JSON: {0}")]
    Data(#[from] serde_json::Error),
    /// The date is outside the years that a PDF can name.
    #[error("a document cannot be dated {0}")]
    Date(DateTime<Utc>),
    /// The template does not compile with these data.
    #[error("the template does not compile: {}", Listed(.0))]
    Template(Vec<TemplateFault>),
    /// The document breaks a rule of PDF/A-2a or PDF/UA-1.
    #[error("the document is not a valid PDF/A: {}", Listed(.0))]
    Conformance(Vec<TemplateFault>),
    /// The typesetter failed in a way that it should not.
    #[error("the typesetter panicked")]
    Panicked,
}

/// A message of the typesetter and the place that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// Where, unless the message is about no place of a source.
    pub place: Option<TemplatePlace>,
    /// What is wrong, with the typesetter's hints.
    pub message: String,
}

/// A place in a template's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplatePlace {
    /// The virtual path of the source, without its leading slash.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(TemplatePlace { file, line, column }) = &self.place {
            write!(formatter, "{file}:{line}:{column}: ")?;
        }
        formatter.write_str(&self.message)
    }
}

struct Listed<'a>(&'a [TemplateFault]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("; ")?;
            }
            fault.fmt(formatter)?;
        }
        Ok(())
    }
}

/// The typesetter: Typst's library and the three faces of the text font. Made once for the
/// process and shared.
pub struct Documents {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
}

impl Default for Documents {
    fn default() -> Self {
        Self::new()
    }
}

impl Documents {
    /// Loads the library and the fonts, which stay where they lie in the binary.
    pub fn new() -> Self {
        let fonts: Vec<Font> = typst_assets::fonts()
            .flat_map(|bytes| Font::iter(Bytes::new(bytes)))
            .filter(is_text_face)
            .take(TEXT_FACES)
            .collect();
        Self { library: LazyHash::new(Library::default()), book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts }
    }

    /// Renders `template` with `data` into a PDF/A-2a and PDF/UA-1 file.
    ///
    /// This takes milliseconds to tenths of a second of CPU and waits for the rendering before it: call it on a blocking thread.
    /// Characters that cannot be printed (see [`Documents::first_unprintable`]) appear as `�`.
    pub fn render(
        &self,
        template: &Template<'_>,
        data: &Value,
        identity: &DocumentIdentity,
    ) -> Result<Vec<u8>, RenderError> {
        let _one_at_a_time = RENDERING.lock().unwrap_or_else(PoisonError::into_inner);
        // Typst keeps no state of ours, so nothing half-changed is seen after a panic in it.
        let result = catch_unwind(AssertUnwindSafe(|| {
            let desk = Desk::prepare(self, template, data, identity)?;
            desk.export(&desk.compile()?, identity)
        }))
        .unwrap_or(Err(RenderError::Panicked));
        // Typst remembers the results of its inner functions for the whole process. Documents with
        // other data hardly share any, so nothing is kept: that costs no time and bounds the memory.
        typst::comemo::evict(0);
        result
    }

    /// The first character of `text` that a document cannot show: one that the text font lacks,
    /// that PDF/A-2a forbids, or that would change the order of the letters around it. Latin,
    /// Greek and Cyrillic letters can all be shown.
    pub fn first_unprintable(&self, text: &str) -> Option<char> {
        text.chars().find(|&character| !self.is_printable(character))
    }

    fn is_printable(&self, character: char) -> bool {
        match character {
            '\n' | '\t' => true,
            _ if character.is_control() || is_forbidden(character) => false,
            _ => self.fonts.iter().all(|font| font.info().coverage.contains(u32::from(character))),
        }
    }

    fn printable_text(&self, text: &str) -> String {
        text.replace("\r\n", "\n")
            .chars()
            .map(|character| if self.is_printable(character) { character } else { REPLACEMENT })
            .collect()
    }

    fn printable_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.printable_text(text)),
            Value::Array(items) => items.iter().map(|item| self.printable_value(item)).collect(),
            Value::Object(entries) => {
                entries.iter().map(|(key, entry)| (key.clone(), self.printable_value(entry))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

fn is_text_face(font: &Font) -> bool {
    let info = font.info();
    let weight = info.variant.weight.to_number();
    let upright = info.variant.style == typst::text::FontStyle::Normal;
    info.family == TEXT_FAMILY && (weight == REGULAR_WEIGHT || (weight == BOLD_WEIGHT && upright))
}

/// Private-use characters have no meaning that could be kept (ISO 19005-2, 6.2.11.7.2), and
/// bidirectional controls can make a name read as another (Unicode TR 36, 2.5).
fn is_forbidden(character: char) -> bool {
    matches!(
        character,
        '\u{E000}'..='\u{F8FF}'
            | '\u{F0000}'..='\u{10FFFF}'
            | '\u{061C}'
            | '\u{200E}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FEFF}'
            | '\u{FFFE}'..='\u{FFFF}'
    )
}

/// All that one rendering can see.
struct Desk<'a> {
    documents: &'a Documents,
    main: FileId,
    sources: HashMap<FileId, Source>,
    files: HashMap<FileId, Bytes>,
    moment: Datetime,
}

impl<'a> Desk<'a> {
    fn prepare(
        documents: &'a Documents,
        template: &Template<'_>,
        data: &Value,
        identity: &DocumentIdentity,
    ) -> Result<Self, RenderError> {
        let mut sources = HashMap::with_capacity(template.files.len());
        for (path, text) in template.files {
            let id = file_id(path)?;
            sources.insert(id, Source::new(id, (*text).to_owned()));
        }
        let main = file_id(template.main)?;
        if !sources.contains_key(&main) {
            return Err(RenderError::Source(template.main.to_owned()));
        }
        let described = json!({
            "ident": identity.ident,
            "title": identity.title,
            "language": identity.language,
            "date": identity.timestamp.format("%F").to_string(),
        });
        let mut files = HashMap::with_capacity(2);
        for (path, value) in [(DATA_PATH, data), (IDENTITY_PATH, &described)] {
            let bytes = serde_json::to_vec(&documents.printable_value(value))?;
            if bytes.len() > MAXIMUM_DATA_BYTES {
                return Err(RenderError::DataTooLarge(bytes.len()));
            }
            files.insert(file_id(path)?, Bytes::new(bytes));
        }
        let moment = moment(identity.timestamp).ok_or(RenderError::Date(identity.timestamp))?;
        Ok(Self { documents, main, sources, files, moment })
    }

    fn compile(&self) -> Result<PagedDocument, RenderError> {
        let compiled = typst::compile::<PagedDocument>(self);
        for fault in self.faults(&compiled.warnings) {
            tracing::warn!(%fault, "a document template gives a warning");
        }
        compiled.output.map_err(|errors| RenderError::Template(self.faults(&errors)))
    }

    fn export(&self, document: &PagedDocument, identity: &DocumentIdentity) -> Result<Vec<u8>, RenderError> {
        let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1]).map_err(|error| {
            RenderError::Conformance(vec![TemplateFault { place: None, message: error.message().to_string() }])
        })?;
        let options = PdfOptions {
            ident: Smart::Custom(identity.ident.clone()),
            creator: Smart::Custom(Some(CREATOR.to_owned())),
            timestamp: Some(Timestamp::new_utc(self.moment)),
            standards,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(document, &options).map_err(|errors| RenderError::Conformance(self.faults(&errors)))
    }

    fn faults(&self, diagnostics: &[SourceDiagnostic]) -> Vec<TemplateFault> {
        diagnostics
            .iter()
            .map(|diagnostic| {
                let hints = diagnostic.hints.iter().map(|hint| format!(" ({})", hint.v));
                TemplateFault {
                    place: self.place(diagnostic),
                    message: std::iter::once(diagnostic.message.to_string()).chain(hints).collect(),
                }
            })
            .collect()
    }

    fn place(&self, diagnostic: &SourceDiagnostic) -> Option<TemplatePlace> {
        let id = diagnostic.span.id()?;
        let start = self.range(diagnostic.span)?.start;
        let (line, column) = self.sources.get(&id)?.lines().byte_to_line_column(start)?;
        Some(TemplatePlace { file: id.vpath().get_without_slash().to_owned(), line: line + 1, column: column + 1 })
    }
}

impl World for Desk<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.documents.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.documents.book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.sources.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.documents.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        Some(self.moment)
    }
}

fn file_id(path: &str) -> Result<FileId, RenderError> {
    let path = VirtualPath::new(path).map_err(|_| RenderError::Source(path.to_owned()))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

fn moment(timestamp: DateTime<Utc>) -> Option<Datetime> {
    let two_digits = |number: u32| u8::try_from(number).ok();
    Datetime::from_ymd_hms(
        timestamp.year(),
        two_digits(timestamp.month())?,
        two_digits(timestamp.day())?,
        two_digits(timestamp.hour())?,
        two_digits(timestamp.minute())?,
        two_digits(timestamp.second())?,
    )
}

#[cfg(test)]
mod tests;
