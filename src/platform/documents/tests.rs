use std::sync::LazyLock;

use serde_json::{Value, json};
use typst::layout::{Abs, Frame, FrameItem};

use super::*;

impl Documents {
    /// What the pages of a document say, each as one text, and whether all of it is on the paper.
    pub fn printed_pages(
        &self,
        template: &Template<'_>,
        data: &Value,
        identity: &DocumentIdentity,
    ) -> Result<Vec<(String, bool)>, RenderError> {
        let document = Desk::prepare(self, template, data, identity)?.compile()?;
        let said = |frame| (text_of(frame), right_edge(frame) <= frame.width());
        Ok(document.pages().iter().map(|page| said(&page.frame)).collect())
    }
}

static DOCUMENTS: LazyLock<Documents> = LazyLock::new(Documents::new);

const LETTER: &str = r#"#import "/layout.typ": *
#let data = json("/data.json")
#show: sheet.with(title: "Prova", data: data)
= Testo
#data.text
"#;

fn identity() -> DocumentIdentity {
    DocumentIdentity {
        ident: "contract_01".to_owned(),
        title: None,
        timestamp: DateTime::from_timestamp(1_795_514_400, 0).unwrap(),
        language: "it".to_owned(),
    }
}

fn data(text: &str) -> Value {
    json!({
        "template_version": "it/v1",
        "order_number": "2026/00012",
        "provider": {"business_name": "Perù & Città S.p.A.", "partita_iva": "12485671007"},
        "text": text,
    })
}

fn render(documents: &Documents, main: &str, data: &Value) -> Result<Vec<u8>, RenderError> {
    let template = Template { main: "/main.typ", files: &[("/main.typ", main), LAYOUT] };
    documents.render(&template, data, &identity())
}

fn printed_text(data: &Value) -> String {
    let template = Template { main: "/main.typ", files: &[("/main.typ", LETTER), LAYOUT] };
    DOCUMENTS.printed_pages(&template, data, &identity()).unwrap().into_iter().map(|(text, _)| text).collect()
}

/// What a page says, in the order in which it is set.
pub fn text_of(frame: &Frame) -> String {
    let said = frame.items().map(|(_, item)| match item {
        FrameItem::Text(run) => run.text.to_string(),
        FrameItem::Group(group) => text_of(&group.frame),
        _ => String::new(),
    });
    said.collect()
}

/// How far to the right of a frame's beginning its texts reach.
pub fn right_edge(frame: &Frame) -> Abs {
    let edges = frame.items().map(|(position, item)| match item {
        FrameItem::Text(run) => position.x + run.width(),
        FrameItem::Group(group) => position.x + group.transform.tx + right_edge(&group.frame),
        _ => Abs::zero(),
    });
    edges.fold(Abs::zero(), Abs::max)
}

fn holds(bytes: &[u8], pattern: &str) -> bool {
    bytes.windows(pattern.len()).any(|window| window == pattern.as_bytes())
}

#[test]
fn equal_input_gives_equal_bytes() {
    let data = data("Nicolò D’Àngelo");
    let first = render(&DOCUMENTS, LETTER, &data).unwrap();
    assert_eq!(first, render(&DOCUMENTS, LETTER, &data).unwrap());
    assert_eq!(first, render(&Documents::new(), LETTER, &data).unwrap());
}

#[test]
fn another_identity_gives_another_document() {
    let template = Template { main: "/main.typ", files: &[("/main.typ", LETTER), LAYOUT] };
    let other = DocumentIdentity { ident: "contract_02".to_owned(), ..identity() };
    let first = DOCUMENTS.render(&template, &data("x"), &identity()).unwrap();
    assert_ne!(first, DOCUMENTS.render(&template, &data("x"), &other).unwrap());
}

