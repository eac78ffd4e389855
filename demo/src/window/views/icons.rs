//! The window's icons, drawn with lines so that they are sharp at every size.

use std::f32::consts::TAU;

use eframe::egui::{Color32, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Icon {
    /// A photo camera: snapshot.
    Snapshot,
    /// A filled circle: record.
    Record,
    /// A filled square: stop.
    Stop,
    /// Two bars.
    Pause,
    /// A triangle.
    Play,
    /// A window with a column at its right.
    Panel,
    /// Four corners.
    FullScreen,
    /// A question mark in a circle.
    Help,
    /// A plus.
    Plus,
    /// A cross.
    Close,
    /// A mask.
    Mask,
    /// A film camera that is struck out.
    NoCamera,
    /// A tick.
    Tick,
    /// A triangle with an exclamation mark.
    Warning,
    /// An arrow down to a line.
    Download,
}

/// Draws an icon into a square.
pub(super) fn draw(painter: &Painter, rect: Rect, icon: Icon, colour: Color32) {
    let side = rect.width().min(rect.height());
    let square = Rect::from_center_size(rect.center(), Vec2::splat(side));
    let at = |x: f32, y: f32| pos2(square.left() + x * side / 24.0, square.top() + y * side / 24.0);
    let size = |v: f32| v * side / 24.0;
    let stroke = Stroke::new((side / 24.0 * 1.8).max(1.2), colour);
    let line = |points: &[(f32, f32)]| {
        painter.add(Shape::line(points.iter().map(|(x, y)| at(*x, *y)).collect(), stroke));
    };
    let frame = |a: (f32, f32), b: (f32, f32), round: f32| {
        let rect = Rect::from_min_max(at(a.0, a.1), at(b.0, b.1));
        painter.rect_stroke(rect, CornerRadius::same(size(round) as u8), stroke, StrokeKind::Middle);
    };
    let solid = |points: &[(f32, f32)]| {
        let points = points.iter().map(|(x, y)| at(*x, *y)).collect();
        painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
    };
    match icon {
        Icon::Snapshot => {
            frame((3.0, 7.5), (21.0, 19.5), 3.0);
            line(&[(8.0, 7.5), (9.5, 4.5), (14.5, 4.5), (16.0, 7.5)]);
            painter.circle_stroke(at(12.0, 13.3), size(3.4), stroke);
        }
        Icon::Record => {
            painter.circle_filled(at(12.0, 12.0), size(6.5), colour);
        }
        Icon::Stop => {
            let rect = Rect::from_min_max(at(6.5, 6.5), at(17.5, 17.5));
            painter.rect_filled(rect, CornerRadius::same(size(2.0) as u8), colour);
        }
        Icon::Pause => {
            for x in [6.5, 13.5] {
                let rect = Rect::from_min_max(at(x, 5.5), at(x + 4.0, 18.5));
                painter.rect_filled(rect, CornerRadius::same(1), colour);
            }
        }
        Icon::Play => solid(&[(7.5, 5.0), (19.0, 12.0), (7.5, 19.0)]),
        Icon::Panel => {
            frame((3.5, 5.0), (20.5, 19.0), 3.0);
            line(&[(14.5, 5.0), (14.5, 19.0)]);
        }
        Icon::FullScreen => {
            line(&[(4.5, 9.0), (4.5, 4.5), (9.0, 4.5)]);
            line(&[(15.0, 4.5), (19.5, 4.5), (19.5, 9.0)]);
            line(&[(19.5, 15.0), (19.5, 19.5), (15.0, 19.5)]);
            line(&[(9.0, 19.5), (4.5, 19.5), (4.5, 15.0)]);
        }
        Icon::Help => {
            painter.circle_stroke(at(12.0, 12.0), size(9.0), stroke);
            line(&arc((12.0, 9.7), 2.7, -0.5, 0.2));
            line(&[(13.2, 12.1), (12.1, 13.0), (12.0, 14.2)]);
            painter.circle_filled(at(12.0, 16.8), size(1.15), colour);
        }
        Icon::Plus => {
            line(&[(12.0, 5.0), (12.0, 19.0)]);
            line(&[(5.0, 12.0), (19.0, 12.0)]);
        }
        Icon::Close => {
            line(&[(6.5, 6.5), (17.5, 17.5)]);
            line(&[(17.5, 6.5), (6.5, 17.5)]);
        }
        Icon::Mask => mask(painter, at, size, stroke, colour),
        Icon::NoCamera => {
            frame((3.0, 7.0), (15.5, 17.0), 2.5);
            line(&[(15.5, 11.0), (21.0, 8.0), (21.0, 16.0), (15.5, 13.0)]);
            line(&[(4.0, 3.5), (20.0, 20.5)]);
        }
        Icon::Tick => line(&[(5.0, 12.5), (10.0, 17.0), (19.0, 7.0)]),
        Icon::Warning => {
            line(&[(12.0, 4.0), (21.0, 19.5), (3.0, 19.5), (12.0, 4.0), (21.0, 19.5)]);
            line(&[(12.0, 10.0), (12.0, 14.2)]);
            painter.circle_filled(at(12.0, 16.8), size(1.1), colour);
        }
        Icon::Download => {
            line(&[(12.0, 4.0), (12.0, 15.0)]);
            line(&[(7.5, 10.5), (12.0, 15.0), (16.5, 10.5)]);
            line(&[(5.0, 19.5), (19.0, 19.5)]);
        }
    }
}

/// A mask: oval, brows, closed eyes and mouth.
fn mask(
    painter: &Painter,
    at: impl Fn(f32, f32) -> Pos2,
    size: impl Fn(f32) -> f32,
    stroke: Stroke,
    colour: Color32,
) {
    let oval = (0..=32).map(|i| {
        let turn = i as f32 / 32.0 * TAU;
        let narrow = 1.0 - 0.16 * (turn.sin().max(0.0));
        at(12.0 + 7.4 * turn.cos() * narrow, 11.8 + 9.6 * turn.sin())
    });
    painter.add(Shape::line(oval.collect(), stroke));
    for side in [-1.0, 1.0] {
        let eye = |x: f32, y: f32| at(12.0 + side * x, y);
        painter.add(Shape::line(vec![eye(1.8, 10.2), eye(3.4, 9.5), eye(5.0, 10.2)], stroke));
    }
    painter.add(Shape::line(vec![at(9.6, 15.9), at(12.0, 16.8), at(14.4, 15.9)], stroke));
    painter.circle_filled(at(12.0, 13.0), size(0.7), colour);
}

/// Points of an arc; `from` and `to` are parts of a turn, from the right clockwise.
fn arc(centre: (f32, f32), radius: f32, from: f32, to: f32) -> Vec<(f32, f32)> {
    (0..=12)
        .map(|i| {
            let turn = (from + (to - from) * i as f32 / 12.0) * TAU;
            let v = vec2(turn.cos(), turn.sin()) * radius;
            (centre.0 + v.x, centre.1 + v.y)
        })
        .collect()
}
