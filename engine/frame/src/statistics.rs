//! Medians and percentiles.

/// The smallest of the values that at least `share` (0..=1) of all are not above: the nearest-rank percentile. 0 of no
/// values.
pub fn percentile<T: Copy + Into<f64>>(sorted: &[T], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).or(sorted.last()).map_or(0.0, |value| (*value).into())
}

/// The middle of sorted values; half-way between the two middle ones where their number is even. 0 of no values.
pub fn median<T: Copy + Into<f64>>(sorted: &[T]) -> f64 {
    let at = |index: usize| sorted.get(index).map_or(0.0, |value| (*value).into());
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { at(middle) } else { (at(middle.saturating_sub(1)) + at(middle)) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f32> = (1..=10).map(|v| v as f32).collect();
        let at = [0.0, 0.5, 0.51, 0.95, 1.0, 2.0].map(|share| percentile(&values, share));
        assert_eq!(at, [1.0, 5.0, 6.0, 10.0, 10.0, 10.0]);
        assert_eq!(percentile::<f64>(&[], 0.5), 0.0);
    }

    #[test]
    fn a_median_may_lie_between_two_values() {
        assert_eq!(median(&[1.0f32, 2.0, 9.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 3.0, 4.0]), 2.5);
        assert_eq!((median(&[7.0]), median::<f64>(&[])), (7.0, 0.0));
    }
}
