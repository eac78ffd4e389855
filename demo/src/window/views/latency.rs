//! The latency panel: how long frames take from the camera to the sinks, and where the time goes.

use eframe::egui::{
    Align2, Color32, CornerRadius, Pos2, Rect, RichText, Sense, Shape, Stroke, Ui, epaint::PathStroke, pos2,
    vec2,
};
use omote_engine::pipeline::{LiveStatus, ModelStatus};
use omote_engine::timing::Summary;

use super::{controls, theme};
use crate::window::hooks;

/// Names of the stages for people. Those that are not named keep the pipeline's name.
const NAMES: [(&str, &str); 6] = [
    ("capture", "Capture"),
    ("wait.track", "Wait for tracking"),
    ("track", "Track"),
    ("wait.render", "Wait for drawing"),
    ("swap", "Swap"),
    ("badge", "Badge"),
];

/// A stage's name for people.
pub(super) fn stage_name(stage: &str) -> &str {
    NAMES.iter().find(|(name, _)| *name == stage).map_or(stage, |(_, shown)| shown)
}

/// Milliseconds in as few figures as tell something.
pub(super) fn ms(value: f64) -> String {
    if value < 9.95 { format!("{value:.1} ms") } else { format!("{value:.0} ms") }
}

/// The end-to-end figure at the head: to the slowest sink that others see, else to the sinks' door.
fn end_to_end(status: &LiveStatus) -> Summary {
    let sinks = status.sinks.iter().map(|sink| sink.latency);
    sinks.chain([status.latency]).max_by(|a, b| a.p50.total_cmp(&b.p50)).unwrap_or_default()
}

/// Draws the panel.
pub(super) fn show(ui: &mut Ui, status: &LiveStatus) {
    let all = end_to_end(status);
    if all.count == 0 && status.latency.count == 0 {
        controls::note(ui, "Nothing measured yet.");
        return;
    }
    head(ui, &all);
    sparkline(ui, &status.recent);
    ui.add_space(4.0);
    let longest = status.stages.iter().map(|(_, s)| s.p95).fold(0.1, f64::max);
    for (name, summary) in status.stages.iter().filter(|(name, _)| *name != "engine") {
        bar(ui, stage_name(name), summary, longest);
    }
    model(ui, &status.model);
    ui.add_space(4.0);
    let drops = status.drops;
    let sinks: u64 = status.sinks.iter().map(|sink| sink.dropped).sum();
    let shares =
        [("camera", drops.camera), ("tracking", drops.track), ("drawing", drops.render), ("sinks", sinks)];
    let named: Vec<String> =
        shares.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} at {name}")).collect();
    let dropped =
        if named.is_empty() { "no drops".to_owned() } else { format!("dropped: {}", named.join(", ")) };
    controls::note(ui, format!("{} frames, {dropped}\n{}", status.frames, status.backend));
}

/// A swap model's time, and how old what is drawn of it is. It works beside the frames' way, so its bar has a scale
/// of its own: the texture's age.
fn model(ui: &mut Ui, model: &ModelStatus) {
    if model.took.count == 0 {
        return;
    }
    ui.add_space(4.0);
    hooks::place(ui, "latency-model", ui.available_rect_before_wrap().with_max_y(ui.cursor().top() + 40.0));
    bar(ui, "Swap model", &model.took, model.took.p95.max(model.age.p95).max(0.1));
    if model.age.count > 0 {
        let text = RichText::new(age(&model.age)).font(theme::regular(12.0)).color(theme::WEAK);
        ui.label(text).on_hover_text(AGE);
    }
}

/// What the texture's age means.
const AGE: &str = "How old the model's last result is when it is drawn. It does not delay the picture: the result is drawn on \
                   the mesh of every new frame, so it moves with your face.";

fn age(age: &Summary) -> String {
    format!("Result age p50 {}, p95 {}", ms(age.p50), ms(age.p95))
}

