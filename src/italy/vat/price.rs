//! The price of several lines: discount, groups, VAT and totals.

use std::collections::BTreeMap;

use super::{Exigibility, Natura, Treatment, VatError, group_vat, share_out};

/// Above this sum, in cents, of what bears no VAT an invoice bears stamp duty
/// (D.P.R. 642/1972, tariff, art. 13).
const STAMP_DUTY_THRESHOLD: i128 = 7_747;

/// The stamp duty in cents.
const STAMP_DUTY: i64 = 200;

/// What is to be priced. All amounts are euro cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The net price of the whole line, quantity included, before any discount; not negative.
    pub net: i64,
    /// Its VAT.
    pub treatment: Treatment,
}

/// A line with its part of discount and VAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PricedLine {
    /// Before the discount.
    pub net: i64,
    /// The line's part of the discount, never more than `net`.
    pub discount: i64,
    /// `net - discount`.
    pub base: i64,
    /// The line's part of its group's VAT.
    pub vat: i64,
    /// `base + vat`.
    pub gross: i64,
    /// As given.
    pub treatment: Treatment,
}

/// The lines that share a rate and a natura: one summary block (2.2.2) of the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// What the lines have in common.
    pub treatment: Treatment,
    /// The sum of their bases, after the discount.
    pub base: i64,
    /// The VAT on `base`, rounded once.
    pub vat: i64,
}

/// The whole price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// The sum of the lines before the discount.
    pub net: i64,
    /// The discount, which is taken before VAT.
    pub discount: i64,
    /// The sum over the groups.
    pub vat: i64,
    /// `net - discount + vat`.
    pub gross: i64,
    /// In ascending order of rate, then natura.
    pub groups: Vec<Group>,
    /// In the order given.
    pub lines: Vec<PricedLine>,
}

impl Totals {
    /// What the customer pays: the gross, or under split payment what is left without the VAT.
    ///
    /// # Errors
    /// [`VatError::SplitPaymentWithReverseCharge`].
    pub fn due(&self, exigibility: Exigibility) -> Result<i64, VatError> {
        match exigibility {
            Exigibility::Immediate => Ok(self.gross),
            Exigibility::SplitPayment if self.has_reverse_charge() => Err(VatError::SplitPaymentWithReverseCharge),
            Exigibility::SplitPayment => Ok(self.gross - self.vat),
        }
    }

    fn has_reverse_charge(&self) -> bool {
        self.groups.iter().filter_map(|group| group.treatment.natura()).any(Natura::is_domestic_reverse_charge)
    }
}

/// Prices lines with a discount of `discount` cents on all of them together.
///
/// # Errors
/// [`VatError::NegativePrice`], [`VatError::DiscountOutOfRange`] or [`VatError::AmountTooLarge`].
pub fn price(lines: &[Line], discount: i64) -> Result<Totals, VatError> {
    let nets: Vec<i64> = lines.iter().map(|line| line.net).collect();
    if nets.iter().any(|net| *net < 0) {
        return Err(VatError::NegativePrice);
    }
    let net = sum(nets.iter().copied())?;
    if !(0..=net).contains(&discount) {
        return Err(VatError::DiscountOutOfRange);
    }
    let mut priced: Vec<PricedLine> =
        lines.iter().zip(share_out(discount, &nets)).map(|(line, discount)| discounted(*line, discount)).collect();
    let groups = tax_by_group(&mut priced);
    for line in &mut priced {
        line.gross = sum([line.base, line.vat])?;
    }
    let vat = sum(groups.iter().map(|group| group.vat))?;
    Ok(Totals { net, discount, vat, gross: sum([net - discount, vat])?, groups, lines: priced })
}

/// The stamp duty in cents on an invoice with these groups: € 2 when what bears no VAT exceeds
/// € 77.47, otherwise zero. It is not part of [`Totals`].
pub fn stamp_duty(groups: &[Group]) -> i64 {
    let free_of_vat: i128 = groups
        .iter()
        .filter(|group| group.treatment.natura().is_some_and(Natura::bears_stamp_duty))
        .map(|group| i128::from(group.base))
        .sum();
    if free_of_vat > STAMP_DUTY_THRESHOLD { STAMP_DUTY } else { 0 }
}

