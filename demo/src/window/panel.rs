//! The panel at the right: persona, look, swap model, camera, virtual camera, safety, latency.

use eframe::egui::{ComboBox, Frame, Margin, RichText, ScrollArea, Ui};
use omote_engine::badge::Corner;
use omote_engine::pipeline::Privacy;

use super::app::App;
use super::controls::{self, Slide, Weight, choice, note, notice, section, slider, switch};
use super::devices::{self, ACTOR};
use super::settings::{CORNERS, EDGE, SHARPNESS, Sliders};
use super::virtual_camera::{KINDS, VirtualSwitch};
use super::{dump, gallery, latency, session, theme};

impl App {
    /// Draws the panel.
    pub(super) fn panel(&mut self, ui: &mut Ui) {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            Frame::new().inner_margin(Margin { left: 20, right: 20, top: 16, bottom: 8 }).show(ui, |ui| {
                ui.set_width(ui.available_width());
                section(ui, &self.worn_title(), |ui| self.sliders(ui));
                section(ui, "Swap model", |ui| self.swap_section(ui));
                section(ui, "Camera", |ui| self.camera(ui));
                section(ui, "Virtual camera", |ui| self.virtual_camera(ui));
                section(ui, "Safety", |ui| self.safety(ui));
                section(ui, "Latency", |ui| latency::show(ui, &self.status));
            });
        });
    }

    fn worn_title(&self) -> String {
        gallery::label(&self.kept.persona)
    }

    fn sliders(&mut self, ui: &mut Ui) {
        let plain = Sliders::default();
        let before = self.kept.look;
        let protect = self.kept.privacy_level() == Privacy::Protect;
        let look = &mut self.kept.look;
        let own = Some(("your own", "persona's"));
        let whole = (0.0, 1.0);
        let locked = protect.then_some("At the level Protect the persona is always opaque, because a face that shows through is not hidden. Choose Relaxed below to change this.");
        let mut shown = if protect { 1.0 } else { look.opacity };
        let opacity =
            Slide { id: "opacity", label: "Opacity", ends: None, range: whole, rest: plain.opacity, locked };
        if slider(ui, &opacity, &mut shown) && !protect {
            look.opacity = shown;
        }
        let eyes =
            Slide { id: "eyes", label: "Eyes", ends: own, range: whole, rest: plain.eyes, locked: None };
        slider(ui, &eyes, &mut look.eyes);
        let mouth =
            Slide { id: "mouth", label: "Mouth", ends: own, range: whole, rest: plain.mouth, locked: None };
        slider(ui, &mouth, &mut look.mouth);
        let edge = Slide {
            id: "edge",
            label: "Edge softness",
            ends: None,
            range: EDGE,
            rest: plain.edge,
            locked: None,
        };
        slider(ui, &edge, &mut look.edge);
        let light = Slide {
            id: "light",
            label: "Light match",
            ends: None,
            range: whole,
            rest: plain.light,
            locked: None,
        };
        slider(ui, &light, &mut look.light);
        let shape = Slide {
            id: "shape",
            label: "Face shape",
            ends: own,
            range: whole,
            rest: plain.shape,
            locked: None,
        };
        slider(ui, &shape, &mut look.shape);
        let sharp = Slide {
            id: "sharpness",
            label: "Sharpness",
            ends: None,
            range: SHARPNESS,
            rest: plain.sharpness,
            locked: None,
        };
        slider(ui, &sharp, &mut look.sharpness);
        let now = *look;
        if now == before {
            return;
        }
        let drawn = (now.opacity, now.light, now.shape) != (before.opacity, before.light, before.shape);
        if let Some(live) = self.live().filter(|_| drawn) {
            live.set_look(session::look(&now));
        }
        if session::mask(&now) == session::mask(&before) { self.changed() } else { self.refit() }
    }

    fn camera(&mut self, ui: &mut Ui) {
        let actor = self.kept.source == ACTOR;
        let named = match self.devices.get(&self.kept.source) {
            _ if actor => "Built-in actor".to_owned(),
            Some(device) => device.name.clone(),
            None if self.kept.source.is_empty() => "The first camera that works".to_owned(),
            None => self.kept.source.clone(),
        };
        let mut chosen = None;
        let combo =
            ComboBox::from_id_salt("source").width(ui.available_width()).truncate().selected_text(named);
        let response = combo.show_ui(ui, |ui| {
            if ui.selectable_label(actor, "Built-in actor").clicked() {
                chosen = Some(ACTOR.to_owned());
            }
            for device in &self.devices.found {
                let holds = device.id == self.kept.source;
                let mut row = ui.selectable_label(holds, device.name.as_str());
                if let Some(trouble) = &device.trouble {
                    row = row.on_hover_text(trouble);
                }
                if row.clicked() {
                    chosen = Some(device.id.clone());
                }
            }
        });
        dump::target(ui, "source", response.response.rect);
        if let Some(chosen) = chosen {
            self.choose_source(chosen);
        }
        self.modes(ui, actor);
        let source = &self.status.source;
        if self.live().is_some() && !source.mode.is_empty() {
            note(ui, format!("{}, {:.1} fps measured", source.mode, source.measured_fps));
        }
        if let Some(fault) = self.status.source.fault.clone().filter(|_| self.live().is_some()) {
            notice(ui, theme::BAD, &fault);
        }
        if self.devices.known && self.devices.found.is_empty() {
            note(ui, "No camera was found. Plug one in and look again, or continue with the actor.");
        }
        let again = if self.devices.busy() { "Looking…" } else { "Look for cameras" };
        ui.add_enabled_ui(!self.devices.busy(), |ui| {
            if controls::button(ui, "look-again", None, again, Weight::Plain).clicked() {
                self.devices.look_again(ui.ctx());
            }
        });
        self.turning(ui);
    }

    fn modes(&mut self, ui: &mut Ui, actor: bool) {
        let Some(device) = self.devices.get(&self.kept.source).filter(|_| !actor) else { return };
        let shown = if self.kept.mode.is_empty() { "Best mode" } else { self.kept.mode.as_str() };
        let mut chosen = None;
        let combo =
            ComboBox::from_id_salt("mode").width(ui.available_width()).truncate().selected_text(shown);
        combo.show_ui(ui, |ui| {
            if ui.selectable_label(self.kept.mode.is_empty(), "Best mode").clicked() {
                chosen = Some(String::new());
            }
            for mode in &device.modes {
                if ui.selectable_label(*mode == self.kept.mode, mode.as_str()).clicked() {
                    chosen = Some(mode.clone());
                }
            }
        });
        if let Some(mode) = chosen {
            self.kept.mode = mode;
            self.reopen();
        }
    }

    /// Goes over to another source.
    pub(super) fn choose_source(&mut self, source: String) {
        if self.kept.source != source {
            self.kept.mode.clear();
        }
        self.kept.source = source;
        self.reopen();
    }

    fn reopen(&mut self) {
        if let Some(live) = self.live() {
            live.set_source(devices::source(&self.kept.source, &self.kept.mode));
        }
        self.changed();
    }

    fn turning(&mut self, ui: &mut Ui) {
        let mut turned = false;
        if switch(ui, "mirrored-view", "Mirror the view in this window", &mut self.kept.mirrored_view) {
            self.changed();
        }
        turned |= switch(ui, "mirrored-output", "Mirror the output", &mut self.kept.mirrored_output);
        let turns = [(0, "0°"), (90, "90°"), (180, "180°"), (270, "270°")];
        if let Some(rotation) = choice(ui, "rotation", &turns, self.kept.rotation) {
            self.kept.rotation = rotation;
            turned = true;
        }
        if turned {
            if let Some(live) = self.live() {
                live.set_turn(session::turn(&self.kept));
            }
            self.changed();
        }
    }

    fn virtual_camera(&mut self, ui: &mut Ui) {
        let context = ui.ctx().clone();
        let mut on = matches!(self.virtual_camera, VirtualSwitch::On(..) | VirtualSwitch::Starting(_));
        let label = match &self.virtual_camera {
            VirtualSwitch::Off => "Off",
            VirtualSwitch::Starting(_) => "Starting…",
            VirtualSwitch::On(..) => "On: choose it in your video call",
            VirtualSwitch::Failed(_) => "Could not be switched on",
        };
        if switch(ui, "virtual-camera", label, &mut on) {
            match self.live().cloned() {
                Some(live) if on => {
                    let output = self.output();
                    self.virtual_camera.start(&context, &live, &self.kept.virtual_camera, output);
                }
                Some(live) => self.virtual_camera.stop(&context, &live),
                None => {}
            }
        }
        if let VirtualSwitch::On(id, told) = &self.virtual_camera {
            note(ui, told.as_str());
            if let Some(sink) = self.status.sinks.iter().find(|sink| sink.id == *id) {
                note(ui, format!("{} frames sent, {} skipped", sink.sent, sink.dropped));
            }
        }
        if let VirtualSwitch::Failed(reason) = &self.virtual_camera {
            notice(ui, theme::BAD, reason);
        }
        if let Some(kind) = choice(ui, "virtual-kind", &KINDS, self.kept.virtual_camera.as_str()) {
            self.kept.virtual_camera = kind.to_owned();
            self.changed();
        }
    }

    /// Width, height and rate of the output.
    pub(super) fn output(&self) -> (u32, u32, f64) {
        let source = &self.status.source;
        let rate = if source.measured_fps >= 1.0 { source.measured_fps } else { source.asked_fps };
        let size = self.preview.shown().map(|shown| {
            let frame = shown.badged.frame();
            (frame.width(), frame.height())
        });
        let (width, height) = size.unwrap_or((source.width, source.height));
        (width, height, rate)
    }

    fn safety(&mut self, ui: &mut Ui) {
        let levels = [("protect", "Protect"), ("relaxed", "Relaxed")];
        if let Some(level) = choice(ui, "privacy", &levels, self.kept.privacy.as_str()) {
            self.kept.privacy = level.to_owned();
            if let Some(live) = self.live() {
                live.set_privacy(self.kept.privacy_level());
            }
            self.changed();
        }
        note(
            ui,
            match self.kept.privacy_level() {
                Privacy::Protect => {
                    "Detected faces are never shown uncovered. When a face is lost, the last good picture is held, then pixelated, then replaced by the card."
                }
                Privacy::Relaxed => {
                    "When your face is lost for more than two seconds, the plain camera picture is shown, with the badge."
                }
            },
        );
        ui.add_space(4.0);
        ui.label(RichText::new("Badge").font(theme::medium(12.5)).color(theme::WEAK));
        let corners = CORNERS.map(|(corner, _, words)| (corner, words));
        let mut now = self.kept.corner();
        let (middle, corners) = corners.split_at(1);
        for row in std::iter::once(middle).chain(corners.chunks(2)) {
            if let Some(place) = choice(ui, row[0].1, row, now) {
                now = place;
            }
        }
        if now != self.kept.corner() {
            if let Some((_, name, _)) = CORNERS.iter().find(|(corner, ..)| *corner == now) {
                self.kept.badge = (*name).to_owned();
            }
            if let Some(live) = self.live() {
                live.set_corner(now);
            }
            self.changed();
        }
        note(
            ui,
            match now {
                Corner::Middle => {
                    "The badge is in every picture and can't be switched off. Low in the middle, it stays whole when a site crops your picture to 4:3, a square or 9:16."
                }
                _ => {
                    "The badge is in every picture and can't be switched off. Sites that crop your picture cut off a corner: choose one only where the whole picture is shown."
                }
            },
        );
    }
}
