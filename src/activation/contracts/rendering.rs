//! From a template and its data to the bytes of a PDF: equal data give equal bytes (invariant 16 of the design).
//!
//! A template is one of a language, a version and a kind of document, and may be for one type of holder, one plan, or both:
//! `<kind>[.<holder type>][.<plan's slug>].typ`. The most particular one is taken; where one is for the type of holder and
//! another for the plan, the former, since the law goes by who the customer is.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::rules::ContractKind;
use crate::activation::requests::holder::HolderType;
use crate::activation::requests::rules::ActivationRequestId;
use crate::activation::requests::timeline::canonical;
use crate::platform::clock::Time;
use crate::platform::crypto::sha256;
use crate::platform::documents::{DocumentIdentity, Documents, LAYOUT, Template};
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;
use crate::shop::plans::rules::is_slug;
use crate::shop::provider::Provider;

/// The folder of the templates' version: a change of wording makes a new one.
const VERSION: &str = "v1";

macro_rules! built_in {
    ($locale:ident, $kind:ident, $holder_type:expr, $path:literal) => {
        (Locale::$locale, ContractKind::$kind, $holder_type, include_str!($path))
    };
}

const BUILT_IN: [(Locale, ContractKind, Option<HolderType>, &str); 12] = [
    built_in!(Italian, GeneralConditions, None, "templates/it/v1/general_conditions.typ"),
    built_in!(Italian, GeneralConditions, Some(HolderType::Person), "templates/it/v1/general_conditions.person.typ"),
    built_in!(
        Italian,
        GeneralConditions,
        Some(HolderType::PublicBody),
        "templates/it/v1/general_conditions.public_body.typ"
    ),
    built_in!(Italian, ServiceOrder, None, "templates/it/v1/service_order.typ"),
    built_in!(Italian, PrivacyNotice, None, "templates/it/v1/privacy_notice.typ"),
    built_in!(Italian, OnerousClauses, None, "templates/it/v1/onerous_clauses.typ"),
    built_in!(English, GeneralConditions, None, "templates/en/v1/general_conditions.typ"),
    built_in!(English, GeneralConditions, Some(HolderType::Person), "templates/en/v1/general_conditions.person.typ"),
    built_in!(
        English,
        GeneralConditions,
        Some(HolderType::PublicBody),
        "templates/en/v1/general_conditions.public_body.typ"
    ),
    built_in!(English, ServiceOrder, None, "templates/en/v1/service_order.typ"),
    built_in!(English, PrivacyNotice, None, "templates/en/v1/privacy_notice.typ"),
    built_in!(English, OnerousClauses, None, "templates/en/v1/onerous_clauses.typ"),
];

/// Which documents a template is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Purpose {
    locale: Locale,
    kind: ContractKind,
    holder_type: Option<HolderType>,
    plan: Option<String>,
}

impl Purpose {
    /// What a file's name without its ending says; none where it says something else. A plan whose slug is also the name
    /// of a type of holder can be named after one only.
    fn of_file(locale: Locale, stem: &str) -> Option<Self> {
        let mut parts = stem.split('.').peekable();
        let kind = parts.next()?.parse().ok()?;
        let holder_type = parts.peek().and_then(|part| part.parse().ok());
        if holder_type.is_some() {
            parts.next();
        }
        let plan = parts.next().map(str::to_owned);
        let is_understood = parts.next().is_none() && plan.as_deref().is_none_or(is_slug);
        is_understood.then_some(Self { locale, kind, holder_type, plan })
    }

    /// How the version of its template is called, as contracts keep and print it.
    fn label(&self) -> String {
        let holder_type = self.holder_type.map(HolderType::as_str);
        let variants = [holder_type, self.plan.as_deref()].into_iter().flatten();
        variants.fold(format!("{}/{VERSION}", self.locale), |label, variant| format!("{label}.{variant}"))
    }
}

/// A text that documents are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractTemplate {
    /// Its language, its version and whom it is for; one that is not built in also tells, by the beginning of its SHA-256,
    /// which text it is.
    pub version: String,
    source: String,
}

/// The contracts' templates and the company that they name.
pub struct ContractTemplates {
    /// Who sells.
    pub provider: Provider,
    templates: HashMap<Purpose, ContractTemplate>,
}

