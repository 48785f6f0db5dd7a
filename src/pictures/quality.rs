//! Whether a photo of a document can be worked with, as the guide asks (step 18): "a colori su
//! sfondo chiaro e con bordi ben visibili", and beside that sharp, without glare and large enough.
//!
//! Every rule is measured and answered with its value and its threshold. Only what is clearly bad
//! fails and blocks; what is doubtful warns and is left to the reviewer.

mod analysis;
mod measures;

use image::RgbImage;

use analysis::Analysis;

/// What a photo is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QualityRule {
    /// The document is in colour: neither grey nor toned in a single hue.
    Colour,
    /// The document lies on something light and even.
    Background,
    /// All four borders of the document show, with some background around.
    Borders,
    /// The print is sharp.
    Sharpness,
    /// No reflection hides a part of the document.
    Glare,
    /// The document has enough pixels.
    Resolution,
    /// The document is seen from above, not from aside.
    Perspective,
}

impl QualityRule {
    /// Every rule, in the order in which they are answered.
    pub const ALL: [Self; 7] = [
        Self::Colour,
        Self::Background,
        Self::Borders,
        Self::Sharpness,
        Self::Glare,
        Self::Resolution,
        Self::Perspective,
    ];

    /// Stable name, as it is sent and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Colour => "colour",
            Self::Background => "background",
            Self::Borders => "borders",
            Self::Sharpness => "sharpness",
            Self::Glare => "glare",
            Self::Resolution => "resolution",
            Self::Perspective => "perspective",
        }
    }

    /// What to do for a better photo, in the language of `locale` (`en`, `en-GB`, …); Italian otherwise.
    pub fn hint(self, locale: &str) -> &'static str {
        let english = locale.get(..2).is_some_and(|language| language.eq_ignore_ascii_case("en"));
        if english { self.english_hint() } else { self.italian_hint() }
    }

    fn italian_hint(self) -> &'static str {
        match self {
            Self::Colour => "Fotografa il documento originale a colori, non una fotocopia in bianco e nero.",
            Self::Background => "Appoggia il documento su uno sfondo chiaro e uniforme, ad esempio un foglio bianco.",
            Self::Borders => "Inquadra tutto il documento, lasciando un po' di sfondo attorno a ogni bordo.",
            Self::Sharpness => {
                "Tieni fermo il telefono, metti a fuoco e pulisci l'obiettivo: il testo deve essere nitido."
            }
            Self::Glare => "Evita il flash e i riflessi: sposta il documento o la luce finché nulla resta coperto.",
            Self::Resolution => "Avvicina il telefono o usa una risoluzione maggiore: il documento è troppo piccolo.",
            Self::Perspective => "Fotografa il documento dall'alto, con il telefono parallelo al piano d'appoggio.",
        }
    }

    fn english_hint(self) -> &'static str {
        match self {
            Self::Colour => "Photograph the original document in colour, not a black and white copy.",
            Self::Background => "Lay the document on a light and even background, such as a white sheet.",
            Self::Borders => "Frame the whole document and leave some background around every border.",
            Self::Sharpness => "Hold the phone still, focus and clean the lens: the text must be sharp.",
            Self::Glare => "Avoid the flash and reflections: move the document or the light until nothing is hidden.",
            Self::Resolution => "Move closer or use a higher resolution: the document is too small.",
            Self::Perspective => "Photograph the document from above, with the phone parallel to the table.",
        }
    }
}

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Good.
    Pass,
    /// Doubtful: does not block, the reviewer looks.
    Warn,
    /// Clearly bad: blocks.
    Fail,
}

impl Verdict {
    /// Stable name, as it is sent and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// The answer of one rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityFinding {
    /// The rule.
    pub rule: QualityRule,
    /// What was measured, in the unit that [`QualityThresholds`] gives for the rule; always finite.
    pub measured: f64,
    /// The value from which the rule passes.
    pub threshold: f64,
    /// How the rule came out.
    pub verdict: Verdict,
}

/// From where a measure passes and from where it fails; it warns in between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// More is better: passes from `pass` upwards, fails below `fail`.
    AtLeast {
        /// The least value that passes.
        pass: f64,
        /// Below this it fails.
        fail: f64,
    },
    /// Less is better: passes up to `pass`, fails above `fail`.
    AtMost {
        /// The largest value that passes.
        pass: f64,
        /// Above this it fails.
        fail: f64,
    },
}

impl Threshold {
    fn pass(self) -> f64 {
        match self {
            Self::AtLeast { pass, .. } | Self::AtMost { pass, .. } => pass,
        }
    }