/// A line whose VAT is still to come.
fn discounted(line: Line, discount: i64) -> PricedLine {
    PricedLine { net: line.net, discount, base: line.net - discount, vat: 0, gross: 0, treatment: line.treatment }
}

/// Computes the VAT of each group and shares it out over its lines, whose VAT so sums to the
/// group's and stays within the cent that SdI tolerates (00421, 00423).
fn tax_by_group(lines: &mut [PricedLine]) -> Vec<Group> {
    let mut members: BTreeMap<Treatment, Vec<&mut PricedLine>> = BTreeMap::new();
    for line in lines {
        members.entry(line.treatment).or_default().push(line);
    }
    members
        .into_iter()
        .map(|(treatment, lines)| {
            let bases: Vec<i64> = lines.iter().map(|line| line.base).collect();
            // No more than the sum of all lines, which is known to fit.
            let base = bases.iter().sum();
            let vat = group_vat(base, treatment.rate());
            for (line, share) in lines.into_iter().zip(share_out(vat, &bases)) {
                line.vat = share;
            }
            Group { treatment, base, vat }
        })
        .collect()
}

fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64, VatError> {
    amounts.into_iter().try_fold(0_i64, i64::checked_add).ok_or(VatError::AmountTooLarge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Rate;
    use super::*;

    fn ordinary(net: i64) -> Line {
        Line { net, treatment: Treatment::ORDINARY }
    }

    fn untaxed(net: i64, natura: Natura) -> Line {
        Line { net, treatment: Treatment::untaxed(natura) }
    }

    #[test]
    fn one_line_with_a_discount() {
        let totals = price(&[ordinary(12_900)], 1_290).unwrap();
        assert_eq!((totals.net, totals.discount), (12_900, 1_290));
        assert_eq!((totals.vat, totals.gross), (2_554, 14_164));
        assert_eq!(totals.due(Exigibility::Immediate), Ok(14_164));
        assert_eq!(totals.due(Exigibility::SplitPayment), Ok(11_610));
    }

    #[test]
    fn vat_is_rounded_once_for_the_group() {
        // Each line alone would be 5.5 cents, rounded to 6: the group is 16.5, rounded to 17.
        let totals = price(&[ordinary(25); 3], 0).unwrap();
        assert_eq!(totals.vat, 17);
        let vats: Vec<_> = totals.lines.iter().map(|line| line.vat).collect();
        assert_eq!(vats, [6, 6, 5]);
    }

    #[test]
    fn lines_are_grouped_by_rate_and_natura() {
        let reduced = Line { net: 1_000, treatment: Treatment::new(Rate::new(400).unwrap(), None).unwrap() };
        let lines = [ordinary(1_000), untaxed(500, Natura::N4), reduced, ordinary(500), untaxed(700, Natura::N2_1)];
        let totals = price(&lines, 0).unwrap();
        let groups: Vec<_> = totals.groups.iter().map(|group| (group.base, group.vat)).collect();
        assert_eq!(groups, [(700, 0), (500, 0), (1_000, 40), (1_500, 330)]);
        assert_eq!(totals.gross, 3_700 + 370);
    }

    #[test]
    fn a_free_order_is_free() {
        let totals = price(&[ordinary(12_900), ordinary(100)], 13_000).unwrap();
        assert_eq!((totals.vat, totals.gross), (0, 0));
        let nothing = price(&[], 0).unwrap();
        assert_eq!((nothing.net, nothing.gross), (0, 0));
    }

    #[test]
    fn what_cannot_be_priced_is_refused() {
        assert_eq!(price(&[ordinary(-1)], 0), Err(VatError::NegativePrice));
        assert_eq!(price(&[ordinary(10)], 11), Err(VatError::DiscountOutOfRange));
        assert_eq!(price(&[ordinary(10)], -1), Err(VatError::DiscountOutOfRange));
        assert_eq!(price(&[], 1), Err(VatError::DiscountOutOfRange));
        assert_eq!(price(&[ordinary(i64::MAX); 2], 0), Err(VatError::AmountTooLarge));
        assert_eq!(price(&[ordinary(i64::MAX)], 0), Err(VatError::AmountTooLarge));
    }

    #[test]
    fn split_payment_never_goes_with_reverse_charge() {
        let totals = price(&[untaxed(1_000, Natura::N6_9)], 0).unwrap();
        assert_eq!(totals.due(Exigibility::SplitPayment), Err(VatError::SplitPaymentWithReverseCharge));
        assert_eq!(totals.due(Exigibility::Immediate), Ok(1_000));
    }

    #[test]
    fn stamp_duty_begins_above_its_threshold() {
        let duty = |lines: &[Line]| stamp_duty(&price(lines, 0).unwrap().groups);
        assert_eq!(duty(&[untaxed(7_747, Natura::N4)]), 0);
        assert_eq!(duty(&[untaxed(7_748, Natura::N4)]), 200);
        assert_eq!(duty(&[untaxed(4_000, Natura::N4), untaxed(4_000, Natura::N2_1)]), 200);
        assert_eq!(duty(&[untaxed(90_000, Natura::N6_9)]), 0);
        assert_eq!(duty(&[ordinary(90_000)]), 0);
    }

    prop_compose! {
        fn any_treatment()(rate in 1_u16..=10_000, natura in prop::option::of(prop::sample::select(Natura::ALL.to_vec()))) -> Treatment {
            match natura {
                Some(natura) => Treatment::untaxed(natura),
                // Few rates, so that groups have several lines.
                None => Treatment::new(Rate::new([400, 500, 1_000, 2_200, rate][usize::from(rate % 5)]).unwrap(), None).unwrap(),
            }
        }
    }

    prop_compose! {
        fn any_line()(net in prop_oneof![0_i64..100, 0_i64..10_000_000], treatment in any_treatment()) -> Line {
            Line { net, treatment }
        }
    }

    prop_compose! {
        fn any_order()(lines in prop::collection::vec(any_line(), 0..12))(
            discount in 0..=lines.iter().map(|line| line.net).sum::<i64>(),
            lines in Just(lines),
        ) -> (Vec<Line>, i64) {
            (lines, discount)
        }
    }

    proptest! {
        /// Invariant 3.
        #[test]
        fn everything_sums((lines, discount) in any_order()) {
            let totals = price(&lines, discount).unwrap();
            prop_assert_eq!(totals.gross, totals.groups.iter().map(|group| group.base + group.vat).sum::<i64>());
            prop_assert_eq!(totals.gross, totals.net - totals.discount + totals.vat);
            prop_assert_eq!(totals.gross, totals.lines.iter().map(|line| line.gross).sum::<i64>());
            prop_assert_eq!(totals.discount, totals.lines.iter().map(|line| line.discount).sum::<i64>());
            prop_assert_eq!(totals.net, lines.iter().map(|line| line.net).sum::<i64>());
            for (line, given) in totals.lines.iter().zip(&lines) {
                prop_assert_eq!((line.net, line.treatment), (given.net, given.treatment));
                prop_assert!(0 <= line.discount && line.discount <= line.net);
                prop_assert_eq!(line.base, line.net - line.discount);
                prop_assert!(line.vat >= 0);
                // Within a cent and a half: one of sharing, half of the group's rounding.
                let off = i128::from(line.vat) * 10_000 - i128::from(line.base) * i128::from(line.treatment.rate().basis_points());
                prop_assert!(off.abs() <= 15_000);
            }
            for group in &totals.groups {
                let members = totals.lines.iter().filter(|line| line.treatment == group.treatment);
                let (base, vat) = members.fold((0, 0), |(base, vat), line| (base + line.base, vat + line.vat));
                prop_assert_eq!((group.base, group.vat), (base, vat));
                prop_assert_eq!(group.vat, group_vat(group.base, group.treatment.rate()));
            }
        }

        #[test]
        fn hostile_amounts_are_refused_without_a_panic(
            nets in prop::collection::vec(any::<i64>(), 0..6),
            treatment in any_treatment(),
            discount in any::<i64>(),
        ) {
            let lines: Vec<Line> = nets.into_iter().map(|net| Line { net, treatment }).collect();
            if let Ok(totals) = price(&lines, discount) {
                prop_assert!(0 <= totals.discount && totals.discount <= totals.net);
                stamp_duty(&totals.groups);
            }
        }
    }
}
