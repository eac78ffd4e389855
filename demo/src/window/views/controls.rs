//! Sliders, switches, buttons and the like, in the window's own look.

use eframe::egui::{
    self, Align2, Color32, CornerRadius, Key, Rect, Response, RichText, Role, Sense, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};

use super::icons::{self, Icon};
use super::theme::{self, STEP};
use crate::window::hooks::{self, Named as _};

/// A slider's words and range.
pub(super) struct Slide<'a> {
    /// Name for the state file.
    pub(super) id: &'a str,
    /// What it sets.
    pub(super) label: &'a str,
    /// What the two ends mean.
    pub(super) ends: Option<(&'a str, &'a str)>,
    /// Least and greatest value.
    pub(super) range: (f32, f32),
    /// Where a double click puts it.
    pub(super) rest: f32,
    /// Why it can't be moved.
    pub(super) locked: Option<&'a str>,
}

/// A slider over the whole width. True if the value changed.
pub(super) fn slider(ui: &mut Ui, slide: &Slide<'_>, value: &mut f32) -> bool {
    let width = ui.available_width();
    let height = if slide.ends.is_some() { 52.0 } else { 38.0 };
    let enabled = slide.locked.is_none() && ui.is_enabled();
    let sense = if enabled { Sense::click_and_drag() } else { Sense::hover() };
    let (rect, mut response) = ui.allocate_exact_size(vec2(width, height), sense);
    let (least, most) = slide.range;
    let before = *value;
    let rail = Rect::from_min_max(
        pos2(rect.left() + 7.0, rect.top() + 22.0),
        pos2(rect.right() - 7.0, rect.top() + 38.0),
    );
    if enabled {
        if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked())
        {
            *value = egui::remap_clamp(at.x, rail.x_range(), least..=most);
        }
        if response.has_focus() {
            let step = (most - least) / 20.0;
            let (left, right) = ui.input(|i| (i.num_presses(Key::ArrowLeft), i.num_presses(Key::ArrowRight)));
            *value = (*value + step * (right as f32 - left as f32)).clamp(least, most);
        }
        if response.double_clicked() {
            *value = slide.rest;
        }
    }
    hooks::place(ui, format_args!("slider-{}", slide.id), rail);
    let fade = |colour: Color32| if enabled { colour } else { colour.gamma_multiply(0.45) };
    let painter = ui.painter();
    painter.text(rect.left_top(), Align2::LEFT_TOP, slide.label, theme::regular(13.0), fade(theme::TEXT));
    let shown = format!("{:.0} %", *value * 100.0);
    painter.text(rect.right_top(), Align2::RIGHT_TOP, shown, theme::regular(13.0), fade(theme::WEAK));
    let share = egui::remap_clamp(*value, least..=most, 0.0..=1.0);
    let (y, x) = (rail.center().y, egui::lerp(rail.x_range(), share));
    let track = |from: f32, to: f32, colour: Color32| {
        let rect = Rect::from_min_max(pos2(from, y - 2.0), pos2(to, y + 2.0));
        painter.rect_filled(rect, CornerRadius::same(2), colour);
    };
    track(rail.left() - 7.0, rail.right() + 7.0, fade(theme::HOVERED));
    track(rail.left() - 7.0, x, fade(theme::ACCENT));
    let rest = egui::remap_clamp(slide.rest, least..=most, rail.left()..=rail.right());
    if (rest - x).abs() > 8.0 {
        painter.circle_filled(pos2(rest, y), 2.0, fade(theme::FAINT));
    }
    let held = response.dragged() || response.hovered() && enabled;
    painter.circle_filled(pos2(x, y), if held { 8.0 } else { 7.0 }, fade(theme::TEXT));
    if response.has_focus() {
        painter.circle_stroke(pos2(x, y), 10.0, Stroke::new(1.5, theme::GOLD));
    }
    if let Some((left, right)) = slide.ends {
        let y = rect.bottom() - 1.0;
        let words =
            |x, align, text| painter.text(pos2(x, y), align, text, theme::regular(11.0), fade(theme::FAINT));
        words(rect.left(), Align2::LEFT_BOTTOM, left);
        words(rect.right(), Align2::RIGHT_BOTTOM, right);
    }
    if let Some(reason) = slide.locked {
        response = response.on_hover_text(reason);
    }
    let now = f64::from(*value);
    response.widget_info(|| WidgetInfo::slider(enabled, now, slide.label));
    before != *value
}