impl ContractTemplates {
    /// The built-in templates; a file `contracts/{it,en}/v1/<kind>[.<holder type>][.<plan's slug>].typ` below `overrides`
    /// replaces the one for exactly the same, or adds one.
    ///
    /// # Errors
    /// An override that cannot be read, or whose name says nothing.
    pub fn new(provider: Provider, overrides: Option<&Path>) -> Result<Self, String> {
        let mut templates = HashMap::new();
        for (locale, kind, holder_type, source) in BUILT_IN {
            let purpose = Purpose { locale, kind, holder_type, plan: None };
            let version = purpose.label();
            templates.insert(purpose, ContractTemplate { version, source: source.to_owned() });
        }
        for locale in Locale::ALL {
            let folder = overrides.map(|folder| folder.join(format!("contracts/{locale}/{VERSION}")));
            for path in
                folder.filter(|folder| folder.exists()).map(|folder| files(&folder)).transpose()?.unwrap_or_default()
            {
                let (purpose, template) =
                    read(*locale, &path).map_err(|error| format!("{}: {error}", path.display()))?;
                templates.insert(purpose, template);
            }
        }
        Ok(Self { provider, templates })
    }

    /// The template of a document for a holder of a type and a plan.
    ///
    /// # Errors
    /// `internal_error` where there is none, which the built-in ones rule out.
    pub fn choose(
        &self,
        locale: Locale,
        kind: ContractKind,
        holder_type: HolderType,
        plan: &str,
    ) -> Result<&ContractTemplate, Problem> {
        let particular = [(true, true), (true, false), (false, true), (false, false)];
        let mut purposes = particular.into_iter().map(|(for_holder, for_plan)| Purpose {
            locale,
            kind,
            holder_type: for_holder.then_some(holder_type),
            plan: for_plan.then(|| plan.to_owned()),
        });
        purposes
            .find_map(|purpose| self.templates.get(&purpose))
            .ok_or_else(|| Problem::internal(format!("no template {locale} {kind}")))
    }
}

/// The templates of a folder, in the order of their names.
fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut paths: Vec<_> =
        paths.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "typ")).collect();
    paths.sort();
    Ok(paths)
}

fn read(locale: Locale, path: &Path) -> Result<(Purpose, ContractTemplate), String> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let purpose = stem.and_then(|stem| Purpose::of_file(locale, stem));
    let purpose = purpose.ok_or("the name is not <kind>[.<holder type>][.<plan's slug>].typ")?;
    let source = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let text = hex::encode(sha256(source.as_bytes()));
    let version = format!("{}+{}", purpose.label(), &text[..12]);
    Ok((purpose, ContractTemplate { version, source }))
}

impl ContractTemplate {
    /// Renders a document: call it on a blocking thread.
    ///
    /// # Errors
    /// `internal_error` when the template does not fit the data.
    pub fn render(&self, documents: &Documents, document: &Rendering<'_>) -> Result<Vec<u8>, Problem> {
        let files = self.files();
        documents
            .render(&Template { main: "/main.typ", files: &files }, document.data, &document.identity())
            .map_err(Problem::internal)
    }

    fn files(&self) -> [(&str, &str); 2] {
        [("/main.typ", self.source.as_str()), LAYOUT]
    }
}

/// A document that is to be rendered.
pub struct Rendering<'a> {
    /// Of which request.
    pub request_id: ActivationRequestId,
    /// Which kind.
    pub kind: ContractKind,
    /// In which language.
    pub locale: Locale,
    /// What the template is filled with.
    pub data: &'a Value,
    /// The date of the document.
    pub made_at: Time,
}

impl Rendering<'_> {
    fn identity(&self) -> DocumentIdentity {
        DocumentIdentity {
            ident: self.ident(),
            title: None,
            timestamp: self.made_at.0,
            language: self.locale.as_str().to_owned(),
        }
    }

    /// The document's own name, the same whenever and wherever it is rendered from these data.
    fn ident(&self) -> String {
        let data = canonical(self.data);
        format!("{}/{}/{}", self.request_id, self.kind, hex::encode(sha256(data.as_bytes())))
    }
}

#[cfg(test)]
mod tests;
