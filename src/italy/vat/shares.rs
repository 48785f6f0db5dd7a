//! An amount shared out so that not a cent is lost.

use std::cmp::Reverse;

use super::within_cents;

/// Shares `total` out in proportion to `weights` by largest remainder: the shares sum exactly to
/// `total`, each is within a cent of its exact part, and no share exceeds its weight as long as
/// `total` does not exceed their sum. Cents left over go to the largest remainders, among equals
/// to the first.
///
/// A negative weight counts as zero; when nothing weighs anything, the parts are equal. Without
/// weights there is nobody to share with and the answer is empty.
pub fn share_out(total: i64, weights: &[i64]) -> Vec<i64> {
    let weights = effective_weights(weights);
    let sum: i128 = weights.iter().sum();
    let amount = i128::from(total).abs();
    let sign = i128::from(total).signum();

    // Both factors fit in 64 bits, so their product fits in 128.
    let mut shares: Vec<i128> = weights.iter().map(|weight| amount * weight / sum).collect();
    let left_over = amount - shares.iter().sum::<i128>();

    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|index| {
        let remainder = weights.get(*index).map(|weight| amount * weight % sum);
        Reverse(remainder)
    });
    // Fewer cents are left over than there are weights.
    let fortunate = usize::try_from(left_over).unwrap_or_default();
    for index in by_remainder.into_iter().take(fortunate) {
        if let Some(share) = shares.get_mut(index) {
            *share += 1;
        }
    }
    shares.into_iter().map(|share| within_cents(share * sign)).collect()
}

/// The weights without negative ones, and never all zero.
fn effective_weights(weights: &[i64]) -> Vec<i128> {
    if weights.iter().all(|weight| *weight <= 0) {
        return vec![1; weights.len()];
    }
    weights.iter().map(|weight| i128::from(*weight).max(0)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn left_over_cents_go_to_the_largest_remainders() {
        assert_eq!(share_out(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(share_out(10, &[1, 2, 3]), [2, 3, 5]);
        assert_eq!(share_out(1, &[1, 3, 2]), [0, 1, 0]);
        assert_eq!(share_out(-100, &[1, 1, 1]), [-34, -33, -33]);
    }

    #[test]
    fn degenerate_weights() {
        assert_eq!(share_out(5, &[]), Vec::<i64>::new());
        assert_eq!(share_out(5, &[0, 0]), [3, 2]);
        assert_eq!(share_out(5, &[-3, 7]), [0, 5]);
        assert_eq!(share_out(0, &[2, 7]), [0, 0]);
        assert_eq!(share_out(i64::MIN, &[i64::MAX]), [i64::MIN]);
    }

    proptest! {
        /// Invariant 3: an allocated discount sums exactly.
        #[test]
        fn shares_sum_to_the_total(total in any::<i64>(), weights in prop::collection::vec(any::<i64>(), 1..20)) {
            let shares = share_out(total, &weights);
            prop_assert_eq!(shares.len(), weights.len());
            prop_assert_eq!(shares.iter().map(|share| i128::from(*share)).sum::<i128>(), i128::from(total));
        }

        #[test]
        fn each_share_is_within_a_cent_of_its_part_and_within_its_weight(
            weights in prop::collection::vec(0_i64..1_000_000_000, 1..20),
            portion in 0.0_f64..=1.0,
        ) {
            let sum: i64 = weights.iter().sum();
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any total up to the sum will do")]
            let total = ((sum as f64 * portion) as i64).min(sum);
            for (share, weight) in share_out(total, &weights).into_iter().zip(&weights) {
                prop_assert!((0..=*weight).contains(&share));
                let off = i128::from(share) * i128::from(sum) - i128::from(total) * i128::from(*weight);
                prop_assert!(off.abs() < i128::from(sum).max(1));
            }
        }
    }
}
