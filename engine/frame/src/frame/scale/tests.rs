use super::*;
use crate::frame::Colour;

/// A frame whose components are functions of the place in luma samples, from the picture's corner, in shares of its sides.
fn drawn(format: PixelFormat, (width, height): (u32, u32), of: impl Fn(usize, f64, f64) -> f64) -> Frame {
    let data = vec![255; Frame::byte_len(format, width, height)];
    let mut frame = Frame::new(format, Colour::default(), width, height, data).unwrap();
    for (k, component) in components(&frame).into_iter().enumerate() {
        for y in 0..component.rows {
            for x in 0..component.columns {
                let place = |i: usize, step: u32, side: u32| {
                    let (i, step) = (i as f64 * f64::from(step), f64::from(step));
                    (i + (i + step).min(f64::from(side))) * 0.5 / f64::from(side)
                };
                let (sx, sy) = component.step;
                let value = of(k, place(x, sx, width), place(y, sy, height));
                frame.data[component.at(x, y)] = value.round() as u8;
            }
        }
    }
    frame
}

/// Where the samples of one component lie.
struct Component {
    offset: usize,
    next: usize,
    stride: usize,
    columns: usize,
    rows: usize,
    step: (u32, u32),
}

impl Component {
    fn at(&self, x: usize, y: usize) -> usize {
        self.offset + y * self.stride + x * self.next
    }
}

fn components(frame: &Frame) -> Vec<Component> {
    let (sx, sy) = frame.format.chroma_step();
    // Plane, first byte and bytes to the next sample.
    let places: &[(usize, usize, usize)] = match frame.format {
        PixelFormat::I420 | PixelFormat::I422 | PixelFormat::I444 => &[(0, 0, 1), (1, 0, 1), (2, 0, 1)],
        PixelFormat::Nv12 => &[(0, 0, 1), (1, 0, 2), (1, 1, 2)],
        PixelFormat::Yuyv => &[(0, 0, 2), (0, 1, 4), (0, 3, 4)],
        PixelFormat::Bgra => &[(0, 0, 4), (0, 1, 4), (0, 2, 4), (0, 3, 4)],
        PixelFormat::Rgb => &[(0, 0, 3), (0, 1, 3), (0, 2, 3)],
    };
    let component = |(k, (plane, first, next)): (usize, &(usize, usize, usize))| {
        let plane = frame.planes()[*plane];
        let step = if k == 0 { (1, 1) } else { (sx, sy) };
        let (columns, rows) = (frame.width.div_ceil(step.0) as usize, frame.height.div_ceil(step.1) as usize);
        Component { offset: plane.offset + first, next: *next, stride: plane.stride, columns, rows, step }
    };
    places.iter().enumerate().map(component).collect()
}

/// In doubles: for each new sample the old ones it is made of, with their weights; a triangle about the middle of what it
/// covers.
fn weights(from: u32, to: u32, step: u32) -> Vec<Vec<(usize, f64)>> {
    if from == to {
        return (0..to.div_ceil(step)).map(|k| vec![(k as usize, 1.0)]).collect();
    }
    let [f, t, s] = [from, to, step].map(f64::from);
    let near = |i: u32| {
        let (begin, end) = (f64::from(i) * s, (f64::from(i + 1) * s).min(t));
        let (middle, length) = ((begin + end) * 0.5 * f / t / s, (end - begin) * f / t / s);
        let reach = length.max(1.0);
        let weight = |k: u32| (1.0 - (f64::from(k) + 0.5 - middle).abs() / reach).max(0.0);
        let all: Vec<(usize, f64)> = (0..from.div_ceil(step)).map(|k| (k as usize, weight(k))).collect();
        let sum: f64 = all.iter().map(|(_, w)| w).sum();
        all.into_iter().filter(|(_, w)| *w > 0.0).map(|(k, w)| (k, w / sum)).collect()
    };
    (0..to.div_ceil(step)).map(near).collect()
}

