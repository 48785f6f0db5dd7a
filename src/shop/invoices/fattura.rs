//! The XML of a document: the blocks of the FatturaPA 1.2 in the order that its schema prescribes.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::document::{
    BuyerBlock, Document, DocumentGroup, DocumentLine, FINE_PER_CENT, FiscalId, PartyName, Seat, SellerBlock,
};
use super::rules::{CorrectedInvoice, Invoice, InvoicePayment};
use crate::italy::vat::{Exigibility, Rate};
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::provider::BusinessRegister;

const NAMESPACE: &str = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2";

/// The text of an invoice's or credit note's file: equal invoices give equal texts.
///
/// # Errors
/// When the writer fails, which in memory it does not.
pub fn fattura(invoice: &Invoice) -> io::Result<String> {
    let document = Document::of(invoice);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("p:FatturaElettronica")
        .with_attribute(("versione", document.format.as_str()))
        .with_attribute(("xmlns:p", NAMESPACE))
        .write_inner_content(|writer| {
            write(writer, &header(&document))?;
            write(writer, &body(&document))
        })?;
    String::from_utf8(writer.into_inner()).map_err(io::Error::other)
}

/// An element: a text, or other elements.
enum Element {
    Text(&'static str, String),
    Block(&'static str, Vec<Self>),
}

fn write(writer: &mut Writer<Vec<u8>>, element: &Element) -> io::Result<()> {
    match element {
        Element::Text(name, text) => writer.create_element(*name).write_text_content(BytesText::new(text))?,
        Element::Block(name, children) => writer
            .create_element(*name)
            .write_inner_content(|writer| children.iter().try_for_each(|child| write(writer, child)))?,
    };
    Ok(())
}

fn text(name: &'static str, text: impl ToString) -> Option<Element> {
    Some(Element::Text(name, text.to_string()))
}

/// A block of those of its parts that are there.
fn block(name: &'static str, children: impl IntoIterator<Item = Option<Element>>) -> Option<Element> {
    Some(whole(name, children))
}

fn whole(name: &'static str, children: impl IntoIterator<Item = Option<Element>>) -> Element {
    Element::Block(name, children.into_iter().flatten().collect())
}

fn optional(name: &'static str, value: Option<&String>) -> Option<Element> {
    value.and_then(|value| text(name, value))
}

/// Cents as euros with two decimals.
fn euros(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// Hundred-millionths of a euro with two decimals, or eight where they are needed.
fn fine_euros(fine: i128) -> String {
    let whole = FINE_PER_CENT * 100;
    if fine % FINE_PER_CENT == 0 {
        format!("{}.{:02}", fine / whole, fine % whole / FINE_PER_CENT)
    } else {
        format!("{}.{:08}", fine / whole, fine % whole)
    }
}

fn percent(rate: Rate) -> String {
    format!("{}.{:02}", rate.basis_points() / 100, rate.basis_points() % 100)
}

fn header(document: &Document) -> Element {
    whole(
        "FatturaElettronicaHeader",
        [
            block(
                "DatiTrasmissione",
                [
                    fiscal_id("IdTrasmittente", &document.sender),
                    text("ProgressivoInvio", &document.transmission),
                    text("FormatoTrasmissione", document.format.as_str()),
                    text("CodiceDestinatario", &document.recipient_code),
                    optional("PECDestinatario", document.recipient_pec.as_ref()),
                ],
            ),
            seller(&document.seller),
            buyer(&document.buyer),
        ],
    )
}

fn fiscal_id(name: &'static str, id: &FiscalId) -> Option<Element> {
    block(name, [text("IdPaese", &id.country), text("IdCodice", &id.number)])
}

fn seller(seller: &SellerBlock) -> Option<Element> {
    block(
        "CedentePrestatore",
        [
            block(
                "DatiAnagrafici",
                [
                    fiscal_id("IdFiscaleIVA", &seller.vat_id),
                    text("CodiceFiscale", &seller.tax_code),
                    block("Anagrafica", [text("Denominazione", &seller.name)]),
                    text("RegimeFiscale", seller.regime),
                ],
            ),
            seat(&seller.seat),
            seller.register.as_ref().and_then(register),
            seller.email.as_ref().and_then(|email| block("Contatti", [text("Email", email)])),
        ],
    )
}

fn register(register: &BusinessRegister) -> Option<Element> {
    block(
        "IscrizioneREA",
        [
            text("Ufficio", &register.office),
            text("NumeroREA", &register.number),
            register.share_capital_cents.and_then(|cents| text("CapitaleSociale", euros(cents))),
            register.sole_shareholder.and_then(|one| text("SocioUnico", if one { "SU" } else { "SM" })),
            text("StatoLiquidazione", if register.in_liquidation { "LS" } else { "LN" }),
        ],
    )
}

fn buyer(buyer: &BuyerBlock) -> Option<Element> {
    let name = match &buyer.name {
        PartyName::Business(name) => block("Anagrafica", [text("Denominazione", name)]),
        PartyName::Person { first, last } => block("Anagrafica", [text("Nome", first), text("Cognome", last)]),
    };
    block(
        "CessionarioCommittente",
        [
            block(
                "DatiAnagrafici",
                [
                    buyer.vat_id.as_ref().and_then(|id| fiscal_id("IdFiscaleIVA", id)),
                    optional("CodiceFiscale", buyer.tax_code.as_ref()),
                    name,
                ],
            ),
            seat(&buyer.seat),
        ],
    )
}

fn seat(seat: &Seat) -> Option<Element> {
    block(
        "Sede",
        [
            text("Indirizzo", &seat.street),
            text("CAP", &seat.postal_code),
            text("Comune", &seat.municipality),
            optional("Provincia", seat.province.as_ref()),
            text("Nazione", &seat.country),
        ],
    )
}

fn body(document: &Document) -> Element {
    let lines = document.lines.iter().enumerate().map(|(index, sold)| line(index + 1, sold));
    let goods = lines.chain(document.groups.iter().map(group));
    whole(
        "FatturaElettronicaBody",
        [
            block("DatiGenerali", [general(document), document.corrects.as_ref().and_then(corrected)]),
            block("DatiBeniServizi", goods),
            document.payment.as_ref().and_then(payment),
        ],
    )
}

fn general(document: &Document) -> Option<Element> {
    // Paid by the shop to the Treasury in one sum for many documents ("virtuale", D.M. 17 June 2014, art. 6).
    let stamp = [text("BolloVirtuale", "SI"), text("ImportoBollo", euros(document.stamp_duty_cents))];
    block(
        "DatiGeneraliDocumento",
        [
            text("TipoDocumento", document.kind.document_type()),
            text("Divisa", "EUR"),
            text("Data", document.issued_on),
            text("Numero", &document.number),
            if document.stamp_duty_cents > 0 { block("DatiBollo", stamp) } else { None },
            text("ImportoTotaleDocumento", euros(document.total_cents)),
            text("Causale", &document.reason),
        ],
    )
}

fn corrected(corrected: &CorrectedInvoice) -> Option<Element> {
    block("DatiFattureCollegate", [text("IdDocumento", &corrected.number), text("Data", corrected.issued_on)])
}

fn line(number: usize, line: &DocumentLine) -> Option<Element> {
    let discount = [text("Tipo", "SC"), text("Importo", fine_euros(line.unit_discount))];
    block(
        "DettaglioLinee",
        [
            text("NumeroLinea", number),
            text("Descrizione", &line.description),
            text("Quantita", format_args!("{}.00", line.quantity)),
            // Readers want one beside a quantity.
            text("UnitaMisura", "nr"),
            text("PrezzoUnitario", euros(line.unit_cents)),
            if line.unit_discount > 0 { block("ScontoMaggiorazione", discount) } else { None },
            text("PrezzoTotale", euros(line.total_cents)),
            text("AliquotaIVA", percent(line.rate)),
            line.natura.and_then(|natura| text("Natura", natura.code())),
        ],
    )
}

fn group(group: &DocumentGroup) -> Option<Element> {
    let exigibility = match group.exigibility {
        Exigibility::Immediate => "I",
        Exigibility::SplitPayment => "S",
    };
    block(
        "DatiRiepilogo",
        [
            text("AliquotaIVA", percent(group.rate)),
            group.natura.and_then(|natura| text("Natura", natura.code())),
            text("ImponibileImporto", euros(group.base_cents)),
            text("Imposta", euros(group.vat_cents)),
            text("EsigibilitaIVA", exigibility),
            group.legal_basis.and_then(|basis| text("RiferimentoNormativo", basis)),
        ],
    )
}

fn payment(payment: &InvoicePayment) -> Option<Element> {
    let method = match payment.method {
        PaymentMethod::BankTransfer => "MP05",
        PaymentMethod::Card => "MP08",
    };
    block(
        "DatiPagamento",
        [
            // Paid at once.
            text("CondizioniPagamento", "TP02"),
            block(
                "DettaglioPagamento",
                [
                    text("ModalitaPagamento", method),
                    text("DataScadenzaPagamento", payment.due_on),
                    text("ImportoPagamento", euros(payment.amount_cents)),
                    optional("IBAN", payment.iban.as_ref()),
                ],
            ),
        ],
    )
}
