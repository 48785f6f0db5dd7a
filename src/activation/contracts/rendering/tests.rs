use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::json;

use super::*;
use crate::activation::contracts::clauses::{ONEROUS_CLAUSES, listed};
use crate::platform::clock::Clock;

static DOCUMENTS: LazyLock<Documents> = LazyLock::new(Documents::new);
const PLAN: &str = "legalinvoice-pro";

fn templates(overrides: Option<&Path>) -> Result<ContractTemplates, String> {
    ContractTemplates::new(Provider::demo()?, overrides)
}

/// What any of the documents is filled with.
fn data(locale: Locale, holder_type: HolderType, business_name: &str) -> Value {
    let money = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    let address = json!({"street": "Via Po 1", "postal_code": "00198", "municipality": "Roma", "province": "RM"});
    json!({
        "template_version": format!("{locale}/v1"),
        "order_number": "2026/00012",
        "date": "2026-11-24",
        "order_date": "2026-11-20",
        "activation_request_id": "activation_request_01",
        "provider": {"business_name": "Negozio S.p.A.", "address": address, "partita_iva": "12485671007"},
        "service": {"name": "Fatture"},
        "plan": {"name": "Multiazienda", "features": [{"label": "Utenti", "value": "3"}]},
        "duration_months": 12,
        "lines": [{"description": "Canone", "quantity": 1, "unit_price": money(12900), "vat_rate": 2200, "net": money(12900)}],
        "discount": {"code": "BENVENUTO100", "amount": money(12900)},
        "vat_groups": [{"vat_rate": 2200, "net": money(0), "vat": money(0)}],
        "totals": {"subtotal": money(12900), "net": money(0), "vat": money(0), "gross": money(0), "due": money(0)},
        "holder": {"holder_type": holder_type, "business_name": business_name, "partita_iva": "00743110157", "address": address},
        "applicant": {
            "role": "legal_representative", "first_name": "Nicolò", "last_name": "D’Àngelo", "sex": "M",
            "birth_date": "1985-12-01", "birth_place": "Forlì", "codice_fiscale": "DNGNCL85T01D704X",
        },
        "retention": {"identity_document_days": 90, "contract_years": 10},
        "clauses": listed(locale, holder_type),
    })
}

fn rendering(kind: ContractKind, locale: Locale, data: &Value) -> Rendering<'_> {
    Rendering { request_id: ActivationRequestId::new(), kind, locale, data, made_at: Clock::default().now() }
}

/// What the pages of a document say, and whether all of it is on the paper.
fn pages(kind: ContractKind, locale: Locale, holder_type: HolderType, business_name: &str) -> Vec<(String, bool)> {
    let (templates, data) = (templates(None).unwrap(), data(locale, holder_type, business_name));
    let template = templates.choose(locale, kind, holder_type, PLAN).unwrap();
    let (files, identity) = (template.files(), rendering(kind, locale, &data).identity());
    DOCUMENTS.printed_pages(&Template { main: "/main.typ", files: &files }, &data, &identity).unwrap()
}

fn everything() -> impl Iterator<Item = (Locale, HolderType, ContractKind)> {
    let of_locale = |locale: &'static Locale| HolderType::ALL.iter().map(|holder_type| (*locale, *holder_type));
    let of_holder = |(locale, holder_type)| ContractKind::ALL.iter().map(move |kind| (locale, holder_type, *kind));
    Locale::ALL.iter().flat_map(of_locale).flat_map(of_holder)
}

#[test]
fn every_document_renders_for_every_holder() {
    let templates = templates(None).unwrap();
    for (locale, holder_type, kind) in everything() {
        let data = data(locale, holder_type, "Caffè S.n.c.");
        let template = templates.choose(locale, kind, holder_type, PLAN).unwrap();
        let rendered = template.render(&DOCUMENTS, &rendering(kind, locale, &data));
        let failure = rendered.err().and_then(|problem| problem.cause);
        assert!(failure.is_none(), "{} {kind}: {}", template.version, failure.unwrap());
    }
}

#[test]
fn the_general_conditions_hold_the_clauses_of_their_holder_where_they_say() {
    let (templates, kind) = (templates(None).unwrap(), ContractKind::GeneralConditions);
    for (locale, holder_type, _) in everything() {
        let template = templates.choose(locale, kind, holder_type, PLAN).unwrap();
        for clause in ONEROUS_CLAUSES {
            let held = template.source.matches(&format!("#onerous(\"{}\")", clause.id)).count();
            let expected = usize::from(!clause.not_with.contains(&holder_type));
            assert_eq!(held, expected, "{} {}", template.version, clause.id);
        }
        let mut misplaced = data(locale, holder_type, "Caffè S.n.c.");
        misplaced["clauses"][0]["article"] = json!("1.9");
        let refused = template.render(&DOCUMENTS, &rendering(kind, locale, &misplaced)).unwrap_err();
        let cause = refused.cause.unwrap().to_string();
        assert!(cause.contains("says that it is paragraph 1.9 but stands at"), "{cause}");
    }
}

