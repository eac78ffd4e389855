//! The look: lacquer black, ivory, and the vermilion of a mask's lips.

use std::sync::Arc;

use eframe::egui::{
    self, Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke,
    Style, TextStyle, Vec2, style::WidgetVisuals,
};

/// Behind everything.
pub(crate) const GROUND: Color32 = Color32::from_rgb(15, 14, 16);
/// Panels.
pub(crate) const SURFACE: Color32 = Color32::from_rgb(22, 21, 24);
/// Controls on panels.
pub(crate) const RAISED: Color32 = Color32::from_rgb(35, 33, 38);
/// Controls under the pointer.
pub(crate) const HOVERED: Color32 = Color32::from_rgb(46, 43, 50);
/// Thin lines.
pub(crate) const LINE: Color32 = Color32::from_rgb(44, 41, 47);
/// Text.
pub(crate) const TEXT: Color32 = Color32::from_rgb(238, 232, 222);
/// Text of less weight; 7 : 1 on [`SURFACE`].
pub(crate) const WEAK: Color32 = Color32::from_rgb(170, 162, 153);
/// Text of least weight; 4.5 : 1 on [`SURFACE`].
pub(crate) const FAINT: Color32 = Color32::from_rgb(132, 125, 118);
/// The accent.
pub(crate) const ACCENT: Color32 = Color32::from_rgb(226, 84, 54);
/// The accent under the pointer.
pub(crate) const ACCENT_HOVERED: Color32 = Color32::from_rgb(238, 104, 74);
/// What is well.
pub(crate) const GOOD: Color32 = Color32::from_rgb(108, 190, 146);
/// What is held or waits.
pub(crate) const GOLD: Color32 = Color32::from_rgb(222, 178, 92);
/// What went wrong.
pub(crate) const BAD: Color32 = Color32::from_rgb(244, 132, 108);

/// The step of all distances, points.
pub(crate) const STEP: f32 = 8.0;
/// Corner radius of cards and of the preview.
pub(crate) const ROUND: u8 = 10;

/// Text of a size in the regular weight.
pub(crate) fn regular(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Text of a size in the medium weight.
pub(crate) fn medium(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("medium".into()))
}

/// Text of a size in the semi-bold weight.
pub(crate) fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("strong".into()))
}

/// Sets fonts and style of a context.
pub(crate) fn set(context: &egui::Context) {
    context.set_theme(egui::Theme::Dark);
    context.set_fonts(fonts());
    context.all_styles_mut(style);
    context.options_mut(|options| options.input_options.max_double_click_delay = 0.4);
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    // The last one has the arrows and signs that the others lack.
    let faces: [(&str, &[u8]); 3] = [
        ("Noto Sans", notosans::REGULAR_TTF),
        ("Noto Sans Bold", notosans::BOLD_TTF),
        ("DejaVu Sans", dejavu::sans::regular()),
    ];
    for (name, bytes) in faces {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let families = [
        (FontFamily::Proportional, "Noto Sans"),
        (FontFamily::Monospace, "Noto Sans"),
        (FontFamily::Name("medium".into()), "Noto Sans"),
        (FontFamily::Name("strong".into()), "Noto Sans Bold"),
    ];
    for (family, name) in families {
        fonts.families.insert(family, vec![name.to_owned(), "DejaVu Sans".to_owned()]);
    }
    fonts
}

fn style(style: &mut Style) {
    style.text_styles = [
        (TextStyle::Small, regular(12.0)),
        (TextStyle::Body, regular(14.0)),
        (TextStyle::Monospace, regular(12.0)),
        (TextStyle::Button, medium(13.5)),
        (TextStyle::Heading, strong(20.0)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::splat(STEP);
    spacing.button_padding = Vec2::new(14.0, 7.0);
    spacing.interact_size = Vec2::new(40.0, 32.0);
    spacing.window_margin = Margin::same(24);
    spacing.menu_margin = Margin::same(6);
    spacing.combo_height = 320.0;
    spacing.icon_width = 18.0;
    spacing.icon_width_inner = 10.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll = egui::style::ScrollStyle::thin();
    style.always_scroll_the_only_direction = true;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style.animation_time = 0.12;

    let visuals = &mut style.visuals;
    *visuals = egui::Visuals::dark();
    visuals.panel_fill = GROUND;
    visuals.window_fill = SURFACE;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.window_corner_radius = CornerRadius::same(14);
    visuals.menu_corner_radius = CornerRadius::same(10);
    let shadow = Shadow { offset: [0, 12], blur: 40, spread: 0, color: Color32::from_black_alpha(140) };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals.extreme_bg_color = Color32::from_rgb(12, 11, 13);
    visuals.faint_bg_color = RAISED;
    visuals.code_bg_color = RAISED;
    visuals.hyperlink_color = GOLD;
    visuals.warn_fg_color = GOLD;
    visuals.error_fg_color = BAD;
    visuals.weak_text_color = Some(WEAK);
    visuals.selection.bg_fill = Color32::from_rgba_unmultiplied(226, 84, 54, 90);
    visuals.selection.stroke = Stroke::new(1.0, TEXT);
    visuals.disabled_alpha = 0.45;
    visuals.striped = false;
    visuals.button_frame = true;
    let widget = |fill: Color32, line: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: CornerRadius::same(8),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    visuals.widgets.noninteractive = widget(SURFACE, LINE, TEXT);
    visuals.widgets.inactive = widget(RAISED, LINE, TEXT);
    visuals.widgets.hovered = widget(HOVERED, Color32::from_rgb(66, 61, 70), Color32::WHITE);
    visuals.widgets.active = widget(Color32::from_rgb(56, 52, 60), ACCENT, Color32::WHITE);
    visuals.widgets.open = widget(HOVERED, Color32::from_rgb(66, 61, 70), TEXT);
}
