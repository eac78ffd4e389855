//! Where pictures of one size stand in those of another: scaled as a whole, never stretched.

use crate::space::PxRect;

/// Where a picture of size `from` stands in one of size `into` (even sides): as large as fits, in the
/// middle, sides and origin even. Both sizes are above 0.
pub(super) fn letterbox(from: (u32, u32), into: (u32, u32)) -> PxRect {
    let (fw, fh) = (u64::from(from.0.max(1)), u64::from(from.1.max(1)));
    let (iw, ih) = (u64::from(into.0), u64::from(into.1));
    let even = |numerator: u64, by: u64, most: u32| {
        let v = (numerator + by) / (by * 2) * 2;
        u32::try_from(v).unwrap_or(most).clamp(2.min(most), most)
    };
    // Compared crosswise: which side is reached first.
    let (width, height) = if fw * ih >= fh * iw {
        (into.0, even(fh * iw, fw, into.1))
    } else {
        (even(fw * ih, fh, into.0), into.1)
    };
    PxRect { x: ((into.0 - width) / 2) & !1, y: ((into.1 - height) / 2) & !1, width, height }
}

/// Where a part of a picture of size `from` lies after it was scaled into `picture`: whole pixels that hold all of it.
pub(super) fn carried(part: &PxRect, from: (u32, u32), picture: &PxRect) -> PxRect {
    let along = |at: u32, from: u32, to: u32, up: bool| {
        let (scaled, from) = (u64::from(at) * u64::from(to), u64::from(from.max(1)));
        let v = if up { scaled.div_ceil(from) } else { scaled / from };
        u32::try_from(v).unwrap_or(to).min(to)
    };
    let (w, h) = (picture.width, picture.height);
    let (x, right) = (along(part.x, from.0, w, false), along(part.right(), from.0, w, true));
    let (y, bottom) = (along(part.y, from.1, h, false), along(part.bottom(), from.1, h, true));
    PxRect { x: picture.x + x, y: picture.y + y, width: right - x, height: bottom - y }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_their_shape_and_stand_in_the_middle() {
        let rect = |x, y, width, height| PxRect { x, y, width, height };
        for (from, into, want) in [
            ((1280, 720), (640, 360), rect(0, 0, 640, 360)),
            ((640, 480), (1280, 720), rect(160, 0, 960, 720)),
            ((1280, 720), (640, 480), rect(0, 60, 640, 360)),
            ((720, 1280), (1280, 720), rect(436, 0, 406, 720)),
            ((1281, 721), (1280, 720), rect(0, 0, 1280, 720)),
            ((8192, 1), (640, 480), rect(0, 238, 640, 2)),
            ((1, 8192), (640, 480), rect(318, 0, 2, 480)),
        ] {
            assert_eq!(letterbox(from, into), want, "{from:?} into {into:?}");
        }
    }

    #[test]
    fn any_pair_of_sizes_gives_an_even_part_of_nearly_the_same_shape() {
        for from in [(640, 480), (1279, 719), (333, 800), (160, 120), (1920, 1080)] {
            for into in [(160, 120), (320, 180), (1280, 720), (720, 1280), (642, 358)] {
                let r = letterbox(from, into);
                assert!(r.right() <= into.0 && r.bottom() <= into.1, "{from:?} {into:?} {r:?}");
                assert!([r.x, r.y, r.width, r.height].iter().all(|v| v % 2 == 0), "{r:?}");
                assert!(r.width == into.0 || r.height == into.1, "{r:?}");
                let wide = f64::from(r.height) * f64::from(from.0) / f64::from(from.1);
                assert!((wide - f64::from(r.width)).abs() <= 2.0 * (wide / f64::from(r.height)).max(1.0));
            }
        }
    }
}
