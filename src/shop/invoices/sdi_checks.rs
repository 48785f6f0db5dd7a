//! What the Sistema di Interscambio checks when a document arrives, by the codes of its list: a document that it would
//! send back is not issued.

use super::document::{Document, DocumentGroup, DocumentLine, FINE_PER_CENT, Format, PartyName, Seat};
use crate::italy::countries::ITALY;
use crate::italy::latin::is_latin;
use crate::italy::sdi;
use crate::italy::vat::{Exigibility, Natura, Rate, group_vat};

/// Cents by which the VAT of a group may differ from the rate times the base.
const VAT_TOLERANCE: i64 = 1;
/// Cents below which the base of a group may differ from its lines.
const BASE_TOLERANCE: i64 = 100;
/// Basis points below which a rate was written as a fraction (0.22) instead of in per cent (22.00).
const ONE_PER_CENT: u16 = 100;
/// Cents that an amount has fewer than: eleven digits before the point.
const LARGEST_AMOUNT: i64 = 10_i64.pow(13);

/// A reason for which SdI would send a document back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The code of SdI's list.
    pub code: &'static str,
    /// What is wrong.
    pub meaning: &'static str,
}

/// Everything for which SdI would send a document back, as far as a document alone can tell.
pub fn violations(document: &Document) -> Vec<Violation> {
    let mut found: Vec<Violation> =
        CHECKS.iter().filter(|(_, holds)| !holds(document)).map(|(code, _)| *code).collect();
    found.sort_unstable();
    found
}

type Check = (Violation, fn(&Document) -> bool);

const fn violation(code: &'static str, meaning: &'static str) -> Violation {
    Violation { code, meaning }
}

/// Each with what must be so.
const CHECKS: [Check; 19] = [
    (violation("00200", "a field is not as the schema wants it"), fits_the_schema),
    (violation("00313", "XXXXXXX is for customers outside Italy"), |it| {
        it.recipient_code != sdi::FOREIGN || it.buyer.vat_id.as_ref().is_some_and(|id| id.country != ITALY)
    }),
    (violation("00400", "a line at 0 % without natura"), |it| {
        it.lines.iter().all(|line| line.rate != Rate::ZERO || line.natura.is_some())
    }),
    (violation("00401", "a line above 0 % with natura"), |it| {
        it.lines.iter().all(|line| line.rate == Rate::ZERO || line.natura.is_none())
    }),
    (violation("00417", "the customer has neither partita IVA nor codice fiscale"), |it| {
        it.buyer.vat_id.is_some() || it.buyer.tax_code.is_some()
    }),
    (violation("00418", "it is dated before the invoice that it corrects"), |it| {
        it.corrects.as_ref().is_none_or(|corrected| corrected.issued_on <= it.issued_on)
    }),
    (violation("00419", "the rate of a line is in no summary"), |it| {
        it.lines.iter().all(|line| it.groups.iter().any(|group| group.rate == line.rate))
    }),
    (violation("00420", "domestic reverse charge under split payment"), |it| {
        let is_wrong = |group: &DocumentGroup| {
            group.exigibility == Exigibility::SplitPayment
                && group.natura.is_some_and(Natura::is_domestic_reverse_charge)
        };
        !it.groups.iter().any(is_wrong)
    }),
    (violation("00421", "the VAT of a summary is not the rate times the base"), |it| {
        it.groups.iter().all(|group| (group_vat(group.base_cents, group.rate) - group.vat_cents).abs() <= VAT_TOLERANCE)
    }),
    (violation("00422", "the base of a summary is not the sum of its lines"), |it| {
        it.groups.iter().all(|group| base_is_right(it, group))
    }),
    (violation("00423", "the total of a line is not its price times its quantity"), |it| {
        it.lines.iter().all(total_is_right)
    }),
    (violation("00424", "a rate between zero and one per cent"), |it| {
        let rates = it.lines.iter().map(|line| line.rate).chain(it.groups.iter().map(|group| group.rate));
        rates.into_iter().all(|rate| rate == Rate::ZERO || rate.basis_points() >= ONE_PER_CENT)
    }),
    (violation("00425", "the number has no digit"), |it| it.number.bytes().any(|byte| byte.is_ascii_digit())),
    (violation("00426", "a PEC beside a recipient code"), |it| {
        it.recipient_pec.is_none() || it.recipient_code == sdi::NO_CHANNEL
    }),
    (violation("00427", "the recipient code has not the length of its format"), |it| {
        it.recipient_code.len() == if it.format == Format::PublicBody { 6 } else { 7 }
    }),
    (violation("00429", "a summary at 0 % without natura"), |it| {
        it.groups.iter().all(|group| group.rate != Rate::ZERO || group.natura.is_some())
    }),
    (violation("00430", "a summary above 0 % with natura"), |it| {
        it.groups.iter().all(|group| group.rate == Rate::ZERO || group.natura.is_none())
    }),
    (violation("00443", "the natura of a line is in no summary"), |it| {
        let is_summed = |natura| it.groups.iter().any(|group| group.natura == Some(natura));
        it.lines.iter().filter_map(|line| line.natura).all(is_summed)
    }),
    (violation("00444", "the natura of a summary is in no line"), |it| {
        let is_sold = |natura| it.lines.iter().any(|line| line.natura == Some(natura));
        it.groups.iter().filter_map(|group| group.natura).all(is_sold)
    }),
];