/// A label at the left and a switch at the right. True if it was switched.
pub(super) fn switch(ui: &mut Ui, id: &str, label: &str, on: &mut bool) -> bool {
    let size = vec2(ui.available_width(), 28.0);
    let (rect, response) = hooks::widget(ui, format_args!("switch-{id}"), size, Sense::click());
    if response.clicked() {
        *on = !*on;
    }
    let painter = ui.painter();
    painter.text(rect.left_center(), Align2::LEFT_CENTER, label, theme::regular(13.5), theme::TEXT);
    let track = Rect::from_center_size(pos2(rect.right() - 19.0, rect.center().y), vec2(36.0, 20.0));
    let share = ui.ctx().animate_bool(response.id, *on);
    let off = if response.hovered() { Color32::from_rgb(66, 61, 70) } else { theme::HOVERED };
    let fill =
        off.lerp_to_gamma(if response.hovered() { theme::ACCENT_HOVERED } else { theme::ACCENT }, share);
    painter.rect_filled(track, CornerRadius::same(10), fill);
    let x = egui::lerp(track.left() + 10.0..=track.right() - 10.0, share);
    painter.circle_filled(pos2(x, track.center().y), 7.0, theme::TEXT);
    if response.has_focus() {
        painter.rect_stroke(
            track.expand(2.0),
            CornerRadius::same(12),
            Stroke::new(1.5, theme::GOLD),
            StrokeKind::Outside,
        );
    }
    let now = *on;
    response.widget_info(|| WidgetInfo::selected(Role::Switch, true, now, label));
    response.clicked()
}

/// Choices side by side, one of which holds. The chosen one, if another was clicked.
pub(super) fn choice<T: Copy + PartialEq>(ui: &mut Ui, id: &str, choices: &[(T, &str)], now: T) -> Option<T> {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(9), theme::RAISED);
    let width = rect.width() / choices.len().max(1) as f32;
    let mut chosen = None;
    for (i, (value, words)) in choices.iter().enumerate() {
        let part = Rect::from_min_size(rect.min + vec2(width * i as f32, 0.0), vec2(width, rect.height()))
            .shrink(3.0);
        let response = ui.interact(part, ui.scope_id().with((id, i)), Sense::click());
        let response = response.named(format_args!("choice-{id}-{i}"));
        let holds = *value == now;
        let painter = ui.painter();
        if holds {
            painter.rect_filled(part, CornerRadius::same(7), Color32::from_rgb(64, 59, 67));
        }
        let text = if holds || response.hovered() { theme::TEXT } else { theme::WEAK };
        painter.text(part.center(), Align2::CENTER_CENTER, words, theme::medium(13.0), text);
        if response.has_focus() {
            painter.rect_stroke(
                part,
                CornerRadius::same(7),
                Stroke::new(1.5, theme::GOLD),
                StrokeKind::Inside,
            );
        }
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, holds, *words));
        if response.clicked() && !holds {
            chosen = Some(*value);
        }
    }
    chosen
}

/// One of several options below each other: a ring, a name, and what it means. True if it was clicked.
pub(super) fn option(ui: &mut Ui, id: &str, name: &str, means: &str, chosen: bool) -> bool {
    let (rect, response) = hooks::widget(ui, id, vec2(ui.available_width(), 28.0), Sense::click());
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect.expand2(vec2(6.0, 1.0)), CornerRadius::same(8), theme::RAISED);
    }
    let ring = pos2(rect.left() + 9.0, rect.center().y);
    let edge = if chosen { theme::ACCENT } else { theme::FAINT };
    painter.circle_stroke(ring, 8.0, Stroke::new(1.5, edge));
    if chosen {
        painter.circle_filled(ring, 4.5, theme::ACCENT);
    }
    if response.has_focus() {
        painter.circle_stroke(ring, 10.5, Stroke::new(1.5, theme::GOLD));
    }
    let at = pos2(rect.left() + 30.0, rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, name, theme::medium(13.5), theme::TEXT);
    let at = pos2(rect.left() + 128.0, rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, means, theme::regular(12.0), theme::WEAK);
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, name));
    response.clicked()
}

