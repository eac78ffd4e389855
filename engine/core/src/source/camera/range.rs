//! What a driver offers as a range, as a list that people and the choice of a mode can use.

use super::super::Rate;

/// Sizes that programs and sensors share.
const SIZES: [(u32, u32); 10] = [
    (320, 180),
    (320, 240),
    (640, 360),
    (640, 480),
    (800, 600),
    (960, 540),
    (1280, 720),
    (1280, 960),
    (1920, 1080),
    (3840, 2160),
];

/// Rates that programs and sensors share, in frames a second.
const RATES: [u32; 10] = [120, 90, 60, 50, 30, 25, 24, 15, 10, 5];

/// Least, greatest, step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) step: u32,
}

impl Steps {
    fn holds(self, value: u32) -> bool {
        let inside = (self.min..=self.max).contains(&value);
        // A step of 0 is what some drivers say where there is only one value.
        inside && (value - self.min).is_multiple_of(self.step.max(1))
    }
}

/// The usual sizes that lie in the range, the wanted one if it does, and the greatest.
pub(crate) fn sizes(width: Steps, height: Steps, wanted: (u32, u32)) -> Vec<(u32, u32)> {
    let usual = SIZES.into_iter().chain([wanted]).filter(|(w, h)| width.holds(*w) && height.holds(*h));
    let mut found: Vec<_> = usual.chain([(width.max, height.max)]).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The usual rates between the slowest and the fastest, the wanted one if it is there too, and the
/// fastest, from fast to slow.
pub(crate) fn rates(slowest: Rate, fastest: Rate, wanted: Rate) -> Vec<Rate> {
    let (low, high) = (slowest.per_second() * 0.999, fastest.per_second() * 1.001);
    let usual = RATES.iter().filter_map(|rate| Rate::new(*rate, 1)).chain([wanted]);
    let mut found: Vec<Rate> = usual.filter(|rate| (low..=high).contains(&rate.per_second())).collect();
    // Ranges of a thousand frames a second are made up; where a usual rate fits, that is the answer.
    if found.is_empty() {
        found.push(fastest);
    }
    found.sort_by(|a, b| b.per_second().total_cmp(&a.per_second()));
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn sizes_obey_range_and_step() {
        let (w, h) = (Steps { min: 2, max: 1920, step: 2 }, Steps { min: 1, max: 1080, step: 1 });
        let found = sizes(w, h, (1000, 500));
        assert!(
            found.contains(&(1000, 500)) && found.contains(&(1280, 720)) && found.contains(&(1920, 1080))
        );
        assert!(!found.contains(&(3840, 2160)));
        assert!(!sizes(w, h, (1001, 500)).contains(&(1001, 500)));
        let blocks = Steps { min: 16, max: 640, step: 16 };
        let found = sizes(blocks, blocks, (640, 360));
        assert_eq!(found, [(320, 240), (640, 480), (640, 640)]);
        let fixed = Steps { min: 640, max: 640, step: 0 };
        assert_eq!(sizes(fixed, Steps { min: 480, max: 480, step: 0 }, (1280, 720)), [(640, 480)]);
    }

    #[test]
    fn rates_lie_in_the_range() {
        let found = rates(rate("5"), rate("30"), rate("12"));
        assert_eq!(found, ["30", "25", "24", "15", "12", "10", "5"].map(rate));
        assert_eq!(rates(rate("1"), rate("2"), rate("30")), [rate("2")]);
        assert_eq!(rates(rate("29.97"), rate("29.97"), rate("30")), [rate("29.97")]);
        assert_eq!(rates(rate("60"), rate("5"), rate("30")), [rate("5")]);
    }
}
