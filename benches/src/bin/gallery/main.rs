//! The pictures and figures of docs/gallery.md, from the built-in actor and the fictional composites alone.
//! `cargo xtask gallery` runs it.

#![expect(clippy::print_stderr, reason = "a program that tells its user what it does")]

mod hand;
mod judge;
mod layer;
mod light;
mod measure;
mod occluders;
mod report;
mod run;
mod sheet;
mod stage;
mod tally;

use anyhow::Context;
use clap::Parser;
use image::RgbImage;
use judge::{against_cover, glow, holes, pair, picture};
use light::{EVEN, LIGHTS};
use occluders::{Head, Layer, Occluder, TIMES};
use omote_engine::actor::{ActorOptions, ActorSource, Composite};
use omote_engine::pipeline::{Output, State};
use omote_engine::source::Rate;
use omote_engine::swap::FaceTexture;
use omote_engine::track::Face;
use run::Rig;
use sheet::Sheet;
use stage::{Draw, FPS, SIDE, Stage, Stance, Take};
use std::path::PathBuf;
use std::time::Instant;
use tally::Record;

/// Makes the pictures and the page of docs/gallery.md
#[derive(Parser)]
#[command(name = "cargo xtask gallery")]
struct Args {
    /// Folder for gallery.md and its pictures
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"))]
    out: PathBuf,
    /// Also write each picture as a PNG
    #[arg(long)]
    png: bool,
    /// Make only this part: its pictures, without the page
    #[arg(long, value_parser = ["poses", "light", "occluders", "actor"])]
    only: Option<String>,
    /// A network Veil (`python -m veil export`) that is to tell what stands in front; write to another folder then
    #[arg(long, value_name = "FILE")]
    veil: Option<PathBuf>,
}

const MASKS: [&str; 6] = ["ko-omote", "kitsune", "oni", "calavera", "kintsugi", "urushi"];
/// The personas of lights and occluders; the live face is composite-2.
const THREE: [&str; 3] = ["ko-omote", "composite-1", "composite-3"];

/// A part's name, and what makes it.
type Part = (&'static str, fn(&mut Gallery) -> anyhow::Result<()>);

/// What runs, and what has been measured.
struct Gallery {
    args: Args,
    rig: Rig,
    records: Vec<Record>,
    begun: Instant,
}

fn at_frame(seconds: f32) -> usize {
    (seconds * FPS).round() as usize
}

/// A sequence, what was found in it, and its names for the record.
struct Sequence<'a> {
    name: String,
    live: &'static str,
    takes: &'a [Take],
    faces: &'a [Vec<Face>],
}

impl Gallery {
    fn report(&self, what: &str) {
        eprintln!("{:5.1} s  {what}", self.begun.elapsed().as_secs_f32());
    }

    fn wanted(&self, part: &str) -> bool {
        self.args.only.as_deref().is_none_or(|only| only == part)
    }

    fn save(&self, sheet: &Sheet, name: &str) -> anyhow::Result<()> {
        sheet.save(&self.args.out.join(name), self.args.png)?;
        self.report(&format!("{name} written"));
        Ok(())
    }

    fn track(&self, takes: &[Take]) -> anyhow::Result<Vec<Vec<Face>>> {
        self.rig.track(takes.iter().map(|t| &t.frame))
    }