/// p50 large, p95 and p99 beside it.
fn head(ui: &mut Ui, all: &Summary) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::hover());
    let painter = ui.painter();
    let large =
        painter.text(rect.left_bottom(), Align2::LEFT_BOTTOM, ms(all.p50), theme::strong(24.0), theme::TEXT);
    let at = pos2(large.right() + 8.0, rect.bottom() - 3.0);
    painter.text(at, Align2::LEFT_BOTTOM, "end to end", theme::regular(12.0), theme::WEAK);
    let column = |x: f32, name: &str, value: f64| {
        painter.text(pos2(x, rect.top() + 2.0), Align2::RIGHT_TOP, name, theme::regular(10.5), theme::FAINT);
        painter.text(
            pos2(x, rect.bottom() - 2.0),
            Align2::RIGHT_BOTTOM,
            ms(value),
            theme::medium(12.5),
            theme::TEXT,
        );
    };
    column(rect.right() - 58.0, "p95", all.p95);
    column(rect.right(), "p99", all.p99);
    response.on_hover_text("From the camera's time stamp until the slowest output has the frame. The large figure is the median of the last 300 frames.");
}

/// The last frames' latencies.
fn sparkline(ui: &mut Ui, recent: &[f32]) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(8), theme::GROUND);
    let inner = rect.shrink2(vec2(8.0, 6.0));
    let Some(points) = points(recent, inner) else { return };
    for pair in points.windows(2) {
        let [a, b] = [pair[0], pair[1]];
        let below = [a, b, pos2(b.x, inner.bottom()), pos2(a.x, inner.bottom())];
        painter.add(Shape::convex_polygon(below.to_vec(), theme::ACCENT.gamma_multiply(0.16), Stroke::NONE));
    }
    painter.add(Shape::line(points, PathStroke::new(1.5, theme::ACCENT)));
}

/// The line through the values: 0 at the bottom, the greatest at the top, at least 5 ms high.
fn points(values: &[f32], rect: Rect) -> Option<Vec<Pos2>> {
    let last = values.len().checked_sub(1).filter(|last| *last > 0)?;
    let top = values.iter().copied().filter(|v| v.is_finite()).fold(5.0, f32::max);
    let at = |(i, v): (usize, &f32)| {
        let v = if v.is_finite() { v.max(0.0) } else { top };
        pos2(
            rect.left() + rect.width() * i as f32 / last as f32,
            rect.bottom() - rect.height() * (v / top).min(1.0),
        )
    };
    Some(values.iter().enumerate().map(at).collect())
}

/// A stage: its name, a bar for p50 with a thinner one up to p95, and p50 in figures.
fn bar(ui: &mut Ui, name: &str, summary: &Summary, longest: f64) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let painter = ui.painter();
    let font = theme::regular(12.0);
    painter.text(rect.left_center(), Align2::LEFT_CENTER, name, font.clone(), theme::WEAK);
    painter.text(rect.right_center(), Align2::RIGHT_CENTER, ms(summary.p50), font, theme::TEXT);
    let track = Rect::from_min_max(
        pos2(rect.left() + 118.0, rect.top() + 6.0),
        pos2(rect.right() - 60.0, rect.bottom() - 6.0),
    );
    let part = |value: f64, colour: Color32| {
        let width = (track.width() * (value / longest).clamp(0.0, 1.0) as f32).max(2.0);
        painter.rect_filled(
            Rect::from_min_size(track.min, vec2(width, track.height())),
            CornerRadius::same(3),
            colour,
        );
    };
    painter.rect_filled(track, CornerRadius::same(3), theme::RAISED);
    part(summary.p95, theme::ACCENT.gamma_multiply(0.35));
    part(summary.p50, theme::ACCENT);
    response.on_hover_text(format!(
        "{name}\np50 {}   p95 {}   p99 {}   max {}",
        ms(summary.p50),
        ms(summary.p95),
        ms(summary.p99),
        ms(summary.max)
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fills_its_place_and_stays_in_it() {
        let rect = Rect::from_min_size(pos2(10.0, 20.0), vec2(100.0, 40.0));
        assert!(points(&[3.0], rect).is_none());
        let line = points(&[0.0, 10.0, f32::NAN, 5.0, -2.0], rect).unwrap();
        assert_eq!((line[0], line[1]), (pos2(10.0, 60.0), pos2(35.0, 20.0)));
        assert_eq!(line[4], pos2(110.0, 60.0));
        assert!(line.iter().all(|p| rect.contains(*p)));
    }

    #[test]
    fn small_times_keep_a_decimal() {
        assert_eq!((ms(3.11).as_str(), ms(42.4).as_str()), ("3.1 ms", "42 ms"));
        let summary = Summary { p50: 41.6, p95: 8.04, ..Summary::default() };
        assert_eq!(age(&summary), "Result age p50 42 ms, p95 8.0 ms");
        assert_eq!((stage_name("wait.track"), stage_name("other")), ("Wait for tracking", "other"));
    }
}
