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
use occluders::{Arrival, Head, Layer, Occluder, TIMES};
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
    #[arg(long, value_parser = ["poses", "expressions", "light", "occluders", "actor"])]
    only: Option<String>,
    /// A network Veil (`python -m veil export`) that is to tell what stands in front; write to another folder then
    #[arg(long, value_name = "FILE")]
    veil: Option<PathBuf>,
}

const MASKS: [&str; 6] = ["ko-omote", "kitsune", "oni", "calavera", "kintsugi", "urushi"];
/// The personas of occluders, and those of lights that are shown; the live face is composite-2.
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

/// A head's movements while things come before it.
struct Scene {
    keys: Vec<(f32, Stance)>,
}

impl Scene {
    /// From seconds, yaw and roll.
    fn new(keys: &[(f32, f32, f32)]) -> Self {
        let stance = |(time, yaw, roll): &(f32, f32, f32)| {
            (*time, Stance { yaw: *yaw, roll: *roll, ..Stance::default() })
        };
        Self { keys: keys.iter().map(stance).collect() }
    }

    /// Its frames, with a thing before the face or none.
    fn takes(&self, thing: Option<(Occluder, Arrival)>) -> anyhow::Result<Vec<Take>> {
        let mut stage = Stage::new(Composite::Two)?;
        let take = |i: usize| {
            let time = i as f32 / FPS;
            let draw = |head: &Head, layer: &mut Layer| {
                if let Some((thing, arrival)) = thing {
                    thing.draw(arrival, time, head, layer);
                }
            };
            let present = thing.is_some_and(|(_, arrival)| arrival.present(time));
            stage.take(i as u64, Stance::at(&self.keys, time), &EVEN, present.then_some(&draw as Draw<'_>))
        };
        (0..at_frame(TIMES[4])).map(take).collect()
    }
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
        self.report(&report::figures(&record));
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

    /// The composites, whose portraits smile, on a face at rest, and one that frowns, purses its lips, talks and smiles.
    fn expressions(&mut self) -> anyhow::Result<()> {
        let rest = Stance::default();
        let stances = [
            ("at rest", rest),
            ("frowning", Stance { smile: -0.35, brows: -1.0, ..rest }),
            ("lips pursed", Stance { smile: -0.6, ..rest }),
            ("talking", Stance { open: 0.45, smile: -0.1, ..rest }),
            ("smiling", Stance { smile: 0.9, open: 0.4, ..rest }),
        ];
        // Each is held for a second, with half of one to go there.
        let times = (0..stances.len()).map(|k| 1.5 * k as f32 + 1.0);
        let keys: Vec<(f32, Stance)> = times
            .clone()
            .zip(&stances)
            .flat_map(|(time, (_, stance))| [(time - 0.5, *stance), (time + 0.5, *stance)])
            .collect();
        let picks: Vec<usize> = times.map(|time| at_frame(time + 0.4)).collect();
        let mut sheet = Sheet::new(300, usize::MAX, &stances.map(|(name, _)| name));
        let mut stage = Stage::new(Composite::Two)?;
        self.report("expressions");
        let takes = (0..at_frame(1.5 * stances.len() as f32))
            .map(|i| stage.take(i as u64, Stance::at(&keys, i as f32 / FPS), &EVEN, None));
        let takes: Vec<Take> = takes.collect::<anyhow::Result<_>>()?;
        let faces = self.track(&takes)?;
        let name = "expressions".to_owned();
        let sequence = Sequence { name, live: Composite::Two.name(), takes: &takes, faces: &faces };
        sheet.row("live", picks.iter().map(|i| picture(&takes[*i].frame)).collect());
        for persona in ["composite-1", "composite-3"] {
            let outputs = self.wear(&sequence, (persona, &run::persona(persona)?), &picks, |_, _, _| {})?;
            sheet.row(persona, outputs);
        }
        self.save(&sheet, "gallery-expressions.jpg")
    }

    /// All masks and two composites in ten lights; three of them are shown.
    fn lights(&mut self) -> anyhow::Result<()> {
        let mut stage = Stage::new(Composite::Two)?;
        let personas: Vec<&str> = MASKS.into_iter().chain(THREE[1..].iter().copied()).collect();
        let textures =
            personas.iter().map(|name| run::persona(name)).collect::<anyhow::Result<Vec<FaceTexture>>>()?;
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
            for (persona, texture) in personas.iter().zip(&textures) {
                let outputs = self.wear(&sequence, (persona, texture), &picks, |record, i, output| {
                    if MASKS.contains(persona) {
                        holes(record, &takes[i], i, output);
                    }
                    if i + 1 == takes.len() {
                        record.glow = glow(&takes[i], output);
                    }
                })?;
                if let Some(k) = THREE.iter().position(|shown| shown == persona) {
                    rows[k + 1].extend(outputs);
                }
            }
        }
        let mut sheet = Sheet::new(212, usize::MAX, &columns);
        for (name, row) in ["live"].iter().chain(&THREE).zip(rows) {
            sheet.row(name, row);
        }
        if self.args.only.is_some() {
            eprint!("{}", report::light_table(&self.records));
        }
        self.save(&sheet, "gallery-light.jpg")
    }

    /// Three personas behind what comes before the face, is there from the start, and with the head turned; and the same in
    /// single pictures.
    fn occluders(&mut self) -> anyhow::Result<()> {
        let textures = three()?;
        let upright = Scene::new(&[(0.4, 0.0, 0.0), (1.2, 0.12, 0.0), (2.2, -0.10, 0.04), (3.2, 0.05, 0.0)]);
        let turned = Scene::new(&[(0.4, 0.0, 0.0), (1.2, 0.40, 0.0), (2.2, 0.45, 0.03), (2.8, -0.40, 0.0)]);
        let worn: Vec<(&str, &FaceTexture)> = THREE.into_iter().zip(&textures).collect();
        let free = self.free(&upright, "free face", &worn)?;
        let free_turned = self.free(&turned, "free face, head turned", &worn[..1])?;
        let picks = [TIMES[0] + 0.30, 2.5].map(at_frame);
        let columns = ["live", THREE[0], THREE[1], THREE[2]].repeat(2);
        let mut sheets = [(); 5].map(|()| Sheet::new(226, 4, &columns));
        let usual = Occluder::ALL.map(|thing| (thing, thing.arrival(), thing.name().to_owned()));
        let early = [Occluder::Hand, Occluder::Mug, Occluder::Sunglasses]
            .map(|thing| (thing, Arrival::FromTheStart, format!("{} from the first frame", thing.name())));
        for (n, (thing, arrival, name)) in usual.into_iter().chain(early).enumerate() {
            let row = self.behind(&upright, (thing, arrival), &name, &worn, &free, &picks)?;
            sheets[n / 3].row(&name, row);
        }
        for (n, sheet) in sheets.iter().enumerate() {
            self.save(sheet, &format!("gallery-occluders-{}.jpg", n + 1))?;
        }
        let mut sheet = Sheet::new(170, 4, &["live", THREE[0]].repeat(2));
        for thing in Occluder::ALL {
            let name = format!("{}, head turned", thing.name());
            let row = self.behind(
                &turned,
                (thing, thing.arrival()),
                &name,
                &worn[..1],
                &free_turned,
                &[at_frame(2.2), at_frame(2.8)],
            )?;
            sheet.row(&name, row);
        }
        self.save(&sheet, "gallery-occluders-turned.jpg")?;
        let mut sheet = Sheet::new(170, 4, &columns[..4]);
        for thing in Occluder::ALL {
            let name = format!("{}, single pictures", thing.name());
            let row = self.single_pictures(&upright, thing, &name, &worn, &free)?;
            sheet.row(&name, row);
        }
        self.save(&sheet, "gallery-occluders-single.jpg")
    }

    /// The personas on a scene with nothing before the face: for each, how every frame differs from the live picture.
    fn free(
        &mut self,
        scene: &Scene,
        name: &str,
        worn: &[(&str, &FaceTexture)],
    ) -> anyhow::Result<Vec<Vec<Vec<u8>>>> {
        self.report(&format!("occluders: {name}"));
        let takes = scene.takes(None)?;
        let faces = self.track(&takes)?;
        let bare = Sequence { name: name.to_owned(), live: "composite-2", takes: &takes, faces: &faces };
        let mut free = vec![Vec::new(); worn.len()];
        for (persona, free) in worn.iter().zip(&mut free) {
            self.wear(&bare, *persona, &[], |_, i, output| {
                let (input, output) = (takes[i].frame.to_rgb(), output.badged.frame().to_rgb());
                free.push(measure::difference(&input, &output));
            })?;
        }
        Ok(free)
    }

    /// The personas behind a thing; the live picture and each persona's output at every frame of `picks`.
    fn behind(
        &mut self,
        scene: &Scene,
        thing: (Occluder, Arrival),
        name: &str,
        worn: &[(&str, &FaceTexture)],
        free: &[Vec<Vec<u8>>],
        picks: &[usize],
    ) -> anyhow::Result<Vec<RgbImage>> {
        self.report(&format!("occluders: {name}"));
        let takes = scene.takes(Some(thing))?;
        let faces = self.track(&takes)?;
        let covered = Sequence { name: name.to_owned(), live: "composite-2", takes: &takes, faces: &faces };
        let mut row: Vec<Vec<RgbImage>> =
            picks.iter().map(|pick| vec![picture(&takes[*pick].frame)]).collect();
        for (persona, free) in worn.iter().zip(free) {
            let outputs = self.wear(&covered, *persona, picks, |record, i, output| {
                if !takes[i].cover.is_empty() {
                    against_cover(record, &takes[i], &free[i], output, i as f32 / FPS);
                }
            })?;
            row.iter_mut().zip(outputs).for_each(|(r, o)| r.push(o));
        }
        Ok(row.concat())
    }

    /// The same where each picture stands alone: none before it, none after.
    fn single_pictures(
        &mut self,
        scene: &Scene,
        thing: Occluder,
        name: &str,
        worn: &[(&str, &FaceTexture)],
        free: &[Vec<Vec<u8>>],
    ) -> anyhow::Result<Vec<RgbImage>> {
        self.report(&format!("occluders: {name}"));
        let all = scene.takes(Some((thing, thing.arrival())))?;
        let numbers: Vec<usize> = [1.6, 2.0, 2.5, 2.9].map(at_frame).to_vec();
        let takes: Vec<Take> =
            all.into_iter().enumerate().filter(|(i, _)| numbers.contains(i)).map(|(_, take)| take).collect();
        let faces = self.rig.track_stills(takes.iter().map(|t| &t.frame))?;
        let covered = Sequence { name: name.to_owned(), live: "composite-2", takes: &takes, faces: &faces };
        let mut row = vec![picture(&takes[2].frame)];
        for (persona, free) in worn.iter().zip(free) {
            let outputs = self.wear(&covered, *persona, &[2], |record, i, output| {
                against_cover(record, &takes[i], &free[numbers[i]], output, numbers[i] as f32 / FPS);
            })?;
            row.extend(outputs);
        }
        Ok(row)
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
    let parts: [Part; 5] = [
        ("poses", Gallery::poses),
        ("expressions", Gallery::expressions),
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