    /// Puts a persona on a sequence, measures it, and gives the outputs of the frames in `picks`. `see` gets every
    /// frame's record to add to.
    fn wear(
        &mut self,
        sequence: &Sequence<'_>,
        (persona, texture): (&str, &FaceTexture),
        picks: &[usize],
        mut see: impl FnMut(&mut Record, usize, &Output),
    ) -> anyhow::Result<Vec<RgbImage>> {
        let mut record = Record {
            sequence: sequence.name.clone(),
            live: sequence.live,
            persona: persona.to_owned(),
            first: !self.records.iter().any(|r| r.sequence == sequence.name && r.live == sequence.live),
            ..Record::default()
        };
        let mut outputs = vec![None; picks.len()];
        run::wear(texture, sequence.takes, sequence.faces, |i, output| {
            let take = &sequence.takes[i];
            record.frames += 1;
            record.shown += usize::from(output.state == State::Live && !output.faces.is_empty());
            if let Some(off) = measure::off(&output.faces, &take.truth).filter(|_| record.first) {
                record.off.add(off, i as f32 / FPS, || pair(take, output));
            }
            see(&mut record, i, output);
            for (k, _) in picks.iter().enumerate().filter(|(_, p)| **p == i) {
                outputs[k] = Some(picture(output.badged.frame()));
            }
            Ok(())
        })?;
        self.records.push(record);
        outputs.into_iter().map(|o| o.context("a picked frame lies outside its sequence")).collect()
    }

    /// The personas in six poses.
    fn poses(&mut self) -> anyhow::Result<()> {
        let rest = Stance::default();
        let turned = |yaw: f32| Stance { yaw, ..rest };
        let (tilted, smiling) = (Stance { roll: 0.27, ..rest }, Stance { open: 0.45, smile: 0.9, ..rest });
        let shut = Stance { blink: 1.0, ..rest };
        let keys = [
            (1.4, rest),
            (1.9, turned(-0.42)),
            (2.3, turned(-0.42)),
            (3.0, turned(0.42)),
            (3.4, turned(0.42)),
            (3.9, tilted),
            (4.2, tilted),
            (4.7, smiling),
            (5.1, smiling),
            (5.5, rest),
            (5.8, rest),
            (5.9, shut),
            (5.97, shut),
            (6.15, rest),
        ];
        let picks = [1.3, 2.2, 3.3, 4.1, 5.0, 5.95].map(at_frame);
        let columns = ["live", "frontal", "turned left", "turned right", "tilted", "smiling", "blink"];
        // The masks have one live face, which gets a row; the composites one each, which gets the first column.
        let masks = || Sheet::new(240, usize::MAX, &columns[1..]);
        let mut sheets = [masks(), masks(), Sheet::new(240, usize::MAX, &columns)];
        let mut rows: Vec<(usize, &str, Vec<RgbImage>)> = Vec::new();
        let plan: [(Composite, &[&str]); 3] = [
            (Composite::One, &[MASKS.as_slice(), &["composite-3"]].concat()),
            (Composite::Two, &["composite-1"]),
            (Composite::Three, &["composite-2"]),
        ];
        for (who, personas) in plan {
            self.report(&format!("poses of {}", who.name()));
            let mut stage = Stage::new(who)?;
            let takes = (0..at_frame(6.3))
                .map(|i| stage.take(i as u64, Stance::at(&keys, i as f32 / FPS), &EVEN, None));
            let takes: Vec<Take> = takes.collect::<anyhow::Result<_>>()?;
            let faces = self.track(&takes)?;
            let sequence =
                Sequence { name: "poses".to_owned(), live: who.name(), takes: &takes, faces: &faces };
            for persona in personas {
                let texture = run::persona(persona)?;
                let mask = MASKS.contains(persona);
                let outputs = self.wear(&sequence, (persona, &texture), &picks, |record, i, output| {
                    if mask {
                        holes(record, &takes[i], i, output);
                    }
                })?;
                match MASKS.iter().position(|m| m == persona) {
                    Some(i) => rows.push((i / 3, persona, outputs)),
                    None => {
                        let live = std::iter::once(picture(&takes[picks[0]].frame));
                        rows.push((2, persona, live.chain(outputs).collect()));
                    }
                }
            }
            if who == Composite::One {
                for sheet in &mut sheets[..2] {
                    sheet.row("live", picks.iter().map(|i| picture(&takes[*i].frame)).collect());
                }
            }
        }
        // The composites by name; the masks stand in order.
        rows.sort_by_key(|(sheet, name, _)| {
            (*sheet, if *sheet == 2 { (*name).to_owned() } else { String::new() })
        });
        for (sheet, name, row) in rows {
            sheets[sheet].row(name, row);
        }
        for (sheet, name) in sheets.iter().zip(["masks-1", "masks-2", "composites"]) {
            self.save(sheet, &format!("gallery-{name}.jpg"))?;
        }
        Ok(())
    }

