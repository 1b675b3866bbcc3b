//! An axis: from values to pixels, and where to put the numbers.

use crate::number::{power_of_ten, pretty};

/// Values from `low` to `high` along pixels from `start` to `end`. On a logarithmic axis, `low` and `high` are exponents of ten.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
    pub(super) start: f64,
    pub(super) end: f64,
}

/// A number on an axis: where, in the axis' own measure, and how it reads.
pub(super) type Tick = (f64, String);

impl Axis {
    pub(super) fn linear(low: f64, high: f64) -> Axis {
        Axis { low, high, log: false, start: 0.0, end: 1.0 }
    }

    /// An axis around values, with some air; `None` if no value is finite (or positive, on a logarithmic axis).
    pub(super) fn around(values: impl Iterator<Item = f64>, log: bool) -> Option<Axis> {
        let measured = values.map(|v| if log { v.log10() } else { v }).filter(|v| v.is_finite());
        let (low, high) = measured.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return None;
        }
        // Half the span, which is finite for all numbers. A line that is flat but for rounding is flat.
        let half = high / 2.0 - low / 2.0;
        let flat = half <= 5e-13 * low.abs().max(high.abs());
        let air = match (flat, log) {
            (false, _) => 0.1 * half,
            (true, true) => 0.5,
            (true, false) if low == 0.0 => 1.0,
            (true, false) => 0.5 * low.abs(),
        };
        let (low, high) = ((low - air).max(f64::MIN), (high + air).min(f64::MAX));
        Some(Axis { log, ..Axis::linear(low, high) })
    }

    pub(super) fn on(self, start: f64, end: f64) -> Axis {
        Axis { start, end, ..self }
    }

    /// The pixel of a value; NaN where the axis has no place for it.
    pub(super) fn pixel(&self, value: f64) -> f64 {
        self.place(if self.log { value.log10() } else { value })
    }

    /// The pixel of a place in the axis' own measure.
    pub(super) fn place(&self, measured: f64) -> f64 {
        // The ends of f64 are further apart than f64 goes, and halves of the smallest numbers are 0.
        let unit = if self.low.abs().max(self.high.abs()) > 1e300 { 0.5 } else { 1.0 };
        let share = (measured * unit - self.low * unit) / (self.high * unit - self.low * unit);
        self.start + share * (self.end - self.start)
    }

    /// About `count` numbers at round places.
    pub(super) fn ticks(&self, count: usize) -> Vec<Tick> {
        if self.log { self.log_ticks(count) } else { self.linear_ticks(count) }
    }

    /// Steps of 1, 2 or 5 times a power of ten.
    fn linear_ticks(&self, count: usize) -> Vec<Tick> {
        let largest = self.low.abs().max(self.high.abs());
        // Not finer than the numbers there are.
        let rough = (self.high / count as f64 - self.low / count as f64).max(largest * f64::EPSILON);
        let power = 10f64.powf(rough.log10().floor());
        let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|f| f * power >= rough * 0.999).unwrap_or(10.0);
        let step = factor * power;
        if step == 0.0 {
            // Between the smallest numbers of all, there are no round ones.
            return vec![(self.low, format!("{:e}", self.low)), (self.high, format!("{:e}", self.high))];
        }
        // Counting in whole steps from zero keeps the numbers round.
        let (first, last) = ((self.low / step - 1e-9).ceil(), (self.high / step + 1e-9).floor());
        let mut values: Vec<f64> =
            (0..=(last - first).clamp(0.0, 50.0) as usize).map(|i| (first + i as f64) * step).collect();
        values.retain(|value| value.is_finite());
        values.dedup();
        let texts = if largest > 1e6 * step { beyond_the_first(&values, step) } else { labels(&values, step) };
        values.into_iter().zip(texts).collect()
    }

    /// Powers of ten, or 1, 2 and 5 times those where there are few.
    fn log_ticks(&self, count: usize) -> Vec<Tick> {
        let (first, last) = (self.low.ceil() as i32, self.high.floor() as i32);
        if last - first < 1 {
            let fine = (self.low.floor() as i32..=last + 1)
                .flat_map(|e| [1.0, 2.0, 3.0, 5.0, 7.0].map(|f| f * 10f64.powi(e)))
                .filter(|v| (self.low..=self.high).contains(&v.log10()))
                .map(|v| (v.log10(), pretty(v)));
            let fine: Vec<Tick> = fine.collect();
            // In a narrow range, round numbers on a straight scale are what is left.
            return if fine.len() >= 2 { fine } else { self.bent_linear_ticks(count) };
        }
        let every = (last - first).div_euclid(count.max(1) as i32) + 1;
        (first..=last)
            .filter(|e| e.rem_euclid(every) == 0)
            .map(|e| (f64::from(e), power_of_ten(&e.to_string())))
            .collect()
    }

    fn bent_linear_ticks(&self, count: usize) -> Vec<Tick> {
        let straight = Axis::linear(10f64.powf(self.low), 10f64.powf(self.high));
        straight
            .linear_ticks(count)
            .into_iter()
            .filter(|(v, _)| *v > 0.0)
            .map(|(v, label)| (v.log10(), label))
            .collect()
    }
}

