//! `GET /v1/holder-types`: for each type of holder the fields that it needs, so that a client can draw the form.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::activation::requests::holder::HolderType;
use crate::customers::billing_profiles::checks::Need;
use crate::platform::locale::{Locale, Localized};

/// A field of a holder.
#[derive(Serialize, ToSchema)]
pub struct HolderField {
    /// Its name in `PUT holder`.
    #[schema(example = "codice_fiscale")]
    name: &'static str,
    kind: FieldKind,
    /// A regular expression; null where any text will do. What matches may still have a wrong check character.
    #[schema(required = true)]
    pattern: Option<&'static str>,
    /// Characters that it may have; null for a group.
    #[schema(required = true)]
    max_length: Option<u16>,
    required: bool,
    /// For a reader.
    label: String,
    /// The fields of a group; none of any other.
    #[schema(no_recursion)]
    fields: Vec<HolderField>,
}

crate::text_enum!(
    /// How a field is drawn.
    FieldKind {
        Text = "text",
        CodiceFiscale = "codice_fiscale",
        PartitaIva = "partita_iva",
        Email = "email",
        Phone = "phone",
        PostalCode = "postal_code",
        Province = "province",
        Country = "country",
        Address = "address",
    }
);

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
const PHONE: &str = r"^\s*\+?([ ./()-]*[0-9]){6,15}[ ./()-]*\s*$";
const EMAIL: &str = r"^[^@\s]+@[^@\s]+\.[^@\s]+$";

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

/// The fields of a type, in the order of a form: those that its checks know of, and whether they want them.
fn fields(kind: HolderType, locale: Locale) -> Vec<HolderField> {
    let needs = kind.billing_kind().needs();
    let wanted = needs.into_iter().filter(|(_, need)| *need != Need::Refused);
    let identifying = wanted.filter_map(|(name, need)| {
        let field = identifying_field(name, kind)?;
        Some(HolderField { required: need == Need::Required, ..field.shown(locale) })
    });
    let contact = contact_fields().map(|field| field.shown(locale));
    identifying.chain(contact).chain([address(locale)]).collect()
}

/// A field before it is shown in a language.
struct Sketch {
    name: &'static str,
    kind: FieldKind,
    pattern: Option<&'static str>,
    max_length: u16,
    required: bool,
    label: Localized,
}

impl Sketch {
    fn text(name: &'static str, max_length: u16, label: Localized) -> Self {
        Self { name, kind: FieldKind::Text, pattern: None, max_length, required: true, label }
    }

    fn of(name: &'static str, kind: FieldKind, pattern: &'static str, max_length: u16, label: Localized) -> Self {
        Self { name, kind, pattern: Some(pattern), max_length, required: true, label }
    }

    fn shown(&self, locale: Locale) -> HolderField {
        HolderField {
            name: self.name,
            kind: self.kind,
            pattern: self.pattern,
            max_length: Some(self.max_length),
            required: self.required,
            label: self.label.get(locale).to_owned(),
            fields: Vec::new(),
        }
    }
}

/// The ways to reach the holder, which nobody has to give.
fn contact_fields() -> [Sketch; 2] {
    let (pec, phone) = (Localized::fixed("PEC", "Certified e-mail"), Localized::fixed("Telefono", "Telephone"));
    [
        Sketch { required: false, ..Sketch::of("pec", FieldKind::Email, EMAIL, 254, pec) },
        Sketch { required: false, ..Sketch::of("phone", FieldKind::Phone, PHONE, 20, phone) },
    ]
}

/// A field that tells who the holder is; none of a foreign customer's, who is no holder.
fn identifying_field(name: &str, kind: HolderType) -> Option<Sketch> {
    let codice_fiscale = if kind.is_natural_person() { PERSONAL_CODE } else { ELEVEN_DIGITS };
    Some(match name {
        "first_name" => Sketch::text("first_name", 60, Localized::fixed("Nome", "First name")),
        "last_name" => Sketch::text("last_name", 60, Localized::fixed("Cognome", "Last name")),
        "business_name" => Sketch::text("business_name", 80, Localized::fixed("Denominazione", "Business name")),
        "codice_fiscale" => Sketch::of(
            "codice_fiscale",
            FieldKind::CodiceFiscale,
            codice_fiscale,
            20,
            Localized::fixed("Codice fiscale", "Tax code"),
        ),
        "partita_iva" => Sketch::of(
            "partita_iva",
            FieldKind::PartitaIva,
            ELEVEN_DIGITS,
            20,
            Localized::fixed("Partita IVA", "VAT number"),
        ),
        _ => return None,
    })
}

/// Where the holder is, which is in Italy.
fn address(locale: Locale) -> HolderField {
    let fields = [
        Sketch::text("street", 120, Localized::fixed("Via e numero civico", "Street and number")),
        Sketch::of("postal_code", FieldKind::PostalCode, "^[0-9]{5}$", 16, Localized::fixed("CAP", "Postal code")),
        Sketch::text("municipality", 80, Localized::fixed("Comune", "Municipality")),
        Sketch::of("province", FieldKind::Province, "^[A-Za-z]{2}$", 2, Localized::fixed("Provincia", "Province")),
        Sketch {
            required: false,
            ..Sketch::of("country", FieldKind::Country, "^[Ii][Tt]$", 2, Localized::fixed("Paese", "Country"))
        },
    ];
    HolderField {
        name: "address",
        kind: FieldKind::Address,
        pattern: None,
        max_length: None,
        required: true,
        label: Localized::fixed("Indirizzo", "Address").get(locale).to_owned(),
        fields: fields.iter().map(|field| field.shown(locale)).collect(),
    }
}
