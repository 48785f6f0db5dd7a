//! What a credit note says: a refund, shared out over the rates of the invoice that it corrects.
//!
//! The shares are cumulative: after each refund a group's credited base is that of all money given back on it so far, so
//! that however a refund is cut up, each note stays within the cent that SdI tolerates (00421), no group is credited
//! beyond the invoice, and the last cent given back lands exactly on the invoice's totals.

use super::rules::{CorrectedInvoice, Invoice, InvoiceContent, InvoiceGroup, InvoiceLine};
use crate::italy::vat::{Exigibility, Rate, group_vat, share_out};

/// The content of the credit note for `refund_cents` given back, after `earlier` notes on the same invoice. Money beyond
/// what the invoice still holds (a payment in excess that goes back) corrects nothing; none where nothing is left.
pub fn credit_note(invoice: &Invoice, earlier: &[InvoiceContent], refund_cents: i64) -> Option<InvoiceContent> {
    let content = &invoice.content;
    let credited = credited(content, earlier);
    let left: Vec<i64> = content
        .groups
        .iter()
        .zip(&credited)
        .map(|(group, credited)| content.payable_of(group) - content.payable_of(credited))
        .collect();
    let amount = refund_cents.min(left.iter().sum());
    if amount <= 0 {
        return None;
    }
    let shares = share_out(amount, &left);
    let groups: Vec<InvoiceGroup> = credited
        .iter()
        .zip(shares)
        .filter(|(_, share)| *share > 0)
        .map(|(credited, share)| step(content.exigibility, credited, share))
        .collect();
    let is_whole = groups == content.groups;
    Some(InvoiceContent {
        lines: if is_whole { content.lines.clone() } else { groups.iter().map(|group| line(content, group)).collect() },
        groups,
        payment: None,
        corrects: Some(CorrectedInvoice { number: invoice.number.to_string(), issued_on: invoice.issued_on }),
        ..content.clone()
    })
}

/// What was credited before, for each group of the invoice.
fn credited(content: &InvoiceContent, earlier: &[InvoiceContent]) -> Vec<InvoiceGroup> {
    let sum_for = |group: &InvoiceGroup| {
        let none = InvoiceGroup { base_cents: 0, vat_cents: 0, ..*group };
        let noted = earlier.iter().flat_map(|note| &note.groups);
        let same = noted.filter(|noted| (noted.rate, noted.natura) == (group.rate, group.natura));
        same.fold(none, |sum, noted| InvoiceGroup {
            base_cents: sum.base_cents + noted.base_cents,
            vat_cents: sum.vat_cents + noted.vat_cents,
            ..sum
        })
    };
    content.groups.iter().map(sum_for).collect()
}

/// The next piece of a group, of which `share` cents are given back. Under split payment only the base was paid, and the
/// VAT that the note takes back from the Treasury follows it (art. 17-ter D.P.R. 633/1972).
fn step(exigibility: Exigibility, credited: &InvoiceGroup, share: i64) -> InvoiceGroup {
    let (base_cents, vat_cents) = match exigibility {
        Exigibility::Immediate => {
            let base = base_of(credited.gross_cents() + share, credited.rate) - credited.base_cents;
            (base, share - base)
        }
        Exigibility::SplitPayment => {
            (share, group_vat(credited.base_cents + share, credited.rate) - credited.vat_cents)
        }
    };
    InvoiceGroup { base_cents, vat_cents, ..*credited }
}

/// The base in a gross amount, half a cent rounded up. Of base + [`group_vat`] it is the base again, for any rate.
fn base_of(gross_cents: i64, rate: Rate) -> i64 {
    let whole = 10_000 + i128::from(rate.basis_points());
    let rounded = (i128::from(gross_cents) * 10_000 + whole / 2).div_euclid(whole);
    i64::try_from(rounded).unwrap_or(gross_cents)
}

fn line(content: &InvoiceContent, group: &InvoiceGroup) -> InvoiceLine {
    InvoiceLine {
        description: format!("Rimborso dell'ordine {}", content.order_number),
        quantity: 1,
        unit_net_cents: group.base_cents,
        discount_cents: 0,
        base_cents: group.base_cents,
        rate: group.rate,
        natura: group.natura,
    }
}