/// How round numbers a step apart read: with as many decimals as the step has.
fn labels(values: &[f64], step: f64) -> Vec<String> {
    let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let smallest_place = (step * 1.0001).log10().floor();
    let decimals = (-smallest_place).max(0.0) as usize;
    let plain = largest < 1e5 && decimals <= 4;
    // One power of ten for all numbers, so that they compare at a glance.
    let exponent = largest.log10().floor();
    let digits = (exponent - smallest_place).clamp(0.0, 9.0) as usize;
    // 10⁻³⁰⁸ and less are not in f64 with all their digits.
    let small: f64 = if exponent < -290.0 { 1e200 } else { 1.0 };
    let unit = 10f64.powf(exponent + small.log10());
    let label = |v: f64| {
        let text = if v.abs() < step / 2.0 {
            "0".to_owned()
        } else if plain {
            format!("{v:.decimals$}")
        } else {
            format!("{:.digits$}×{}", v * small / unit, power_of_ten(&exponent.to_string()))
        };
        text.replace('-', "−")
    };
    values.iter().map(|&v| label(v)).collect()
}

/// How numbers read that are large beside the step between them: the lowest in full, the others as what is added to it.
fn beyond_the_first(values: &[f64], step: f64) -> Vec<String> {
    let Some(&first) = values.first() else { return Vec::new() };
    let places = -(step * 1.0001).log10().floor();
    let whole = if (1e-3..1e12).contains(&first.abs()) && places <= 15.0 {
        format!("{first:.*}", places.max(0.0) as usize)
    } else {
        let digits = (first.abs().log10().floor() + places).clamp(0.0, 17.0) as usize;
        let text = format!("{first:.digits$e}");
        text.split_once('e').map_or(text.clone(), |(digits, exponent)| format!("{digits}×{}", power_of_ten(exponent)))
    };
    let added: Vec<f64> = values.iter().map(|value| value - first).collect();
    let added = labels(&added, step).into_iter().skip(1).map(|text| format!("+{text}"));
    std::iter::once(whole.replace('-', "−")).chain(added).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis) -> Vec<String> {
        axis.ticks(6).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(Axis::linear(-3.0, 3.0)), ["−3", "−2", "−1", "0", "1", "2", "3"]);
        assert_eq!(labels(Axis::linear(0.0, 1.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(Axis::linear(0.0, 2e6)), ["0", "0.5×10⁶", "1.0×10⁶", "1.5×10⁶", "2.0×10⁶"]);
        assert_eq!(labels(Axis::linear(-1e-6, 1e-6)), ["−1.0×10⁻⁶", "−0.5×10⁻⁶", "0", "0.5×10⁻⁶", "1.0×10⁻⁶"]);
    }

    #[test]
    fn ticks_near_a_large_number_tell_what_is_added_to_it() {
        assert_eq!(labels(Axis::linear(1e10, 1e10 + 1.0)), ["10000000000.0", "+0.2", "+0.4", "+0.6", "+0.8", "+1.0"]);
        assert_eq!(labels(Axis::linear(-1e9 - 2.0, -1e9)), ["−1000000002.0", "+0.5", "+1.0", "+1.5", "+2.0"]);
        assert_eq!(
            labels(Axis::linear(1.0, 1.0 + 1e-9)),
            ["1.0000000000", "+0.2×10⁻⁹", "+0.4×10⁻⁹", "+0.6×10⁻⁹", "+0.8×10⁻⁹", "+1.0×10⁻⁹"]
        );
    }

    /// Whatever the range: the numbers are within it, rise, and no two read alike.
    #[test]
    fn ticks_of_any_range_differ() {
        let near = |x: f64, steps: usize| (x, (0..steps).fold(x, |x, _| x.next_up()));
        let ranges = [
            (-1e308, 1e308),
            (f64::MIN, f64::MAX),
            (0.0, f64::MAX),
            (0.0, 1e-300),
            (0.0, 1e-310),
            (-1e-320, 1e-320),
            (0.0, 5e-323),
            (1e300, 1e300 * (1.0 + 1e-9)),
            (1e-300, 1e-300 * (1.0 + 1e-9)),
            (-1e10 - 1.0, -1e10),
            (1e5, 1e5 + 1e-3),
            (99_999.0, 100_001.0),
            (1e15, 1e15 + 1.0),
            near(1e16, 2),
            near(1.0, 3),
            near(-1e200, 2),
            near(1e9, 100),
            (999_999.5, 1_000_000.5),
            (0.1, 0.1 + 1e-12),
        ];
        for (low, high) in ranges {
            for log in [false, true] {
                if log && (low <= 0.0 || low.log10() == high.log10()) {
                    continue;
                }
                let (from, to) = if log { (low.log10(), high.log10()) } else { (low, high) };
                let axis = Axis { log, ..Axis::linear(from, to) }.on(0.0, 600.0);
                let ticks = axis.ticks(8);
                let texts: Vec<&String> = ticks.iter().map(|(_, text)| text).collect();
                assert!((log || !ticks.is_empty()) && ticks.len() < 20, "{low:e}..{high:e}: {texts:?}");
                for (i, (place, text)) in ticks.iter().enumerate() {
                    assert!(!text.contains("NaN") && !text.contains("inf"), "{low:e}..{high:e}: {texts:?}");
                    assert!((-1.0..=601.0).contains(&axis.place(*place)), "{low:e}..{high:e}: {place} of {texts:?}");
                    assert!(!texts[..i].contains(&text), "{low:e}..{high:e}: {texts:?}");
                }
            }
        }
    }

    #[test]
    fn axes_reach_from_end_to_end_of_f64() {
        let axis = Axis::around([f64::MIN, f64::MAX].into_iter(), false).expect("an axis").on(0.0, 100.0);
        assert_eq!((axis.pixel(f64::MIN), axis.pixel(0.0), axis.pixel(f64::MAX)), (0.0, 50.0, 100.0));
        let axis = Axis::around([0.0, 1e-320].into_iter(), false).expect("an axis").on(0.0, 100.0);
        assert!((axis.pixel(5e-321) - 50.0).abs() < 1.0);
    }

    #[test]
    fn log_ticks_are_powers_of_ten_where_they_fit() {
        let log = |low, high| labels(Axis { log: true, ..Axis::linear(low, high) });
        assert_eq!(log(-3.2, 1.1), ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]);
        assert_eq!(log(-24.0, 0.0), ["10⁻²⁰", "10⁻¹⁵", "10⁻¹⁰", "10⁻⁵", "10⁰"]);
        assert_eq!(log(0.1, 0.9), ["2", "3", "5", "7"]);
        assert_eq!(log(1.0, 1.1), ["10.0", "10.5", "11.0", "11.5", "12.0", "12.5"]);
    }

    #[test]
    fn an_axis_gives_flat_data_some_air_and_refuses_none() {
        let axis = Axis::around([2.0, 2.0].into_iter(), false).expect("an axis");
        assert_eq!((axis.low, axis.high), (1.0, 3.0));
        assert!(Axis::around([f64::NAN].into_iter(), false).is_none());
        assert!(Axis::around([-1.0, 0.0].into_iter(), true).is_none());
        assert_eq!(Axis::linear(0.0, 4.0).on(100.0, 200.0).pixel(1.0), 125.0);
    }
}
