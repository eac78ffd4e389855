//! Y'CbCr matrices and ranges as affine maps between 8-bit codes and R'G'B'.

/// Which Y'CbCr matrix the samples were made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Matrix {
    /// ITU-R BT.601: JPEG, webcams, standard definition.
    #[default]
    Bt601,
    /// ITU-R BT.709: high definition video.
    Bt709,
}

impl Matrix {
    /// Luma weights of red and blue (ITU-R BT.601-7 §2.5.1, BT.709-6 §3.2).
    fn weights(self) -> (f32, f32) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
        }
    }
}

/// Which codes stand for black and white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Range {
    /// Luma 16..=235, chroma 16..=240.
    #[default]
    Limited,
    /// 0..=255.
    Full,
}

/// How Y'CbCr samples are meant. The transfer is taken as sRGB's throughout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Colour {
    /// The matrix.
    pub matrix: Matrix,
    /// The range.
    pub range: Range,
}

/// Rows of an affine map of three values: `out[i] = Σ row[i][j]·in[j] + row[i][3]`.
pub type Affine3 = [[f32; 4]; 3];

impl Colour {
    /// JPEG's meaning: BT.601, full range.
    pub const JPEG: Self = Self { matrix: Matrix::Bt601, range: Range::Full };

    /// From codes / 255 (Y', Cb, Cr in 0..=1) to R'G'B' in 0..=1 (not clipped).
    pub fn to_rgb(self) -> Affine3 {
        let (kr, kb) = self.matrix.weights();
        let kg = 1.0 - kr - kb;
        let (ys, yo, cs) = self.scales();
        let (r_cr, b_cb) = (2.0 * (1.0 - kr), 2.0 * (1.0 - kb));
        let (g_cb, g_cr) = (-b_cb * kb / kg, -r_cr * kr / kg);
        let half = 128.0 / 255.0;
        let row = |cb: f32, cr: f32| [ys, cb * cs, cr * cs, -yo * ys - half * cs * (cb + cr)];
        [row(0.0, r_cr), row(g_cb, g_cr), row(b_cb, 0.0)]
    }

    /// From R'G'B' in 0..=1 to codes / 255.
    pub fn from_rgb(self) -> Affine3 {
        let (kr, kb) = self.matrix.weights();
        let kg = 1.0 - kr - kb;
        let (ys, yo, cs) = self.scales();
        let half = 128.0 / 255.0;
        let (cb, cr) = (0.5 / (1.0 - kb) / cs, 0.5 / (1.0 - kr) / cs);
        [
            [kr / ys, kg / ys, kb / ys, yo],
            [-kr * cb, -kg * cb, (1.0 - kb) * cb, half],
            [(1.0 - kr) * cr, -kg * cr, -kb * cr, half],
        ]
    }

    /// Gain of luma, its offset (of code / 255), gain of chroma, from codes to 0..=1.
    fn scales(self) -> (f32, f32, f32) {
        match self.range {
            Range::Full => (1.0, 0.0, 1.0),
            Range::Limited => (255.0 / 219.0, 16.0 / 255.0, 255.0 / 224.0),
        }
    }
}

/// Applies an affine map.
pub(crate) fn apply(m: &Affine3, v: [f32; 3]) -> [f32; 3] {
    m.map(|r| r[0] * v[0] + r[1] * v[1] + r[2] * v[2] + r[3])
}

/// The identity, for R'G'B' formats.
pub(crate) const IDENTITY: Affine3 = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_black_and_red_have_the_standards_codes() {
        let code = |c: Colour, rgb: [f32; 3]| {
            apply(&c.from_rgb(), rgb).map(|v| (v * 255.0).round().min(255.0) as i32)
        };
        let limited = Colour { matrix: Matrix::Bt601, range: Range::Limited };
        assert_eq!(code(limited, [1.0; 3]), [235, 128, 128]);
        assert_eq!(code(limited, [0.0; 3]), [16, 128, 128]);
        assert_eq!(code(limited, [1.0, 0.0, 0.0]), [81, 90, 240]);
        assert_eq!(code(Colour::JPEG, [1.0, 0.0, 0.0]), [76, 85, 255]);
        let hd = Colour { matrix: Matrix::Bt709, range: Range::Limited };
        assert_eq!(code(hd, [1.0, 0.0, 0.0]), [63, 102, 240]);
    }

    #[test]
    fn the_two_maps_are_inverse() {
        for matrix in [Matrix::Bt601, Matrix::Bt709] {
            for range in [Range::Limited, Range::Full] {
                let c = Colour { matrix, range };
                for rgb in [[0.2, 0.9, 0.4], [1.0, 0.0, 0.5], [0.3, 0.3, 0.3]] {
                    let back = apply(&c.to_rgb(), apply(&c.from_rgb(), rgb));
                    for (a, b) in back.iter().zip(rgb) {
                        assert!((a - b).abs() < 1e-5, "{c:?} {rgb:?} {back:?}");
                    }
                }
            }
        }
    }
}