/// The greatest distance in codes between a scaled picture and the reference's.
fn farthest(from: &Frame, to: &Frame) -> f64 {
    let mut most = 0.0f64;
    for (a, b) in components(from).iter().zip(components(to)) {
        let across = weights(from.width, to.width, a.step.0);
        for (y, down) in weights(from.height, to.height, a.step.1).iter().enumerate() {
            for (x, across) in across.iter().enumerate() {
                let row = |y: usize| -> f64 {
                    across.iter().map(|(x, w)| f64::from(from.data[a.at(*x, y)]) * w).sum()
                };
                let want: f64 = down.iter().map(|(y, w)| row(*y) * w).sum();
                most = most.max((f64::from(to.data[b.at(x, y)]) - want).abs());
            }
        }
    }
    most
}

fn scaled(frame: &Frame, size: (u32, u32)) -> Frame {
    frame.scaled(size).unwrap()
}

const SIZES: [((u32, u32), (u32, u32)); 9] = [
    ((64, 36), (96, 54)),
    ((64, 36), (32, 18)),
    ((96, 54), (40, 62)),
    ((63, 37), (64, 36)),
    ((64, 36), (31, 23)),
    ((63, 37), (95, 17)),
    ((90, 90), (30, 30)),
    ((40, 30), (7, 5)),
    ((41, 37), (60, 37)),
];

#[test]
fn ramps_and_a_pattern_in_the_middle_are_those_of_the_reference() {
    let ramp = |k: usize, x: f64, y: f64| 40.0 + 160.0 * if k.is_multiple_of(2) { x } else { y };
    // Rings about the middle, as fine as the samples are.
    let rings = |k: usize, x: f64, y: f64| {
        let far = (x - 0.5).hypot(y - 0.5) * 40.0;
        128.0 + 90.0 * (far + k as f64).sin()
    };
    for format in PixelFormat::ALL {
        for (from, to) in SIZES {
            for (what, picture) in
                [("ramp", drawn(format, from, ramp)), ("rings", drawn(format, from, rings))]
            {
                // Each of two passes rounds.
                let off = farthest(&picture, &scaled(&picture, to));
                assert!(off < 1.05, "{what}: {format:?} {from:?} to {to:?}: {off}");
            }
        }
    }
}

#[test]
fn a_ramp_goes_on_rising_where_it_did() {
    let ramp = |_: usize, x: f64, _: f64| 20.0 + 200.0 * x;
    for format in PixelFormat::ALL {
        for (from, to) in
            [((400, 8), (200, 8)), ((200, 8), (400, 8)), ((401, 9), (301, 9)), ((400, 8), (101, 8))]
        {
            let (got, want) = (scaled(&drawn(format, from, ramp), to), drawn(format, to, ramp));
            for (k, component) in components(&got).iter().enumerate() {
                // At the borders there is nothing to go on rising from.
                for x in 2..component.columns - 2 {
                    let at = component.at(x, 3);
                    let off = got.data[at].abs_diff(want.data[at]);
                    assert!(off <= 1, "{format:?} {from:?} to {to:?}, component {k}, {x}: {off}");
                }
            }
        }
    }
}

#[test]
fn what_is_finer_than_the_new_samples_becomes_its_mean() {
    // Every second luma sample: at a third of the size a sampler that looks at the nearest ones keeps the pattern.
    for format in PixelFormat::ALL {
        let mut board = drawn(format, (192, 96), |_, _, _| 0.0);
        for component in components(&board) {
            for y in 0..component.rows {
                for x in 0..component.columns {
                    board.data[component.at(x, y)] = if (x + y).is_multiple_of(2) { 16 } else { 235 };
                }
            }
        }
        for to in [(64, 32), (48, 24), (38, 20)] {
            let small = scaled(&board, to);
            for component in components(&small) {
                // The border has no other half.
                for y in 2..component.rows - 2 {
                    for x in 2..component.columns - 2 {
                        let v = small.data[component.at(x, y)];
                        assert!(v.abs_diff(125) <= 14, "{format:?} {to:?} {x},{y}: {v}");
                    }
                }
            }
        }
    }
}

