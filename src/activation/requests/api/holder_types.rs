//! `GET /v1/holder-types`: for each type of holder the fields that it needs, so that a client can draw the form.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::activation::requests::holder::HolderType;
use crate::platform::locale::{Locale, Localized};

/// A field of a holder.
#[derive(Serialize, ToSchema)]
pub struct HolderField {
    /// Its name in `PUT holder`.
    #[schema(example = "codice_fiscale")]
    name: &'static str,
    /// `text`, `codice_fiscale`, `partita_iva`, `email`, `phone` or `address`.
    #[schema(example = "codice_fiscale")]
    kind: &'static str,
    /// A regular expression; null where any text will do.
    #[schema(required = true)]
    pattern: Option<&'static str>,
    required: bool,
    /// For a reader.
    label: String,
}

/// A type of holder.
#[derive(Serialize, ToSchema)]
pub struct HolderTypeView {
    holder_type: HolderType,
    /// For a reader.
    label: String,
    fields: Vec<HolderField>,
}

/// The types of holders.
#[derive(Serialize, ToSchema)]
pub struct HolderTypes {
    items: Vec<HolderTypeView>,
}

const PERSONAL_CODE: &str = "^[A-Za-z]{6}[0-9A-Za-z]{2}[A-Za-z][0-9A-Za-z]{2}[A-Za-z][0-9A-Za-z]{3}[A-Za-z]$";
const ELEVEN_DIGITS: &str = "^[0-9]{11}$";

/// Lists the types of holders and their fields
#[utoipa::path(tag = "activation", responses((status = 200, description = "The types", body = HolderTypes)))]
#[get("/holder-types")]
pub async fn list_holder_types(locale: Locale) -> HttpResponse {
    let items = HolderType::ALL.iter().map(|kind| HolderTypeView {
        holder_type: *kind,
        label: label(*kind).get(locale).to_owned(),
        fields: fields(*kind, locale),
    });
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=300"))
        .insert_header(("Vary", "Accept-Language"))
        .json(HolderTypes { items: items.collect() })
}

/// Mounts the holder types.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_holder_types);
}

fn label(kind: HolderType) -> Localized {
    match kind {
        HolderType::Person => Localized::fixed("Persona fisica", "Natural person"),
        HolderType::Professional => {
            Localized::fixed("Libero professionista o ditta individuale", "Professional or sole trader")
        }
        HolderType::Company => Localized::fixed("Società", "Company"),
        HolderType::PublicBody => Localized::fixed("Pubblica amministrazione", "Public body"),
        HolderType::Association => Localized::fixed("Associazione", "Association"),
    }
}

fn fields(kind: HolderType, locale: Locale) -> Vec<HolderField> {
    let is_person = matches!(kind, HolderType::Person | HolderType::Professional);
    let field = |name, kind, pattern, required, label: Localized| HolderField {
        name,
        kind,
        pattern,
        required,
        label: label.get(locale).to_owned(),
    };
    let mut fields = Vec::new();
    if is_person {
        fields.push(field("first_name", "text", None, true, Localized::fixed("Nome", "First name")));
        fields.push(field("last_name", "text", None, true, Localized::fixed("Cognome", "Last name")));
    }
    if kind != HolderType::Person {
        let label = Localized::fixed("Denominazione", "Business name");
        fields.push(field("business_name", "text", None, !is_person, label));
        let needs = matches!(kind, HolderType::Professional | HolderType::Company);
        fields.push(field(
            "partita_iva",
            "partita_iva",
            Some(ELEVEN_DIGITS),
            needs,
            Localized::fixed("Partita IVA", "VAT number"),
        ));
    }
    let pattern = if is_person { PERSONAL_CODE } else { ELEVEN_DIGITS };
    fields.push(field(
        "codice_fiscale",
        "codice_fiscale",
        Some(pattern),
        kind != HolderType::Company,
        Localized::fixed("Codice fiscale", "Tax code"),
    ));
    fields.push(field("pec", "email", None, false, Localized::fixed("PEC", "Certified e-mail")));
    fields.push(field("phone", "phone", None, false, Localized::fixed("Telefono", "Telephone")));
    fields.push(field("address", "address", None, true, Localized::fixed("Indirizzo", "Address")));
    fields
}
