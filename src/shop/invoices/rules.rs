//! What an invoice is, and what it says of an order.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::customers::billing_profiles::rules::BillingDetails;
use crate::italy::vat::{Exigibility, Group, Natura, Rate, Treatment, VatError};
use crate::platform::locale::Locale;
use crate::shop::orders::rules::{Order, OrderId, OrderLine};
use crate::shop::payments::refunds::rules::RefundId;
use crate::shop::payments::rules::PaymentMethod;
use crate::shop::provider::{Provider, Seller};

crate::typed_id!(
    /// An invoice's or a credit note's identifier.
    InvoiceId = "inv"
);

crate::text_enum!(
    /// What kind of document it is.
    InvoiceKind {
        Invoice = "invoice",
        CreditNote = "credit_note",
    }
);

impl InvoiceKind {
    /// Block 2.1.1.1 of the FatturaPA, TipoDocumento.
    pub fn document_type(self) -> &'static str {
        match self {
            Self::Invoice => "TD01",
            Self::CreditNote => "TD04",
        }
    }
}

/// The place in the series, which invoices and credit notes share: one a year, by the Italian calendar, without gaps
/// (art. 21(2)(b) D.P.R. 633/1972; invariant 8 of the design).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InvoiceNumber {
    /// The year.
    pub year: i32,
    /// From 1.
    pub position: i64,
}

impl std::fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FE-{}-{:06}", self.year, self.position)
    }
}

/// One line. All amounts in cents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// What was sold, in Italian.
    pub description: String,
    /// How many.
    pub quantity: i32,
    /// Net price of one.
    pub unit_net_cents: i64,
    /// The discount on the whole line.
    pub discount_cents: i64,
    /// What is left for all of them.
    pub base_cents: i64,
    /// The VAT rate.
    pub rate: Rate,
    /// Why it bears no VAT; at 0 % only.
    pub natura: Option<Natura>,
}

/// The lines of one rate and natura together. All amounts in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceGroup {
    /// The VAT rate.
    pub rate: Rate,
    /// Why it bears no VAT; at 0 % only.
    pub natura: Option<Natura>,
    /// What the lines come to.
    pub base_cents: i64,
    /// The VAT on it.
    pub vat_cents: i64,
}

impl InvoiceGroup {
    /// Base and VAT.
    pub fn gross_cents(&self) -> i64 {
        self.base_cents + self.vat_cents
    }
}

/// How an invoice was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoicePayment {
    /// How.
    pub method: PaymentMethod,
    /// Until when: the day of issue, since an order is confirmed once it is paid.
    pub due_on: NaiveDate,
    /// Cents: the gross, or the net under split payment (art. 17-ter D.P.R. 633/1972).
    pub amount_cents: i64,
    /// Where a bank transfer goes.
    pub iban: Option<String>,
}

/// The invoice that a credit note corrects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectedInvoice {
    /// Its number.
    pub number: String,
    /// Its date.
    pub issued_on: NaiveDate,
}

/// All that a document says but for its number: it never changes, whatever becomes of profile, plans and provider.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceContent {
    /// Who sells.
    pub seller: Provider,
    /// Whom it is made out to.
    pub buyer: BillingDetails,
    /// Of which order.
    pub order_number: String,
    /// The day of that order.
    pub ordered_on: NaiveDate,
    /// Who pays the VAT to the Treasury.
    pub exigibility: Exigibility,
    /// What was sold, or is given back.
    pub lines: Vec<InvoiceLine>,
    /// By rate and natura.
    pub groups: Vec<InvoiceGroup>,
    /// How it was paid; invoices only.
    pub payment: Option<InvoicePayment>,
    /// What it corrects; credit notes only.
    pub corrects: Option<CorrectedInvoice>,
}

impl InvoiceContent {
    /// What an order's invoice says, paid with this method on this day.
    ///
    /// # Errors
    /// For a rate and natura that do not go together, which no order holds.
    pub fn of_order(order: &Order, seller: &Seller, method: PaymentMethod, today: NaiveDate) -> Result<Self, VatError> {
        let snapshot = &order.snapshot;
        let group = |group: &crate::shop::orders::rules::VatGroup| {
            let treatment = group.treatment()?;
            Ok(InvoiceGroup {
                rate: treatment.rate(),
                natura: treatment.natura(),
                base_cents: group.base_cents,
                vat_cents: group.vat_cents,
            })
        };
        Ok(Self {
            seller: seller.provider.clone(),
            buyer: snapshot.billing.clone(),
            order_number: order.number.clone(),
            ordered_on: order.placed_at.italian_date(),
            exigibility: snapshot.exigibility,
            lines: snapshot.lines.iter().map(line).collect::<Result<_, VatError>>()?,
            groups: snapshot.vat_groups().iter().map(group).collect::<Result<_, VatError>>()?,
            payment: Some(InvoicePayment {
                method,
                due_on: today,
                amount_cents: order.totals.due_cents,
                iban: (method == PaymentMethod::BankTransfer).then(|| seller.iban.as_str().to_owned()),
            }),
            corrects: None,
        })
    }

