//! How many photos are judged right, and at what cost: `cargo bench -p negozio-pictures`.
//!
//! Prints a table of a hundred photos a class that no threshold was set by (of fewer, where a number is given); `-- tuning`
//! takes those that were looked at, `-- wrong` names the photos that were judged wrong. The cost stands beside that of decoding the same file in the same
//! run: another machine's times are another's.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use negozio_pictures::intake::{IntakeLimits, take_in};
use negozio_pictures::quality::{QualityFinding, QualityThresholds, Verdict, assess};
use negozio_pictures::specimen::{PhotoClass, large_photograph, photograph};

const PHOTOS_A_CLASS: u32 = 100;
const ROUNDS: usize = 15;

/// Goals: the share of right judgements, and the the cost of checking over that of decoding.
const LEAST_RIGHT: f64 = 0.97;
const LARGEST_RATIO: f64 = 2.5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |word: &str| arguments.iter().any(|argument| argument == word);
    // `cargo test --all-targets` runs benchmarks too, but without this argument.
    if !is_asked("--bench") {
        return ExitCode::SUCCESS;
    }
    let count = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(PHOTOS_A_CLASS);
    println!("| class | refused by | right of {count} | all rules pass |\n|---|---|---|---|");
    for class in PhotoClass::ALL {
        let numbers: Vec<u32> =
            PhotoClass::held_out(count).map(|number| number - u32::from(is_asked("tuning"))).collect();
        let photos = judged_photos(class, &numbers);
        print_class(class, &photos);
        if is_asked("wrong") {
            photos.iter().filter(|photo| !photo.is_right(class)).for_each(|photo| photo.print(class));
        }
    }
    print_cost();
    ExitCode::SUCCESS
}

struct JudgedPhoto {
    number: u32,
    findings: Vec<QualityFinding>,
}

impl JudgedPhoto {
    fn of(class: PhotoClass, number: u32) -> Self {
        Self { number, findings: judged(&photograph(class, number)) }
    }

    fn is_right(&self, class: PhotoClass) -> bool {
        let mut refusals = self.findings.iter().filter(|finding| finding.verdict == Verdict::Fail);
        match class.fault() {
            None => refusals.next().is_none(),
            Some(fault) => refusals.any(|finding| finding.rule == fault),
        }
    }

    fn passes(&self) -> bool {
        self.findings.iter().all(|finding| finding.verdict == Verdict::Pass)
    }

    fn print(&self, class: PhotoClass) {
        let measured = self.findings.iter().map(|finding| format!("{} {}", finding.rule.as_str(), finding.measured));
        println!("{class:?} {}: {}", self.number, measured.collect::<Vec<_>>().join(", "));
    }
}

/// Drawing takes longer than judging, so all cores draw.
fn judged_photos(class: PhotoClass, numbers: &[u32]) -> Vec<JudgedPhoto> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let judge = |part: &[u32]| part.iter().map(|number| JudgedPhoto::of(class, *number)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let parts: Vec<_> = numbers.chunks(numbers.len().div_ceil(threads).max(1)).collect();
        let working: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || judge(part))).collect();
        working.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

fn print_class(class: PhotoClass, photos: &[JudgedPhoto]) {
    let right = photos.iter().filter(|photo| photo.is_right(class)).count();
    let passed = photos.iter().filter(|photo| photo.passes()).count();
    let fault = class.fault().map_or("nothing", |rule| rule.as_str());
    let is_met = right as f64 >= LEAST_RIGHT * photos.len() as f64;
    println!("| {class:?} | {fault} | {right}{} | {passed} |", if is_met { "" } else { " (goal missed)" });
}

fn judged(bytes: &[u8]) -> Vec<QualityFinding> {
    match take_in(bytes, &IntakeLimits::default()) {
        Ok(picture) => assess(&picture.pixels, &QualityThresholds::default()),
        Err(_) => Vec::new(),
    }
}

fn print_cost() {
    let bytes = large_photograph();
    let mut ratios = Vec::new();
    let (mut decoding, mut checking) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let decoded = timed(|| image::load_from_memory(&bytes).map(|picture| picture.into_rgb8().len()).unwrap_or(0));
        let checked = timed(|| judged(&bytes).len());
        ratios.push(checked.as_secs_f64() / decoded.as_secs_f64());
        decoding.push(decoded.as_secs_f64() * 1000.0);
        checking.push(checked.as_secs_f64() * 1000.0);
    }
    let ratio = median(&mut ratios);
    let verdict = if ratio <= LARGEST_RATIO { "met" } else { "missed" };
    println!(
        "\n12 megapixels: decoding {:.0} ms; taking in, measuring and storing anew {:.0} ms; ratio {ratio:.2} \
         (goal {LARGEST_RATIO}: {verdict})",
        median(&mut decoding),
        median(&mut checking),
    );
}

fn timed<Outcome>(work: impl FnOnce() -> Outcome) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
