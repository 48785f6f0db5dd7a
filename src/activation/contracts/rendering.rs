//! From a template and its data to the bytes of a PDF: equal data give equal bytes (invariant 16 of the design).

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::rules::ContractKind;
use crate::activation::requests::rules::ActivationRequestId;
use crate::activation::requests::timeline::canonical;
use crate::platform::clock::Time;
use crate::platform::crypto::sha256;
use crate::platform::documents::{self, DocumentIdentity, Documents, LAYOUT, Template};
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;
use crate::shop::provider::Provider;

/// The folder of the templates' version: a change of wording makes a new one.
const VERSION: &str = "v1";

const BUILT_IN: [(Locale, ContractKind, &str); 8] = [
    (Locale::Italian, ContractKind::GeneralConditions, include_str!("templates/it/v1/general_conditions.typ")),
    (Locale::Italian, ContractKind::ServiceOrder, include_str!("templates/it/v1/service_order.typ")),
    (Locale::Italian, ContractKind::PrivacyNotice, include_str!("templates/it/v1/privacy_notice.typ")),
    (Locale::Italian, ContractKind::OnerousClauses, include_str!("templates/it/v1/onerous_clauses.typ")),
    (Locale::English, ContractKind::GeneralConditions, include_str!("templates/en/v1/general_conditions.typ")),
    (Locale::English, ContractKind::ServiceOrder, include_str!("templates/en/v1/service_order.typ")),
    (Locale::English, ContractKind::PrivacyNotice, include_str!("templates/en/v1/privacy_notice.typ")),
    (Locale::English, ContractKind::OnerousClauses, include_str!("templates/en/v1/onerous_clauses.typ")),
];

/// The contracts' templates and the company that they name.
pub struct ContractTemplates {
    /// Who sells.
    pub provider: Provider,
    sources: HashMap<(Locale, ContractKind), String>,
}

impl ContractTemplates {
    /// The built-in templates; a file `contracts/{it,en}/v1/<kind>.typ` below `overrides` replaces one.
    ///
    /// # Errors
    /// An override that cannot be read.
    pub fn new(provider: Provider, overrides: Option<&Path>) -> Result<Self, String> {
        let mut sources = HashMap::new();
        for (locale, kind, built_in) in BUILT_IN {
            let path = format!("contracts/{locale}/{VERSION}/{kind}.typ");
            sources.insert((locale, kind), documents::source(overrides, &path, built_in)?);
        }
        Ok(Self { provider, sources })
    }

    /// The name of a language's version, as contracts keep and print it.
    pub fn version(locale: Locale) -> String {
        format!("{locale}/{VERSION}")
    }

    /// Renders a document: call it on a blocking thread.
    ///
    /// # Errors
    /// `internal_error` when a template does not fit the data.
    pub fn render(&self, documents: &Documents, document: &Rendering<'_>) -> Result<Vec<u8>, Problem> {
        let source = self
            .sources
            .get(&(document.locale, document.kind))
            .ok_or_else(|| Problem::internal(format!("no template {} {}", document.locale, document.kind)))?;
        let identity = DocumentIdentity {
            ident: document.ident(),
            title: None,
            timestamp: document.made_at.0,
            language: document.locale.as_str().to_owned(),
        };
        let files = [("/main.typ", source.as_str()), LAYOUT];
        documents
            .render(&Template { main: "/main.typ", files: &files }, document.data, &identity)
            .map_err(Problem::internal)
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
    /// The document's own name, the same whenever and wherever it is rendered from these data.
    fn ident(&self) -> String {
        let data = canonical(self.data);
        format!("{}/{}/{}", self.request_id, self.kind, hex::encode(sha256(data.as_bytes())))
    }
}