    /// Three personas in eight lights.
    fn lights(&mut self) -> anyhow::Result<()> {
        let mut stage = Stage::new(Composite::Two)?;
        let textures = three()?;
        let keys = [
            (0.3, Stance::default()),
            (0.9, Stance { yaw: 0.16, ..Stance::default() }),
            (1.5, Stance { yaw: -0.10, pitch: 0.04, ..Stance::default() }),
        ];
        // The exposure rises between two frames.
        let step = at_frame(1.3);
        let mut columns = Vec::new();
        let mut rows = vec![Vec::new(); 1 + THREE.len()];
        for (name, first, then) in &LIGHTS {
            self.report(&format!("light: {name}"));
            let takes = (0..at_frame(2.0)).map(|i| {
                let lighting = then.as_ref().filter(|_| i >= step).unwrap_or(first);
                stage.take(i as u64, Stance::at(&keys, i as f32 / FPS), lighting, None)
            });
            let takes: Vec<Take> = takes.collect::<anyhow::Result<_>>()?;
            let faces = self.track(&takes)?;
            let picks = if then.is_some() { vec![step + 1, step + 18] } else { vec![at_frame(1.9)] };
            if then.is_some() {
                columns.extend(["exposure + 0.03 s", "exposure + 0.6 s"]);
            } else {
                columns.push(*name);
            }
            rows[0].extend(picks.iter().map(|i| picture(&takes[*i].frame)));
            let sequence =
                Sequence { name: (*name).to_owned(), live: "composite-2", takes: &takes, faces: &faces };
            for (k, persona) in THREE.iter().enumerate() {
                let outputs =
                    self.wear(&sequence, (persona, &textures[k]), &picks, |record, i, output| {
                        if MASKS.contains(persona) {
                            holes(record, &takes[i], i, output);
                        }
                        if i + 1 == takes.len() {
                            record.glow = glow(&takes[i], output);
                        }
                    })?;
                rows[k + 1].extend(outputs);
            }
        }
        let mut sheet = Sheet::new(212, usize::MAX, &columns);
        for (name, row) in ["live"].iter().chain(&THREE).zip(rows) {
            sheet.row(name, row);
        }
        self.save(&sheet, "gallery-light.jpg")
    }

