//! The lowest of a row of costs, where not all of them need to be worked out.

/// Costs of a row of so many tries: of every second one, `known` among them, and of those beside the lowest; the others are
/// infinite.
pub(super) fn costs_by_halves(count: usize, known: usize, cost: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut costs = vec![f32::INFINITY; count];
    for k in (known % 2..count).step_by(2) {
        costs[k] = cost(k);
    }
    if let Some((best, _)) = costs.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)) {
        for k in [best.wrapping_sub(1), best + 1].into_iter().filter(|k| *k < count) {
            costs[k] = cost(k);
        }
    }
    costs
}

/// Where a row of costs is lowest, by the parabola through the lowest and its neighbours, and the lowest.
pub(super) fn parabolic_minimum(costs: &[f32]) -> Option<(f32, f32)> {
    let (k, least) = costs.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let before = k.checked_sub(1).and_then(|k| costs.get(k)).copied();
    let after = costs.get(k + 1).copied();
    let part = match (before, after) {
        (Some(a), Some(c)) if a - 2.0 * least + c > 1e-9 => 0.5 * (a - c) / (a - 2.0 * least + c),
        _ => 0.0,
    };
    Some((k as f32 + part, least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_s_lowest_place_is_found_between_its_tries() {
        for place in [2.0, 4.3, 5.5, 6.8] {
            let cost = |k: usize| (k as f32 - place).powi(2) + 1.0;
            let (found, _) = parabolic_minimum(&costs_by_halves(10, 3, cost)).unwrap();
            assert!((found - place).abs() < 1e-3, "{found} instead of {place}");
        }
        // At the ends there is no parabola.
        assert_eq!(parabolic_minimum(&[1.0, 2.0, 3.0]), Some((0.0, 1.0)));
        assert_eq!(parabolic_minimum(&[]), None);
    }

    #[test]
    fn every_second_cost_and_those_beside_the_lowest_are_worked_out() {
        let costs = costs_by_halves(9, 1, |k| (k as f32 - 5.0).abs());
        let known: Vec<usize> = (0..9).filter(|k| costs[*k].is_finite()).collect();
        assert_eq!(known, [1, 3, 4, 5, 6, 7]);
    }
}