    /// Base and VAT of all groups, cents.
    pub fn total_cents(&self) -> i64 {
        self.groups.iter().map(InvoiceGroup::gross_cents).sum()
    }

    /// What the customer pays or gets back, cents: without the VAT under split payment.
    pub fn payable_cents(&self) -> i64 {
        self.groups.iter().map(|group| self.payable_of(group)).sum()
    }

    /// A group's part of [`InvoiceContent::payable_cents`].
    pub fn payable_of(&self, group: &InvoiceGroup) -> i64 {
        match self.exigibility {
            Exigibility::Immediate => group.gross_cents(),
            Exigibility::SplitPayment => group.base_cents,
        }
    }

    /// The stamp duty on it, cents. The shop bears it and does not charge it on; that a credit note bears its own is for
    /// the adviser to confirm (D.P.R. 642/1972, tariff, art. 13).
    pub fn stamp_duty_cents(&self) -> i64 {
        let groups: Vec<Group> = self.groups.iter().filter_map(group_of).collect();
        crate::italy::vat::stamp_duty(&groups)
    }
}

fn line(line: &OrderLine) -> Result<InvoiceLine, VatError> {
    let treatment = line.treatment()?;
    Ok(InvoiceLine {
        description: line.name.get(Locale::Italian).to_owned(),
        quantity: line.quantity,
        unit_net_cents: line.unit_net_cents,
        discount_cents: line.discount_cents,
        base_cents: line.net_cents - line.discount_cents,
        rate: treatment.rate(),
        natura: treatment.natura(),
    })
}

fn group_of(group: &InvoiceGroup) -> Option<Group> {
    let treatment = Treatment::new(group.rate, group.natura).ok()?;
    Some(Group { treatment, base: group.base_cents, vat: group.vat_cents })
}

/// An invoice or a credit note.
#[derive(Clone)]
pub struct Invoice {
    /// Which.
    pub id: InvoiceId,
    /// Of which order.
    pub order_id: OrderId,
    /// What it is.
    pub kind: InvoiceKind,
    /// The refund that a credit note is for.
    pub refund_id: Option<RefundId>,
    /// Its place in the series.
    pub number: InvoiceNumber,
    /// The number of the file (ProgressivoInvio): its own series, which never begins anew, since SdI takes a file's name
    /// once only (00002).
    pub transmission: i64,
    /// Its date, by the Italian calendar: in a series it never goes back.
    pub issued_on: NaiveDate,
    /// What it says.
    pub content: InvoiceContent,
}

impl Invoice {
    /// The name of its file as SdI wants it: the country and tax code of the sender, and up to five letters and digits.
    pub fn file_name(&self) -> String {
        format!("IT{}_{}.xml", self.content.seller.fiscal_code(), transmission_code(self.transmission))
    }
}

/// The file of a document, as it was issued.
pub struct InvoiceFile {
    /// Its name, as SdI wants it.
    pub name: String,
    /// What is in it.
    pub xml: String,
}

/// Money that was given back, for which a credit note is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedRefund {
    /// Which refund.
    pub refund_id: RefundId,
    /// How much.
    pub amount_cents: i64,
}

/// The invoice, as an order names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuedInvoice {
    /// Which.
    pub id: InvoiceId,
    /// Its place in the series.
    pub number: InvoiceNumber,
    /// Its date.
    pub issued_on: NaiveDate,
}

/// A number in five or more digits of base 36, as file names carry it: sixty million fit into five.
pub fn transmission_code(mut number: i64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut code = Vec::new();
    while number > 0 || code.len() < 5 {
        let digit = usize::try_from(number.rem_euclid(36)).ok().and_then(|index| DIGITS.get(index));
        code.push(char::from(digit.copied().unwrap_or(b'0')));
        number = number.max(0) / 36;
    }
    code.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_file_numbers_are_written_with_leading_zeros() {
        assert_eq!(InvoiceNumber { year: 2026, position: 42 }.to_string(), "FE-2026-000042");
        for (number, code) in [(1, "00001"), (35, "0000Z"), (36, "00010"), (36_i64.pow(5) - 1, "ZZZZZ")] {
            assert_eq!(transmission_code(number), code);
        }
    }
}