#[test]
fn the_law_of_consumers_and_public_bodies_is_in_their_conditions() {
    let conditions = |holder_type| {
        let pages = pages(ContractKind::GeneralConditions, Locale::Italian, holder_type, "Caffè");
        without_breaks(&pages.into_iter().map(|(text, _)| text).collect::<String>())
    };
    let (consumer, public) = (conditions(HolderType::Person), conditions(HolderType::PublicBody));
    let business = conditions(HolderType::Company);
    let says = |conditions: &str, what: &str| conditions.contains(&without_breaks(what));
    let (traceability, exclusive) = ("legge 13 agosto 2010, n. 136", "è competente in via esclusiva il tribunale");
    assert!(says(&business, exclusive) && says(&business, "la somma di 500 euro") && !says(&business, traceability));
    assert!(says(&public, traceability) && says(&public, "non si rinnova tacitamente"));
    assert!(says(&consumer, "art. 66-bis") && says(&consumer, "senza limiti di importo"));
    for conditions in [&consumer, &public] {
        assert!(!says(conditions, exclusive));
    }
    assert!(!says(&consumer, "la somma di 500 euro") && !says(&public, "Consumatore"));
}

/// A text as it is however its lines are broken.
fn without_breaks(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace() && *character != '\u{200B}').collect()
}

#[test]
fn pages_are_numbered_and_a_long_name_stays_on_them() {
    let spaced = "Società Cooperativa «Àncora dell’Èstate» di Nicolò D’Àngelo, Zoë Müller & C. — Ó";
    let unbroken = "Precipitevolissimevolmenteà".repeat(3);
    for name in [spaced, &unbroken] {
        assert!(name.chars().count() >= 80);
        for (locale, holder_type, kind) in everything() {
            let pages = pages(kind, locale, holder_type, name);
            let total = pages.len();
            assert!(pages.last().is_some_and(|(text, _)| text.chars().count() > 200), "{kind}: an empty last page");
            for (number, (text, is_within)) in (1..).zip(&pages) {
                let numbered = match locale {
                    Locale::Italian => format!("Pagina {number} di {total}"),
                    Locale::English => format!("Page {number} of {total}"),
                };
                assert!(without_breaks(text).contains(&without_breaks(&numbered)), "{kind}: no {numbered:?} in {text}");
                assert!(*is_within && !text.contains('\u{FFFD}'), "{kind}, page {number}");
            }
            let text: String = pages.into_iter().map(|(text, _)| text).collect();
            let names_holder = matches!(kind, ContractKind::ServiceOrder | ContractKind::OnerousClauses);
            let text = without_breaks(&text);
            assert_eq!(text.contains(&without_breaks(name)), names_holder, "{kind}: {text}");
            assert_eq!(text.contains("Utenti3"), kind == ContractKind::ServiceOrder, "what the plan has: {text}");
        }
    }
}

/// A folder of overrides with these files.
fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let texts = folder.path().join("contracts/it/v1");
    std::fs::create_dir_all(&texts).unwrap();
    for (name, text) in files {
        std::fs::write(texts.join(name), text).unwrap();
    }
    let path = folder.path().to_owned();
    (folder, path)
}

#[test]
fn the_most_particular_template_is_chosen_and_an_override_shows_in_its_version() {
    let (_kept, path) = folder(&[
        ("service_order.typ", "general"),
        ("service_order.company.typ", "of companies"),
        ("service_order.legalinvoice-pro.typ", "of a plan"),
        ("service_order.company.legalinvoice-pro.typ", "of both"),
        ("notes.txt", "nothing"),
    ]);
    let templates = templates(Some(&path)).unwrap();
    let version_of = |text: &str| hex::encode(sha256(text.as_bytes()))[..12].to_owned();
    let chosen = |locale, holder_type, plan| {
        let template = templates.choose(locale, ContractKind::ServiceOrder, holder_type, plan).unwrap();
        (template.source.as_str(), template.version.clone())
    };
    for (holder_type, plan, text, label) in [
        (HolderType::Company, PLAN, "of both", "it/v1.company.legalinvoice-pro"),
        (HolderType::Company, "other", "of companies", "it/v1.company"),
        (HolderType::Person, PLAN, "of a plan", "it/v1.legalinvoice-pro"),
        (HolderType::Person, "other", "general", "it/v1"),
    ] {
        let version = format!("{label}+{}", version_of(text));
        assert_eq!(chosen(Locale::Italian, holder_type, plan), (text, version));
    }
    assert_eq!(chosen(Locale::English, HolderType::Company, PLAN).1, "en/v1");
    let version =
        |kind, holder_type| templates.choose(Locale::Italian, kind, holder_type, PLAN).unwrap().version.clone();
    assert_eq!(version(ContractKind::GeneralConditions, HolderType::Person), "it/v1.person");
    assert_eq!(version(ContractKind::GeneralConditions, HolderType::PublicBody), "it/v1.public_body");
    assert_eq!(version(ContractKind::GeneralConditions, HolderType::Company), "it/v1");
}

#[test]
fn an_override_whose_name_says_nothing_is_refused() {
    for name in
        ["conditions.typ", "service_order.robot_.typ", "service_order.a.b.c.typ", "service_order..typ", ".typ.typ"]
    {
        let (_kept, path) = folder(&[(name, "")]);
        let refused = templates(Some(&path)).err().unwrap_or_else(|| panic!("{name} is taken"));
        assert!(refused.contains(name), "{refused}");
    }
}
