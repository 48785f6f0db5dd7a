//! How the review is doing: pure arithmetic.

use crate::platform::clock::Time;

/// Days that the figures look back.
pub const DAYS: i64 = 30;

/// Seconds from the submission to the decision that ended a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimesToDecide {
    /// Reviews that ended.
    pub decided: usize,
    /// Half of them took no longer.
    pub median: Option<i64>,
    /// Nine of ten took no longer.
    pub ninetieth: Option<i64>,
}

impl TimesToDecide {
    /// From when each review began and ended.
    pub fn of(reviews: &[(Time, Time)]) -> Self {
        let mut seconds: Vec<i64> = reviews.iter().map(|(began, ended)| ended.seconds_since(*began)).collect();
        seconds.sort_unstable();
        Self { decided: seconds.len(), median: nearest_rank(&seconds, 50), ninetieth: nearest_rank(&seconds, 90) }
    }
}

/// The smallest of the sorted values that at least so many of a hundred do not exceed.
fn nearest_rank(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    rank.checked_sub(1).and_then(|index| sorted.get(index)).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::platform::clock::Clock;

    proptest! {
        #[test]
        fn so_many_of_a_hundred_took_no_longer_and_fewer_took_less(seconds in prop::collection::vec(0..1_000_000_i64, 1..50)) {
            let began = Clock::default().now();
            let reviews: Vec<_> = seconds.iter().map(|seconds| (began, began.plus_seconds(*seconds))).collect();
            let times = TimesToDecide::of(&reviews);
            prop_assert_eq!(times.decided, seconds.len());
            for (percent, value) in [(50, times.median), (90, times.ninetieth)] {
                let value = value.unwrap();
                let no_longer = seconds.iter().filter(|seconds| **seconds <= value).count();
                let less = seconds.iter().filter(|seconds| **seconds < value).count();
                prop_assert!(no_longer * 100 >= percent * seconds.len() && less * 100 < percent * seconds.len());
            }
        }
    }

    #[test]
    fn nothing_decided_has_no_times() {
        assert_eq!(TimesToDecide::of(&[]), TimesToDecide { decided: 0, median: None, ninetieth: None });
    }
}