#[test]
fn no_value_leaves_the_range_and_flat_pictures_stay_as_they_are() {
    let sizes = [(33, 17), (1, 1), (1, 500), (500, 1), (2, 3), (64, 36)];
    for format in PixelFormat::ALL {
        for (low, high) in [(16, 235), (0, 0), (16, 16), (127, 127), (255, 255)] {
            for (from, to) in sizes.iter().flat_map(|from| sizes.map(|to| (*from, to))) {
                let mut s = 1u32;
                let mut frame = drawn(format, from, |_, _, _| 0.0);
                frame.data.iter_mut().for_each(|v| {
                    s = s.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    *v = if s >> 31 == 0 { low } else { high };
                });
                let new = scaled(&frame, to);
                assert_eq!((new.width, new.height), to);
                let kept = new.data.iter().all(|v| (low..=high).contains(v));
                assert!(kept, "{format:?} {from:?} to {to:?}: {low}..={high}");
            }
        }
    }
}

#[test]
fn the_longest_sides_work_and_longer_ones_are_refused() {
    for format in PixelFormat::ALL {
        for (from, to) in
            [((Frame::MAX_SIDE, 1), (1, 3)), ((1, 2), (1, Frame::MAX_SIDE)), ((8191, 2), (2, 8191))]
        {
            let new = scaled(&drawn(format, from, |_, _, _| 200.0), to);
            assert!(new.data.iter().all(|v| *v == 200), "{format:?} {from:?} {to:?}");
        }
        let frame = drawn(format, (8, 8), |_, _, _| 9.0);
        for to in [(0, 8), (8, 0), (Frame::MAX_SIDE + 1, 8), (8, u32::MAX)] {
            assert!(matches!(frame.scaled(to), Err(FrameError::Size { .. })), "{format:?} {to:?}");
        }
    }
}

#[test]
fn a_part_is_filled_and_the_rest_stays() {
    for format in PixelFormat::ALL {
        let from = drawn(format, (30, 20), |_, _, _| 200.0);
        let mut to = drawn(format, (65, 37), |_, _, _| 10.0);
        let into = PxRect { x: 4, y: 6, width: 20, height: 16 };
        Scaler::default().scale(&from, &mut to, into).unwrap();
        for component in components(&to) {
            let (sx, sy) = component.step;
            for y in 0..component.rows {
                for x in 0..component.columns {
                    let (px, py) = (x as u32 * sx, y as u32 * sy);
                    let inside = (4..24).contains(&px) && (6..22).contains(&py);
                    assert_eq!(
                        to.data[component.at(x, y)],
                        if inside { 200 } else { 10 },
                        "{format:?} {x},{y}"
                    );
                }
            }
        }
        let whole = to.bounds();
        for wrong in [PxRect { width: 66, ..whole }, PxRect { height: 0, ..whole }, PxRect { x: 2, ..whole }]
        {
            assert!(matches!(Scaler::default().scale(&from, &mut to, wrong), Err(FrameError::Scale { .. })));
        }
    }
    let (mut to, from) =
        (drawn(PixelFormat::I420, (8, 8), |_, _, _| 1.0), drawn(PixelFormat::Rgb, (4, 4), |_, _, _| 1.0));
    let into = to.bounds();
    let error = Scaler::default().scale(&from, &mut to, into).unwrap_err();
    assert!(error.to_string().contains("Rgb does not fit"), "{error}");
    let half = PxRect { x: 1, width: 4, ..into };
    let from = drawn(PixelFormat::I420, (4, 4), |_, _, _| 1.0);
    assert!(Scaler::default().scale(&from, &mut to, half).is_err(), "half a chroma sample");
}
