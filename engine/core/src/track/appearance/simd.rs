//! Least squares over many texels, eight at a time.

use multiversion::multiversion;
use wide::f32x8;

/// Texels at a time.
pub(super) const LANES: usize = 8;
/// So many eights are gathered before their products are summed: then the sums stay in registers.
const BLOCK: usize = 8;

type Block = [[f32; LANES]; BLOCK];

/// Adds the weighted products of the columns with each other, those with themselves and later ones, to the sums.
#[multiversion(targets("x86_64+avx2"))]
fn add_products<const K: usize>(columns: &[Block; K], weights: &Block, sums: &mut [[[f32; LANES]; K]; K]) {
    for (i, (column, sums)) in columns.iter().zip(sums).enumerate() {
        let mut own = *column;
        for (own, weights) in own.iter_mut().zip(weights) {
            own.iter_mut().zip(weights).for_each(|(own, weight)| *own *= weight);
        }
        for (other, sums) in columns.iter().zip(sums).skip(i) {
            let mut total = *sums;
            for (a, b) in own.iter().zip(other) {
                for ((total, a), b) in total.iter_mut().zip(a).zip(b) {
                    *total += a * b;
                }
            }
            *sums = total;
        }
    }
}

/// Sums of weighted products of `K` columns with each other.
pub(super) struct Products<const K: usize> {
    columns: [Block; K],
    weights: Block,
    filled: usize,
    sums: [[[f32; LANES]; K]; K],
}

impl<const K: usize> Products<K> {
    pub(super) fn new() -> Self {
        Self {
            columns: [[[0.0; LANES]; BLOCK]; K],
            weights: [[0.0; LANES]; BLOCK],
            filled: 0,
            sums: [[[0.0; LANES]; K]; K],
        }
    }

    /// Takes eight rows in, column by column.
    #[inline]
    pub(super) fn push(&mut self, row: [f32x8; K], weight: f32x8) {
        for (column, value) in self.columns.iter_mut().zip(row) {
            column[self.filled % BLOCK] = value.to_array();
        }
        self.weights[self.filled % BLOCK] = weight.to_array();
        self.filled += 1;
        if self.filled == BLOCK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.weights[self.filled..].fill([0.0; LANES]);
        add_products(&self.columns, &self.weights, &mut self.sums);
        self.filled = 0;
    }

    /// The sums: of the weight times column i times column j.
    pub(super) fn sums(mut self) -> [[f32; K]; K] {
        self.flush();
        let upper = self.sums.map(|row| row.map(|sums| f32x8::from(sums).reduce_add()));
        std::array::from_fn(|i| std::array::from_fn(|j| upper[i.min(j)][i.max(j)]))
    }
}

/// The light's six terms at places of the square, both from -1 to 1: as [`super::texels::TERMS`].
#[inline]
pub(super) fn light_terms(u: f32x8, v: f32x8) -> [f32x8; 6] {
    [f32x8::ONE, u, v, u * u, u * v, v * v]
}

/// What a light makes of places with such terms.
#[inline]
pub(super) fn light_at_lanes(light: &[f32; 6], terms: &[f32x8; 6]) -> f32x8 {
    let mut sum = f32x8::splat(light[0]);
    for (amount, term) in light.iter().zip(terms).skip(1) {
        sum += *term * *amount;
    }
    sum
}

/// Eight values of something, zeros where there are fewer.
#[inline]
pub(super) fn load_lanes<T>(items: &[T], value: impl Fn(&T) -> f32) -> f32x8 {
    let mut out = [0.0; LANES];
    out.iter_mut().zip(items).for_each(|(o, t)| *o = value(t));
    f32x8::from(out)
}

/// Solves a symmetric positive system by elimination without pivots; none where it has no solution.
pub(super) fn solve<const K: usize>(mut a: [[f32; K]; K], mut b: [f32; K]) -> Option<[f32; K]> {
    for i in 0..K {
        if a[i][i].is_nan() || a[i][i] <= 1e-12 {
            return None;
        }
        for r in i + 1..K {
            let f = a[r][i] / a[i][i];
            for c in i..K {
                a[r][c] -= f * a[i][c];
            }
            b[r] -= b[i] * f;
        }
    }
    for i in (0..K).rev() {
        let known: f32 = (i + 1..K).map(|c| b[c] * a[i][c]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    b.iter().all(|v| v.is_finite()).then_some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_rows_one_by_one() {
        // 13 eights: more than one block, and no whole number of them.
        let value = |row: usize, column: usize| ((row * 37 + column * 11) % 17) as f32 / 8.0 - 1.0;
        let weight = |row: usize| (row % 5) as f32;
        let mut products = Products::<4>::new();
        for eight in 0..13 {
            let lanes = |f: &dyn Fn(usize) -> f32| {
                f32x8::from(std::array::from_fn::<f32, LANES, _>(|k| f(eight * LANES + k)))
            };
            products.push(std::array::from_fn(|c| lanes(&|row| value(row, c))), lanes(&weight));
        }
        let sums = products.sums();
        for i in 0..4 {
            for j in 0..4 {
                let expected: f32 =
                    (0..13 * LANES).map(|row| weight(row) * value(row, i) * value(row, j)).sum();
                assert!((sums[i][j] - expected).abs() < 1e-2, "{i} {j}: {} for {expected}", sums[i][j]);
            }
        }
    }

    #[test]
    fn a_system_is_solved_and_a_flat_one_is_not() {
        let solved = solve([[4.0, 1.0], [1.0, 3.0]], [1.0, 2.0]).unwrap();
        assert!((solved[0] - 1.0 / 11.0).abs() < 1e-6 && (solved[1] - 7.0 / 11.0).abs() < 1e-6);
        assert_eq!(solve([[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0]), None);
        assert_eq!(solve([[f32::NAN]], [1.0]), None);
    }
}