    /// Three personas behind what comes before the face.
    fn occluders(&mut self) -> anyhow::Result<()> {
        let mut stage = Stage::new(Composite::Two)?;
        let textures = three()?;
        let frames = at_frame(TIMES[4]);
        let keys = [
            (0.4, Stance::default()),
            (1.2, Stance { yaw: 0.12, ..Stance::default() }),
            (2.2, Stance { yaw: -0.10, roll: 0.04, ..Stance::default() }),
            (3.2, Stance { yaw: 0.05, ..Stance::default() }),
        ];
        let mut sequence = |before: Option<Occluder>| {
            let takes = (0..frames).map(|i| {
                let time = i as f32 / FPS;
                let draw = |head: &Head, layer: &mut Layer| {
                    if let Some(occluder) = before {
                        occluder.draw(time, head, layer);
                    }
                };
                let present = before.filter(|b| b.present(time));
                let draw = present.map(|_| &draw as Draw<'_>);
                stage.take(i as u64, Stance::at(&keys, time), &EVEN, draw)
            });
            takes.collect::<anyhow::Result<Vec<Take>>>()
        };
        self.report("occluders: the free face");
        let takes = sequence(None)?;
        let faces = self.track(&takes)?;
        let mut free = vec![Vec::new(); THREE.len()];
        let name = "free face".to_owned();
        let bare = Sequence { name, live: "composite-2", takes: &takes, faces: &faces };
        for (k, persona) in THREE.iter().enumerate() {
            self.wear(&bare, (persona, &textures[k]), &[], |_, i, output| {
                let (input, output) = (takes[i].frame.to_rgb(), output.badged.frame().to_rgb());
                free[k].push(measure::difference(&input, &output));
            })?;
        }
        drop(takes);
        let picks = [TIMES[0] + 0.30, 2.5].map(at_frame);
        let columns = ["live", THREE[0], THREE[1], THREE[2]].repeat(2);
        let mut sheets = [(); 3].map(|()| Sheet::new(226, 4, &columns));
        for (n, occluder) in Occluder::ALL.into_iter().enumerate() {
            self.report(&format!("occluders: {}", occluder.name()));
            let takes = sequence(Some(occluder))?;
            let faces = self.track(&takes)?;
            let name = occluder.name().to_owned();
            let covered = Sequence { name, live: "composite-2", takes: &takes, faces: &faces };
            let mut row = [Vec::new(), Vec::new()];
            for (r, pick) in row.iter_mut().zip(picks) {
                r.push(picture(&takes[pick].frame));
            }
            for (k, persona) in THREE.iter().enumerate() {
                let outputs = self.wear(&covered, (persona, &textures[k]), &picks, |record, i, output| {
                    let take = &takes[i];
                    if !take.cover.is_empty() {
                        against_cover(record, take, &free[k][i], output, i as f32 / FPS);
                    }
                })?;
                row.iter_mut().zip(outputs).for_each(|(r, o)| r.push(o));
            }
            sheets[n / 3].row(occluder.name(), row.concat());
        }
        for (n, sheet) in sheets.iter().enumerate() {
            self.save(sheet, &format!("gallery-occluders-{}.jpg", n + 1))?;
        }
        Ok(())
    }

    /// The actor's own programme: turns, nods, speech, laughter, a moving light.
    fn actor(&mut self) -> anyhow::Result<()> {
        self.report("the actor's programme");
        let frames = at_frame(14.0) as u64;
        let mut source = ActorSource::new(ActorOptions::new(7, SIDE, SIDE, Rate::DEFAULT), Some(frames))?;
        let mut takes = Vec::new();
        while let Some(shot) = source.next_with_truth() {
            let truth = shot.faces.into_iter().next().map(|f| f.landmarks).unwrap_or_default();
            takes.push(Take { frame: shot.frame, truth, cover: Vec::new() });
        }
        let faces = self.track(&takes)?;
        let name = "the actor's programme".to_owned();
        let sequence = Sequence { name, live: "composite-1", takes: &takes, faces: &faces };
        self.wear(&sequence, ("composite-3", &run::persona("composite-3")?), &[], |_, _, _| {})?;
        Ok(())
    }
}

fn three() -> anyhow::Result<Vec<FaceTexture>> {
    THREE.iter().map(|name| run::persona(name)).collect()
}

fn main() -> anyhow::Result<()> {
    env_logger::init();
    let args = Args::parse();
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("can't make {}; name another folder with --out", args.out.display()))?;
    let rig = Rig::new(args.veil.clone())?;
    let mut gallery = Gallery { args, rig, records: Vec::new(), begun: Instant::now() };
    let parts: [Part; 4] = [
        ("poses", Gallery::poses),
        ("light", Gallery::lights),
        ("occluders", Gallery::occluders),
        ("actor", Gallery::actor),
    ];
    for (name, part) in parts {
        if gallery.wanted(name) {
            part(&mut gallery)?;
        }
    }
    let page = gallery.args.out.join("gallery.md");
    if gallery.args.only.is_none() {
        let sheet = report::worst_sheet(&gallery.records, 330);
        gallery.save(&sheet, "gallery-worst.jpg")?;
        report::page(&gallery.records, &page)?;
        gallery.report(&format!("{} written", page.display()));
    }
    Ok(())
}
