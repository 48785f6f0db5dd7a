//! Requests that their customers have left unfinished: reminded of, each reminder once, and in the end expired. What
//! counts is how long nothing has changed; whoever goes on and stops again is reminded anew.

use crate::platform::clock::Time;

const DAY: i64 = 24 * 3600;

/// What is due for a request that has been idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleStep {
    /// Its customer is reminded; so many reminders have then been due.
    Remind(i32),
    /// It expires.
    Expire,
}

/// When what is due.
#[derive(Debug, Clone)]
pub struct IdleRules {
    /// Days after each of which a reminder is due, ascending.
    reminders: Vec<u16>,
    /// Days after which a request expires; none for never.
    expiry: Option<u16>,
}

impl IdleRules {
    /// From the days of the configuration, in any order; an expiry of zero days is none.
    pub fn new(reminder_days: &[u16], expiry_days: u16) -> Self {
        let mut reminders = reminder_days.to_vec();
        reminders.sort_unstable();
        reminders.dedup();
        Self { reminders, expiry: (expiry_days > 0).then_some(expiry_days) }
    }

    /// Since when a request must have been idle for anything to be due; none where nothing ever is.
    pub fn earliest(&self, now: Time) -> Option<Time> {
        let days = self.reminders.iter().chain(&self.expiry).min()?;
        Some(now.plus_seconds(-i64::from(*days) * DAY))
    }

    /// What is due for a request that has been idle since a moment and of which so many reminders were sent. Where
    /// several came due at once, as after an outage, one stands for all.
    pub fn step(&self, idle_since: Time, reminders_sent: i32, now: Time) -> Option<IdleStep> {
        let idle = now.seconds_since(idle_since);
        let is_past = |days: &u16| idle >= i64::from(*days) * DAY;
        if self.expiry.as_ref().is_some_and(is_past) {
            return Some(IdleStep::Expire);
        }
        let due = i32::try_from(self.reminders.iter().filter(|days| is_past(days)).count()).unwrap_or(i32::MAX);
        (due > reminders_sent).then_some(IdleStep::Remind(due))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::platform::clock::Clock;

    proptest! {
        #[test]
        fn each_reminder_is_due_once_and_nothing_after_the_expiry(days in prop::collection::vec(1..60_u16, 0..4), expiry in 0..90_u16, step in 1..20_i64) {
            let rules = IdleRules::new(&days, expiry);
            let idle_since = Clock::default().now();
            let (mut sent, mut told, mut expired) = (0, 0, false);
            for day in (0..120).step_by(usize::try_from(step).unwrap()) {
                let now = idle_since.plus_seconds(day * DAY);
                match rules.step(idle_since, sent, now) {
                    Some(IdleStep::Remind(due)) => {
                        prop_assert!(due > sent && !expired && rules.earliest(now).is_some_and(|earliest| idle_since <= earliest));
                        sent = due;
                        told += 1;
                    }
                    Some(IdleStep::Expire) => {
                        prop_assert!(expiry > 0 && day >= i64::from(expiry));
                        expired = true;
                    }
                    None => prop_assert!(!expired),
                }
                prop_assert_eq!(rules.step(idle_since, sent, now).is_some(), expired);
            }
            let mut different = days.clone();
            different.sort_unstable();
            different.dedup();
            prop_assert!(told <= different.len());
            prop_assert_eq!(expired, expiry > 0 && (0..120).step_by(usize::try_from(step).unwrap()).any(|day| day >= i64::from(expiry)));
        }
    }
}
