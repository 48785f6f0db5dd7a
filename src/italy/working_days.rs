//! Working days: where the law counts in days, a term that would end on a holiday ends on the next working day.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};

/// Public holidays that fall on the same day each year: month, day, and the first year (L. 260/1949; 4 October again
/// from 2026, L. 151/2025).
const FIXED: [(u32, u32, i32); 11] = [
    (1, 1, 0),
    (1, 6, 0),
    (4, 25, 0),
    (5, 1, 0),
    (6, 2, 0),
    (8, 15, 0),
    (10, 4, 2026),
    (11, 1, 0),
    (12, 8, 0),
    (12, 25, 0),
    (12, 26, 0),
];

/// Whether a day is neither a Saturday, a Sunday nor a public holiday of all Italy. Patron saints' days are local.
pub fn is_working_day(day: NaiveDate) -> bool {
    let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    !is_weekend && !is_holiday(day)
}

/// The day itself, or the first working day after it (Reg. (EEC, Euratom) 1182/71, art. 3(4)).
pub fn working_day_from(day: NaiveDate) -> NaiveDate {
    day.iter_days().find(|candidate| is_working_day(*candidate)).unwrap_or(day)
}

fn is_holiday(day: NaiveDate) -> bool {
    let is_fixed =
        FIXED.iter().any(|(month, on, since)| (day.month(), day.day()) == (*month, *on) && day.year() >= *since);
    is_fixed || easter(day.year()).and_then(|sunday| sunday.checked_add_days(Days::new(1))) == Some(day)
}

/// Easter Sunday of a Gregorian year, by the anonymous algorithm (Meeus, Jones, Butcher).
fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, of_century) = (year % 19, year / 100, year % 100);
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - correction + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn easter_falls_where_the_calendar_says() {
        for sunday in ["2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2038-04-25", "2285-03-22"]
        {
            let sunday = day(sunday);
            assert_eq!(easter(sunday.year()), Some(sunday));
        }
    }

    #[test]
    fn holidays_are_no_working_days() {
        for holiday in ["2026-04-06", "2026-06-02", "2028-10-04", "2026-12-08", "2026-11-28", "2026-11-29"] {
            assert!(!is_working_day(day(holiday)), "{holiday}");
        }
        assert!(is_working_day(day("2026-11-24")));
        // A Friday, before the holiday was brought back.
        assert!(is_working_day(day("2024-10-04")));
    }

    proptest! {
        #[test]
        fn a_working_day_is_never_far(offset in 0_u64..80_000) {
            let from = day("1990-01-01") + Days::new(offset);
            let working = working_day_from(from);
            prop_assert!(is_working_day(working));
            prop_assert!((0..=5).contains(&(working - from).num_days()));
            prop_assert!(from.iter_days().take_while(|between| *between < working).all(|between| !is_working_day(between)));
        }
    }
}