#[test]
fn data_are_printed_and_never_run() {
    for hostile in
        ["#panic()", "[*x*]", "$x$", r"\\ \", "@ <a> <b>", "= x", "#read(\"/data.json\")", "//x", "`x`", "~_-+/"]
    {
        let printed = printed_text(&data(hostile));
        assert!(printed.contains(hostile), "{hostile} became {printed}");
    }
}

#[test]
fn what_cannot_be_printed_is_marked_and_does_no_harm() {
    let hostile = "a\u{0}b\u{202E}c\u{E000}d\u{FEFF}e漢f🦀g\u{FFFF}h";
    let printed = printed_text(&data(hostile));
    assert!(printed.contains("a�b�c�d�e�f�g�h"), "{printed}");
    assert!(render(&DOCUMENTS, LETTER, &data(hostile)).is_ok());
    assert_eq!(DOCUMENTS.first_unprintable("Caffè Łódź Αθήνα Перу, 10 €"), None);
    assert_eq!(DOCUMENTS.first_unprintable(hostile), Some('\u{0}'));
}

#[test]
fn the_file_is_archivable_and_accessible() {
    let pdf = render(&DOCUMENTS, LETTER, &data("Testo **grassetto** e corsivo")).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.7"));
    for part in [
        "<pdfaid:part>2</pdfaid:part>",
        "<pdfaid:conformance>A</pdfaid:conformance>",
        "<pdfuaid:part>1</pdfuaid:part>",
        "/OutputIntents",
        "/GTS_PDFA1",
        "/FontFile3",
        "/StructTreeRoot",
        "/Lang(it-IT)",
        "LibertinusSerif-Regular",
    ] {
        assert!(holds(&pdf, part), "no {part}");
    }
    for forbidden in ["/JavaScript", "/EmbeddedFile", "/Encrypt", "NewCM"] {
        assert!(!holds(&pdf, forbidden), "{forbidden}");
    }
}

#[test]
fn a_broken_template_names_the_place() {
    for (template, place) in [
        ("= Uno\n\n#let x = (\n", "main.typ:3:10: "),
        ("= Uno\n  #mistyped\n", "main.typ:2:4: unknown variable: mistyped"),
        ("#json(\"/data.json\").absent", "main.typ:1:21: "),
    ] {
        let message = render(&DOCUMENTS, template, &data("")).unwrap_err().to_string();
        assert!(message.contains(place), "{message}");
    }
}

#[test]
fn a_template_reaches_no_file_outside_its_own() {
    for path in ["/etc/passwd", "/../secret", "other.typ", "@preview/cetz:0.3.0"] {
        for call in ["#read(", "#import ", "#image("] {
            let end = if call == "#import " { "" } else { ")" };
            let source = format!("{call}\"{path}\"{end}");
            assert!(matches!(render(&DOCUMENTS, &source, &data("")), Err(RenderError::Template(_))), "{source}");
        }
    }
}

#[test]
fn a_document_that_breaks_the_standard_is_refused() {
    let untitled = "#set page(width: 5cm)\n= Uno\ntesto";
    assert!(matches!(render(&DOCUMENTS, untitled, &data("")), Err(RenderError::Conformance(_))));
}

#[test]
fn impossible_requests_are_refused() {
    let huge = "x".repeat(MAXIMUM_DATA_BYTES);
    assert!(matches!(render(&DOCUMENTS, LETTER, &data(&huge)), Err(RenderError::DataTooLarge(_))));
    let absent = Template { main: "/absent.typ", files: &[LAYOUT] };
    assert!(matches!(
        DOCUMENTS.render(&absent, &data(""), &identity()),
        Err(RenderError::Source(path)) if path == "/absent.typ"
    ));
    let escaping = Template { main: "/../x.typ", files: &[("/../x.typ", "")] };
    assert!(matches!(DOCUMENTS.render(&escaping, &data(""), &identity()), Err(RenderError::Source(_))));
    let undated = DocumentIdentity { timestamp: DateTime::<Utc>::MAX_UTC, ..identity() };
    let template = Template { main: "/main.typ", files: &[("/main.typ", LETTER), LAYOUT] };
    assert!(matches!(DOCUMENTS.render(&template, &data(""), &undated), Err(RenderError::Date(_))));
}

#[test]
fn only_the_three_text_faces_are_loaded() {
    assert_eq!(DOCUMENTS.fonts.len(), TEXT_FACES);
}