/// A box to tick, with words. True if it was switched.
pub(super) fn tick(ui: &mut Ui, id: &str, words: &str, on: &mut bool) -> bool {
    let (rect, response) = hooks::widget(ui, id, vec2(ui.available_width(), 28.0), Sense::click());
    if response.clicked() {
        *on = !*on;
    }
    let square = Rect::from_center_size(pos2(rect.left() + 9.0, rect.center().y), Vec2::splat(18.0));
    let painter = ui.painter();
    let fill = if *on { theme::ACCENT } else { theme::RAISED };
    let edge = match (*on, response.has_focus(), response.hovered()) {
        (_, true, _) => theme::GOLD,
        (true, ..) => theme::ACCENT,
        (.., true) => theme::WEAK,
        _ => theme::FAINT,
    };
    painter.rect(square, CornerRadius::same(5), fill, Stroke::new(1.5, edge), StrokeKind::Inside);
    if *on {
        icons::draw(painter, square.shrink(2.0), Icon::Tick, Color32::WHITE);
    }
    let at = pos2(rect.left() + 30.0, rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, words, theme::regular(13.5), theme::TEXT);
    let now = *on;
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, now, words));
    response.clicked()
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// No ground until the pointer is over it.
    Quiet,
    /// A ground of its own.
    Plain,
    /// In the accent: the thing to do, or something that runs.
    Strong,
}

/// A button with an icon, and words beside it where there are any.
pub(super) fn button(ui: &mut Ui, id: &str, icon: Option<Icon>, words: &str, weight: Weight) -> Response {
    let text = (!words.is_empty())
        .then(|| ui.painter().layout_no_wrap(words.to_owned(), theme::medium(13.5), Color32::PLACEHOLDER));
    let inner = text.as_ref().map_or(0.0, |galley| galley.size().x + if icon.is_some() { STEP } else { 0.0 });
    let pad = if words.is_empty() { 8.0 } else { 14.0 };
    let drawn = if icon.is_some() { 18.0 } else { 0.0 };
    let size = vec2(drawn + inner + 2.0 * pad, 34.0);
    let (rect, response) = hooks::widget(ui, format_args!("button-{id}"), size, Sense::click());
    let over = response.hovered() && ui.is_enabled();
    let fill = match (weight, over) {
        (Weight::Quiet, false) => Color32::TRANSPARENT,
        (Weight::Quiet, true) | (Weight::Plain, false) => theme::RAISED,
        (Weight::Plain, true) => theme::HOVERED,
        (Weight::Strong, false) => theme::ACCENT,
        (Weight::Strong, true) => theme::ACCENT_HOVERED,
    };
    let colour = match (weight, over) {
        (Weight::Strong, _) => Color32::WHITE,
        (Weight::Quiet, false) => theme::WEAK,
        _ => theme::TEXT,
    };
    let (fill, colour) =
        if ui.is_enabled() { (fill, colour) } else { (fill.gamma_multiply(0.5), theme::FAINT) };
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(9), fill);
    let mut x = rect.left() + pad;
    if let Some(icon) = icon {
        icons::draw(
            painter,
            Rect::from_min_size(pos2(x, rect.center().y - 9.0), Vec2::splat(18.0)),
            icon,
            colour,
        );
        x += 18.0 + STEP;
    }
    if let Some(galley) = text {
        painter.galley(pos2(x, rect.center().y - galley.size().y / 2.0), galley, colour);
    }
    if response.has_focus() {
        painter.rect_stroke(rect, CornerRadius::same(9), Stroke::new(1.5, theme::GOLD), StrokeKind::Inside);
    }
    let said = if words.is_empty() { id } else { words };
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, said));
    response
}

/// A titled part of the panel.
pub(super) fn section<R>(ui: &mut Ui, title: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.label(RichText::new(title).font(theme::strong(13.5)).color(theme::TEXT));
    ui.add_space(2.0);
    let out = content(ui);
    ui.add_space(STEP);
    let rect = ui.available_rect_before_wrap();
    ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, theme::LINE));
    ui.add_space(STEP);
    out
}

/// Small explaining text that wraps.
pub(super) fn note(ui: &mut Ui, text: impl Into<String>) {
    ui.label(RichText::new(text).font(theme::regular(12.0)).color(theme::WEAK));
}

/// A text in a box of its own, for what went wrong or must be known.
pub(super) fn notice(ui: &mut Ui, colour: Color32, text: &str) {
    let fill = colour.gamma_multiply(0.10);
    let frame = egui::Frame::new().fill(fill).stroke(Stroke::new(1.0, colour.gamma_multiply(0.35)));
    frame.corner_radius(8).inner_margin(10).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let text = RichText::new(text).font(theme::regular(12.5)).color(theme::TEXT);
        ui.add(egui::Label::new(text).selectable(true));
    });
}