    fn judge(self, measured: f64) -> Verdict {
        let (passes, fails) = match self {
            Self::AtLeast { pass, fail } => (measured >= pass, measured < fail),
            Self::AtMost { pass, fail } => (measured <= pass, measured > fail),
        };
        if passes {
            Verdict::Pass
        } else if fails {
            Verdict::Fail
        } else {
            Verdict::Warn
        }
    }
}

/// All thresholds in one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityThresholds {
    /// Levels (of 255) of chroma that luma does not explain, over the most colourful twentieth of the document.
    pub colour: Threshold,
    /// Share (0 to 1) of the picture's outermost ring that is light and even.
    pub background: Threshold,
    /// Distance of the document from the nearest edge of the picture, as a share of the picture's short side.
    pub borders: Threshold,
    /// Steepness of the document's strongest edges: share of its contrast crossed per pixel at 640 pixels.
    pub sharpness: Threshold,
    /// Share (0 to 1) of the document under its largest burnt-out patch.
    pub glare: Threshold,
    /// Pixels of the document's long side.
    pub resolution: Threshold,
    /// Shorter over longer of the document's opposite sides, in the pair that differs most: 1 from straight above.
    pub perspective: Threshold,
}

impl Default for QualityThresholds {
    /// Set where the clean photos of the specimen pass with room to spare and the bad ones do not.
    fn default() -> Self {
        Self {
            colour: Threshold::AtLeast { pass: 9.0, fail: 5.5 },
            background: Threshold::AtLeast { pass: 0.9, fail: 0.84 },
            borders: Threshold::AtLeast { pass: 0.015, fail: 0.004 },
            sharpness: Threshold::AtLeast { pass: 0.20, fail: 0.15 },
            glare: Threshold::AtMost { pass: 0.01, fail: 0.04 },
            // 85.6 mm (ISO/IEC 7810 ID-1) at 240 and at 150 dots per inch.
            resolution: Threshold::AtLeast { pass: 800.0, fail: 500.0 },
            perspective: Threshold::AtLeast { pass: 0.85, fail: 0.75 },
        }
    }
}

impl QualityThresholds {
    /// The threshold of a rule.
    pub fn of(&self, rule: QualityRule) -> Threshold {
        match rule {
            QualityRule::Colour => self.colour,
            QualityRule::Background => self.background,
            QualityRule::Borders => self.borders,
            QualityRule::Sharpness => self.sharpness,
            QualityRule::Glare => self.glare,
            QualityRule::Resolution => self.resolution,
            QualityRule::Perspective => self.perspective,
        }
    }
}

/// Measures a photo by every rule, in the order of [`QualityRule::ALL`].
///
/// The same pixels give the same answer; any picture, even of one pixel, is answered by every rule.
pub fn assess(picture: &RgbImage, thresholds: &QualityThresholds) -> Vec<QualityFinding> {
    let analysis = Analysis::of(picture);
    QualityRule::ALL.into_iter().map(|rule| finding(rule, &analysis, thresholds)).collect()
}

fn finding(rule: QualityRule, analysis: &Analysis, thresholds: &QualityThresholds) -> QualityFinding {
    let threshold = thresholds.of(rule);
    let measured = rounded(measure(rule, analysis));
    let judged = threshold.judge(measured);
    let unsure = match rule {
        QualityRule::Borders => document_may_be_pale(analysis, thresholds),
        QualityRule::Glare => measures::paper_may_be_white(analysis),
        _ => false,
    };
    QualityFinding {
        rule,
        measured,
        threshold: threshold.pass(),
        verdict: if unsure { judged.min(Verdict::Warn) } else { judged },
    }
}

/// A pale document on a pale table may be all there without standing out: for the reviewer to see. What stands out at an
/// edge of the picture shows that it is not.
fn document_may_be_pale(analysis: &Analysis, thresholds: &QualityThresholds) -> bool {
    let share = rounded(measures::light_and_even_share(analysis));
    let is_away_from_edges = !measures::reaches_an_edge(analysis);
    analysis.document.is_none() && is_away_from_edges && thresholds.background.judge(share) == Verdict::Pass
}

fn measure(rule: QualityRule, analysis: &Analysis) -> f64 {
    match rule {
        QualityRule::Colour => measures::unexplained_chroma(analysis),
        QualityRule::Background => measures::light_and_even_share(analysis),
        QualityRule::Borders => measures::border_margin(analysis),
        QualityRule::Sharpness => measures::edge_steepness(analysis),
        QualityRule::Glare => measures::largest_burnt_share(analysis),
        QualityRule::Resolution => measures::document_long_side(analysis),
        QualityRule::Perspective => measures::side_ratio(analysis),
    }
}

/// To four decimals, so that what is shown is what was judged.
fn rounded(measured: f64) -> f64 {
    if measured.is_finite() { (measured * 10_000.0).round() / 10_000.0 } else { 0.0 }
}

#[cfg(test)]
mod tests;
