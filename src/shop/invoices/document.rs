//! The FatturaPA drawn up: every field as it will be written, for the checks and the writer. The numbers are those of the
//! blocks in the format's specification.

use chrono::NaiveDate;

use super::rules::transmission_code;
use super::rules::{CorrectedInvoice, Invoice, InvoiceContent, InvoiceGroup, InvoiceKind, InvoiceLine, InvoicePayment};
use crate::customers::address::Address;
use crate::customers::billing_profiles::rules::{BillingDetails, BillingKind};
use crate::italy::countries::{self, ITALY};
use crate::italy::latin::latin;
use crate::italy::sdi;
use crate::italy::vat::{Exigibility, Natura, Rate};
use crate::shop::provider::{BusinessRegister, Provider, TaxRegime};

/// The postal code of an address outside Italy, whose own has no place in the format.
const FOREIGN_POSTAL_CODE: &str = "00000";

/// Hundred-millionths of a euro in a cent: unit prices may have eight decimals.
pub const FINE_PER_CENT: i128 = 1_000_000;

/// Whom the document is for (1.1.3, FormatoTrasmissione).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A public body.
    PublicBody,
    /// Anybody else.
    Private,
}

impl Format {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PublicBody => "FPA12",
            Self::Private => "FPR12",
        }
    }
}

/// A country and a number in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiscalId {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Up to 28 characters.
    pub number: String,
}

/// How a party is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartyName {
    /// An organisation.
    Business(String),
    /// A human being.
    Person {
        /// Nome.
        first: String,
        /// Cognome.
        last: String,
    },
}

/// Where a party is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Street and number.
    pub street: String,
    /// Five digits.
    pub postal_code: String,
    /// Comune.
    pub municipality: String,
    /// In Italy only.
    pub province: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// Who sells (1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SellerBlock {
    /// Partita IVA.
    pub vat_id: FiscalId,
    /// Codice fiscale.
    pub tax_code: String,
    /// Denominazione.
    pub name: String,
    /// Under which regime it is taxed.
    pub regime: TaxRegime,
    /// Registered office.
    pub seat: Seat,
    /// Its entry in the business register.
    pub register: Option<BusinessRegister>,
    /// E-mail.
    pub email: Option<String>,
}

/// Who buys (1.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuyerBlock {
    /// Partita IVA, or a foreign number.
    pub vat_id: Option<FiscalId>,
    /// Codice fiscale.
    pub tax_code: Option<String>,
    /// Name.
    pub name: PartyName,
    /// Where they are.
    pub seat: Seat,
}

/// A line (2.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLine {
    /// What.
    pub description: String,
    /// How many.
    pub quantity: i32,
    /// Net price of one, cents.
    pub unit_cents: i64,
    /// The discount on one, hundred-millionths of a euro: SdI takes it off the unit price before it multiplies (00423).
    pub unit_discount: i128,
    /// What is left for all of them, cents.
    pub total_cents: i64,
    /// AliquotaIVA.
    pub rate: Rate,
    /// At 0 % only.
    pub natura: Option<Natura>,
}

/// A summary (2.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentGroup {
    /// AliquotaIVA.
    pub rate: Rate,
    /// At 0 % only.
    pub natura: Option<Natura>,
    /// ImponibileImporto, cents.
    pub base_cents: i64,
    /// Imposta, cents.
    pub vat_cents: i64,
    /// EsigibilitaIVA.
    pub exigibility: Exigibility,
    /// RiferimentoNormativo.
    pub legal_basis: Option<&'static str>,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Who sends it to SdI: the seller.
    pub sender: FiscalId,
    /// ProgressivoInvio.
    pub transmission: String,
    /// Whom it is for.
    pub format: Format,
    /// CodiceDestinatario.
    pub recipient_code: String,
    /// PECDestinatario.
    pub recipient_pec: Option<String>,
    /// Who sells.
    pub seller: SellerBlock,
    /// Who buys.
    pub buyer: BuyerBlock,
    /// What it is.
    pub kind: InvoiceKind,
    /// Its date.
    pub issued_on: NaiveDate,
    /// Its number.
    pub number: String,
    /// DatiBollo, cents; zero where it bears none.
    pub stamp_duty_cents: i64,
    /// ImportoTotaleDocumento, cents.
    pub total_cents: i64,
    /// Causale.
    pub reason: String,
    /// DatiFattureCollegate.
    pub corrects: Option<CorrectedInvoice>,
    /// The lines.
    pub lines: Vec<DocumentLine>,
    /// The summaries.
    pub groups: Vec<DocumentGroup>,
    /// DatiPagamento.
    pub payment: Option<InvoicePayment>,
}

