//! The only place that reads the time. Everything else takes `now` as an argument or asks the [`Clock`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, TimeZone, Utc};

pub use super::db::types::Time;

/// The house's clock: real time, plus what a sandbox has advanced it by.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    advanced_seconds: Arc<AtomicI64>,
}

impl Clock {
    /// The present moment in UTC, cut to microseconds so that a value read back from either database equals the value written.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
    pub fn now(&self) -> Time {
        let advanced = Duration::seconds(self.advanced_seconds.load(Ordering::Relaxed));
        Time((Utc::now() + advanced).trunc_subsecs(6))
    }

    /// The present moment outside, where a sandbox's clock was not moved.
    pub fn outside(&self) -> Time {
        self.now().plus_seconds(-self.advanced())
    }

    /// Moves the clock forward; a sandbox does so to let deadlines pass.
    pub fn advance(&self, seconds: i64) {
        self.advanced_seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Sets how far ahead of real time the clock is, as a sandbox that restarts does.
    pub fn set_advanced(&self, seconds: i64) {
        self.advanced_seconds.store(seconds, Ordering::Relaxed);
    }

    /// How many seconds this clock is ahead of real time.
    pub fn advanced(&self) -> i64 {
        self.advanced_seconds.load(Ordering::Relaxed)
    }
}

impl Time {
    /// This moment plus a number of seconds; the far future where that overflows.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        let end = Utc.timestamp_opt(253_402_300_799, 0).single().unwrap_or(self.0);
        Self(self.0.checked_add_signed(Duration::seconds(seconds)).map_or(end, |time| time.min(end)))
    }

    /// Whole seconds from `earlier` to this moment; negative where `earlier` is later.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).num_seconds()
    }

    /// The calendar day in Italy, which is what a document's expiry and a number series' year go by.
    pub fn italian_date(self) -> NaiveDate {
        self.italian_time().date()
    }

    /// The moment at which a day begins in Italy.
    pub fn start_of_italian_day(day: NaiveDate) -> Self {
        let midnight = day.and_time(NaiveTime::MIN).and_utc();
        // Clocks change at 01:00 UTC, so the offset an hour before midnight UTC is the one at midnight in Italy.
        let offset = italian_offset_hours(Self(midnight - Duration::hours(1)));
        Self(midnight - Duration::hours(offset))
    }

    /// What calendar and clock show in Italy.
    pub fn italian_time(self) -> NaiveDateTime {
        (self.0 + Duration::hours(italian_offset_hours(self))).naive_utc()
    }
}

/// A calendar day as RFC 3339 §5.6 writes it, `2026-11-24`: years have four digits, and signs and spaces are no part of it.
pub fn parse_day(text: &str) -> Option<NaiveDate> {
    let is_right =
        |(index, byte): (usize, u8)| if matches!(index, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    let is_written_right = text.len() == 10 && text.bytes().enumerate().all(is_right);
    if is_written_right { text.parse().ok() } else { None }
}

/// Reads a [`parse_day`] where serde reads: `#[serde(deserialize_with = "calendar_day")]`.
///
/// # Errors
/// For any other text.
pub fn calendar_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
    parse_day(&text).ok_or_else(|| serde::de::Error::custom("not a day as YYYY-MM-DD"))
}

/// The same, for a day that may be left out: `#[serde(default, deserialize_with = "optional_calendar_day")]`.
///
/// # Errors
/// For any other text.
pub fn optional_calendar_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    calendar_day(deserializer).map(Some)
}

/// Central European Time, with summer time from the last Sunday of March to that of October at 01:00 UTC (Directive 2000/84/EC).
fn italian_offset_hours(time: Time) -> i64 {
    use chrono::Datelike;
    let year = time.0.year();
    let change = |month| last_sunday(year, month).and_then(|day| day.and_hms_opt(1, 0, 0)).map(|at| at.and_utc());
    match (change(3), change(10)) {
        (Some(spring), Some(autumn)) if spring <= time.0 && time.0 < autumn => 2,
        _ => 1,
    }
}

fn last_sunday(year: i32, month: u32) -> Option<NaiveDate> {
    use chrono::Datelike;
    let last = NaiveDate::from_ymd_opt(year, month, 31)?;
    last.checked_sub_days(chrono::Days::new(u64::from(last.weekday().num_days_from_sunday())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time(chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc())
    }

    #[test]
    fn the_italian_day_begins_one_or_two_hours_before_utc() {
        assert_eq!(at("2026-12-31T23:30:00Z").italian_date().to_string(), "2027-01-01");
        assert_eq!(at("2026-07-01T22:30:00Z").italian_date().to_string(), "2026-07-02");
        assert_eq!(at("2026-10-25T00:59:00Z").italian_date().to_string(), "2026-10-25");
        assert_eq!(at("2026-01-01T22:59:00Z").italian_date().to_string(), "2026-01-01");
    }

    #[test]
    fn an_italian_day_begins_at_its_midnight() {
        for (day, start) in [
            ("2026-11-24", "2026-11-23T23:00:00Z"),
            ("2026-07-01", "2026-06-30T22:00:00Z"),
            ("2026-03-29", "2026-03-28T23:00:00Z"),
            ("2026-03-30", "2026-03-29T22:00:00Z"),
            ("2026-10-25", "2026-10-24T22:00:00Z"),
            ("2026-10-26", "2026-10-25T23:00:00Z"),
        ] {
            assert_eq!(Time::start_of_italian_day(day.parse().unwrap()), at(start), "{day}");
        }
    }

    #[test]
    fn a_day_is_written_in_one_way() {
        assert_eq!(parse_day("2026-02-28").map(|day| day.to_string()).as_deref(), Some("2026-02-28"));
        for refused in ["2026-02-30", "+12345-01-01", "-001-01-01", "2026-2-28", "2026-02-28T", " 026-02-28", ""] {
            assert_eq!(parse_day(refused), None, "{refused}");
        }
    }

    #[test]
    fn an_advanced_clock_is_ahead() {
        let clock = Clock::default();
        let before = clock.now();
        clock.advance(3600);
        assert!(clock.now().seconds_since(before) >= 3600);
        assert!(before.plus_seconds(i64::MAX / 2000) > before);
    }
}