fn base_is_right(document: &Document, group: &DocumentGroup) -> bool {
    let lines = document.lines.iter().filter(|line| (line.rate, line.natura) == (group.rate, group.natura));
    let sum: i64 = lines.map(|line| line.total_cents).sum();
    (sum - group.base_cents).abs() < BASE_TOLERANCE
}

fn total_is_right(line: &DocumentLine) -> bool {
    let unit = i128::from(line.unit_cents) * FINE_PER_CENT - line.unit_discount;
    let off = unit * i128::from(line.quantity) - i128::from(line.total_cents) * FINE_PER_CENT;
    off.abs() <= FINE_PER_CENT
}

/// The lengths, letters and digits of the schema.
fn fits_the_schema(document: &Document) -> bool {
    let name_fits = match &document.buyer.name {
        PartyName::Business(name) => is_latin(name, 80),
        PartyName::Person { first, last } => is_latin(first, 60) && is_latin(last, 60),
    };
    let ids = [Some(&document.sender), Some(&document.seller.vat_id), document.buyer.vat_id.as_ref()];
    let codes = [Some(document.seller.tax_code.as_str()), document.buyer.tax_code.as_deref()];
    let amounts = [document.total_cents, document.stamp_duty_cents]
        .into_iter()
        .chain(document.lines.iter().flat_map(|line| [line.unit_cents, line.total_cents]))
        .chain(document.groups.iter().flat_map(|group| [group.base_cents, group.vat_cents]))
        .chain(document.payment.iter().map(|payment| payment.amount_cents));
    name_fits
        && is_latin(&document.seller.name, 80)
        && is_latin(&document.reason, 200)
        && (1..=10).contains(&document.transmission.len())
        && (1..=20).contains(&document.number.len())
        && is_capitals_and_digits(&document.recipient_code)
        && [&document.seller.seat, &document.buyer.seat].into_iter().all(seat_fits)
        && ids.into_iter().flatten().all(|id| is_country(&id.country) && is_latin(&id.number, 28))
        && codes.into_iter().flatten().all(|code| (11..=16).contains(&code.len()) && is_capitals_and_digits(code))
        && (1..=9999).contains(&document.lines.len())
        && document.lines.iter().all(|line| is_latin(&line.description, 1000) && line.quantity > 0)
        && !document.groups.is_empty()
        && amounts.into_iter().all(|amount| (0..LARGEST_AMOUNT).contains(&amount))
}

fn seat_fits(seat: &Seat) -> bool {
    is_latin(&seat.street, 60)
        && is_latin(&seat.municipality, 60)
        && seat.postal_code.len() == 5
        && seat.postal_code.bytes().all(|byte| byte.is_ascii_digit())
        && is_country(&seat.country)
        && seat.province.as_deref().is_none_or(is_country)
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_capitals_and_digits(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