impl Document {
    /// Draws up an invoice or a credit note.
    pub fn of(invoice: &Invoice) -> Self {
        let content = &invoice.content;
        let buyer = &content.buyer;
        let recipient_code = buyer.codice_destinatario.clone().unwrap_or_else(|| sdi::NO_CHANNEL.to_owned());
        Self {
            sender: FiscalId { country: ITALY.to_owned(), number: content.seller.fiscal_code().to_owned() },
            transmission: transmission_code(invoice.transmission),
            format: if buyer.kind == BillingKind::PublicBody { Format::PublicBody } else { Format::Private },
            recipient_pec: buyer.pec.clone().filter(|_| recipient_code == sdi::NO_CHANNEL),
            recipient_code,
            seller: seller(&content.seller),
            buyer: buyer_block(buyer),
            kind: invoice.kind,
            issued_on: invoice.issued_on,
            number: invoice.number.to_string(),
            stamp_duty_cents: content.stamp_duty_cents(),
            total_cents: content.total_cents(),
            reason: latin(&reason(content), 200),
            corrects: content.corrects.clone(),
            lines: content.lines.iter().map(line).collect(),
            groups: content.groups.iter().map(|summed| group(content, summed)).collect(),
            payment: content.payment.clone(),
        }
    }
}

fn reason(content: &InvoiceContent) -> String {
    let order = format!("{} del {}", content.order_number, content.ordered_on.format("%d/%m/%Y"));
    match &content.corrects {
        None => format!("Ordine {order}"),
        Some(corrected) => format!("Rimborso dell'ordine {order}, a rettifica della fattura {}", corrected.number),
    }
}

fn seller(provider: &Provider) -> SellerBlock {
    SellerBlock {
        vat_id: FiscalId { country: ITALY.to_owned(), number: provider.partita_iva.clone() },
        tax_code: provider.fiscal_code().to_owned(),
        name: latin(&provider.business_name, 80),
        regime: provider.tax_regime,
        seat: seat(&provider.address),
        register: provider.business_register.clone(),
        email: provider.email.clone().filter(|email| is_contact(email)),
    }
}

/// What the format takes as an e-mail address of a contact.
fn is_contact(email: &str) -> bool {
    let has_place = email.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    has_place && email.is_ascii() && (7..=256).contains(&email.len()) && !email.contains(char::is_whitespace)
}

fn buyer_block(buyer: &BillingDetails) -> BuyerBlock {
    let italian = |number: &String| FiscalId { country: ITALY.to_owned(), number: number.clone() };
    let vat_id = match buyer.kind {
        BillingKind::Foreign => Some(foreign_id(buyer)),
        _ => buyer.partita_iva.as_ref().map(italian),
    };
    BuyerBlock { vat_id, tax_code: buyer.codice_fiscale.clone(), name: name(buyer), seat: seat(&buyer.address) }
}

/// A foreign customer's number without the prefix that its country stands for. Whoever has none is written as the tax
/// agency asks in its answers of 2018 and 2019 on cross-border operations, which the adviser is to confirm: a business
/// `OO99999999999`, a human being `0000000`.
fn foreign_id(buyer: &BillingDetails) -> FiscalId {
    let own = buyer.address.country.as_str();
    let country = if buyer.vat_number.is_some() { countries::vat_territory(own) } else { own };
    let prefix = countries::vat_prefix(country).unwrap_or_default();
    let none = if buyer.business_name.is_some() { "OO99999999999" } else { "0000000" };
    let number = buyer.vat_number.as_deref().map(|number| number.strip_prefix(prefix).unwrap_or(number));
    FiscalId { number: number.unwrap_or(none).to_owned(), country: country.to_owned() }
}

fn name(buyer: &BillingDetails) -> PartyName {
    match (&buyer.business_name, &buyer.first_name, &buyer.last_name) {
        (None, Some(first), Some(last)) => PartyName::Person { first: latin(first, 60), last: latin(last, 60) },
        _ => PartyName::Business(latin(&buyer.display_name(), 80)),
    }
}

/// An address in the fields of the format. A foreign postal code goes with the street.
fn seat(address: &Address) -> Seat {
    let is_italian = address.is_italian();
    let street = if is_italian {
        latin(&address.street, 60)
    } else {
        let code = latin(&address.postal_code, 16);
        format!("{}, {code}", latin(&address.street, 60 - 2 - code.chars().count()))
    };
    Seat {
        street,
        postal_code: if is_italian { address.postal_code.clone() } else { FOREIGN_POSTAL_CODE.to_owned() },
        municipality: latin(&address.municipality, 60),
        province: address.province.clone().filter(|_| is_italian),
        country: address.country.clone(),
    }
}

fn line(line: &InvoiceLine) -> DocumentLine {
    let quantity = i128::from(line.quantity.max(1));
    let discount = i128::from(line.discount_cents) * FINE_PER_CENT;
    DocumentLine {
        description: latin(&line.description, 1000),
        quantity: line.quantity,
        unit_cents: line.unit_net_cents,
        unit_discount: (discount + quantity / 2).div_euclid(quantity),
        total_cents: line.base_cents,
        rate: line.rate,
        natura: line.natura,
    }
}

fn group(content: &InvoiceContent, group: &InvoiceGroup) -> DocumentGroup {
    let split_payment = (content.exigibility == Exigibility::SplitPayment)
        .then_some("Scissione dei pagamenti, art. 17-ter D.P.R. 633/1972");
    let is_in_eu = countries::is_eu(countries::vat_territory(&content.buyer.address.country));
    DocumentGroup {
        rate: group.rate,
        natura: group.natura,
        base_cents: group.base_cents,
        vat_cents: group.vat_cents,
        exigibility: content.exigibility,
        legal_basis: group.natura.map(|natura| natura.legal_basis(is_in_eu)).or(split_payment),
    }
}
