//! Durations and what is made of them.

use std::time::Duration;

/// How long each of many calls took.
#[derive(Default)]
pub struct Latencies(Vec<u32>);

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, latency: Duration) {
        self.0.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// Adds another's.
    pub fn merge(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The latency that a share of the calls, 0 to 1, did not exceed, in milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let index = (last as f64 * share).round() as usize;
        f64::from(sorted.get(index).copied().unwrap_or(0)) / 1000.0
    }

    /// `p50 / p99` in milliseconds.
    pub fn summary(&self) -> String {
        format!("{:.2} / {:.2} ms", self.quantile(0.5), self.quantile(0.99))
    }
}

/// The middle one of some figures.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The largest of some figures.
pub fn largest(figures: impl IntoIterator<Item = f64>) -> f64 {
    figures.into_iter().fold(0.0, f64::max)
}

/// One line of the table: what was wanted, what came, what it was measured by.
pub struct Goal {
    /// What was wanted.
    pub goal: &'static str,
    /// What came.
    pub measured: String,
    /// What it was measured by in the same run.
    pub yardstick: String,
    /// Whether it holds.
    pub holds: bool,
}

/// Prints the table, in Markdown.
pub fn print_goals(goals: &[Goal]) {
    println!("\n| goal | measured | by | holds |\n|---|---|---|---|");
    for Goal { goal, measured, yardstick, holds } in goals {
        println!("| {goal} | {measured} | {yardstick} | {} |", if *holds { "yes" } else { "**no**" });
    }
}
