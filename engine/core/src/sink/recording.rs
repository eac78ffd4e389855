//! Recordings: outputs that are kept whatever happens, and that end in time before the disk is full.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::fault::SinkFault;
use super::fragments::{self, Contents};
use super::room::{self, Room, Watch};
use super::{Encoder, Finished, Sink, SinkSpec, apart, mp4, png, y4m};
use crate::badge::BadgedFrame;
use crate::error::Result;
use crate::output::{self, Existing};
use crate::source::Rate;

/// Begins a recording. The name's ending decides as with [`create`](super::create), but for `.png`: `.mp4` (without
/// sound), `.y4m`, or a folder of numbered PNG. `existing` is as in [`create_with`](super::create_with).
///
/// It is written so that it plays up to wherever it breaks off. Where writing fails, or the encoder dies, what was
/// recorded until then is kept under a name that says `incomplete`; where the disk gets full, it is completed while there
/// is room for that. [`Finished::ended`] says so then.
///
/// # Errors
/// As [`create_with`](super::create_with).
pub fn record(path: &Path, rate: Rate, existing: Existing) -> Result<Box<dyn Sink>> {
    let spec = SinkSpec::steady(rate);
    if path.as_os_str() == "-" {
        return Err(SinkFault::Dash.into());
    }
    let named_as_folder = output::named_as_folder(path);
    if !named_as_folder {
        output::check_name(path)?;
    }
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let encoder: Box<dyn Encoder> = match ending.as_deref() {
        _ if named_as_folder => Box::new(png::Folder::new(path, existing)?),
        Some("y4m") => Box::new(y4m::Y4m::new(path, &spec, existing)?),
        Some("mp4") => Box::new(mp4::Mp4::recording(path, rate, existing)?),
        None => Box::new(png::Folder::new(path, existing)?),
        Some(_) if path.is_dir() => Box::new(png::Folder::new(path, existing)?),
        Some("png") => return Err(SinkFault::StillRecording { path: path.into() }.into()),
        Some(ending) => return Err(SinkFault::Ending { path: path.into(), ending: ending.into() }.into()),
    };
    Ok(Box::new(Recording::new(path, rate, encoder)))
}

struct Recording {
    path: PathBuf,
    rate: Rate,
    /// Nothing once it is finished.
    encoder: Option<Box<dyn Encoder>>,
    frames: u64,
    size: Option<(u32, u32)>,
    begun: Instant,
    watch: Watch,
    /// Why it takes no more frames, and whether it must be broken off.
    over: Option<(String, bool)>,
}

impl Recording {
    fn new(path: &Path, rate: Rate, encoder: Box<dyn Encoder>) -> Self {
        let (begun, watch) = (Instant::now(), Watch::default());
        Self {
            path: path.into(),
            rate,
            encoder: Some(encoder),
            frames: 0,
            size: None,
            begun,
            watch,
            over: None,
        }
    }

    fn write(&mut self, badged: &BadgedFrame) -> Result<(), SinkFault> {
        let frame = badged.frame();
        let size = (frame.width(), frame.height());
        let first = *self.size.get_or_insert(size);
        let path = || self.path.clone();
        if size != first {
            return Err(SinkFault::OtherSize { path: path(), frame: self.frames, size, first });
        }
        let Some(encoder) = &mut self.encoder else { return Err(SinkFault::Broken { path: path() }) };
        encoder.write(frame, badged.disclosure(), self.rate.time(self.frames).0)?;
        self.frames += 1;
        let now = self.begun.elapsed();
        if self.watch.due(now)
            && let Some(free) = room::free(encoder.working())
            && self.watch.must_end(now, room::written(encoder.working()), free, self.frames)
        {
            return Err(SinkFault::NoRoom { path: path(), free });
        }
        Ok(())
    }

    /// Ends the encoder, in order or, where it broke, with what is whole; where the recording is.
    fn end(&mut self, remarks: &mut Vec<String>) -> Result<(PathBuf, Option<String>), SinkFault> {
        let path = || self.path.clone();
        let (why, broken) = self.over.take().map_or((None, false), |(why, broken)| (Some(why), broken));
        let Some(encoder) = self.encoder.take() else { return Err(SinkFault::Broken { path: path() }) };
        if self.frames == 0 {
            // Dropping it removes what there is of it.
            drop(encoder);
            return Err(why.map_or(SinkFault::Nothing { path: path() }, |why| SinkFault::NothingKept {
                path: path(),
                why,
            }));
        }
        let place = if broken { encoder.break_off() } else { encoder.finish(remarks) };
        if let Err(SinkFault::Kept { path, .. }) = &place {
            let path = path.clone();
            return Ok((path, place.err().map(|fault| fault.to_string())));
        }
        let Some(why) = why else { return Ok((place?, None)) };
        let place = place.map_err(|e| SinkFault::NothingKept { path: path(), why: format!("{why}; {e}") })?;
        // Of what broke off the encoder may have held some, which went with it.
        let rest = inspect(&place).ok().filter(|_| broken);
        let frames = rest.map_or(self.frames, |rest| rest.frames);
        self.frames = frames;
        let seconds = frames as f64 / self.rate.per_second();
        let kept = match broken {
            true => "what was recorded until then is kept",
            false => "what was recorded until then is complete",
        };
        let told = format!("{why}; {kept} ({seconds:.1} s): {}", place.display());
        Ok((place, Some(told)))
    }
}

impl Sink for Recording {
    fn present(&mut self, frame: &BadgedFrame) -> Result<()> {
        if self.over.is_some() {
            return Err(SinkFault::Broken { path: self.path.clone() }.into());
        }
        let written = self.write(frame);
        if let Err(fault) = &written {
            // Another size is no reason to give up what the encoder has.
            let broken = !matches!(fault, SinkFault::NoRoom { .. } | SinkFault::OtherSize { .. });
            self.over = Some((fault.without_path(), broken));
        }
        Ok(written?)
    }

    fn finish(mut self: Box<Self>) -> Result<Finished> {
        let mut remarks = Vec::new();
        let (path, ended) = self.end(&mut remarks)?;
        Ok(Finished { path: Some(path), frames: self.frames, remarks, ended })
    }

    fn working(&self) -> Option<&Path> {
        self.encoder.as_deref().and_then(|encoder| apart(encoder.working(), &self.path))
    }

    fn room(&self) -> Option<Room> {
        self.watch.room()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if self.encoder.is_some() && self.frames > 0 {
            match self.end(&mut Vec::new()) {
                Ok((path, _)) => {
                    log::warn!("a recording was given up; what there is of it is kept: {}", path.display())
                }
                Err(e) => log::warn!("{e}"),
            }
        }
    }
}

/// What a recording holds that a crash left behind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rest {
    /// Whole pictures.
    pub frames: u64,
    /// Its length in seconds; nothing for a folder of pictures.
    pub seconds: Option<f64>,
}

/// What is whole of an output under its working name, after the program was killed.
///
/// # Errors
/// Nothing of it can be shown, as with outputs that were no recordings.
pub fn inspect(working: &Path) -> Result<Rest> {
    if working.is_dir() {
        let frames = pictures(working).len() as u64;
        return match frames {
            0 => Err(SinkFault::Nothing { path: working.into() }.into()),
            _ => Ok(Rest { frames, seconds: None }),
        };
    }
    if let Ok(Contents { frames, seconds }) = fragments::contents(working) {
        return Ok(Rest { frames, seconds: Some(seconds) });
    }
    let source = crate::source::open(working)?;
    let info = source.info();
    let frames = info.frames.unwrap_or_default();
    Ok(Rest { frames, seconds: Some(frames as f64 / info.rate.per_second()) })
}

/// Completes a recording that a crash left behind, and gives it the name that it was to have; where that is taken
/// meanwhile, the same with a number. Gives its place.
///
/// # Errors
/// As [`inspect`]; or it can't be written.
pub fn salvage(working: &Path, target: &Path) -> Result<PathBuf> {
    inspect(working)?;
    if let Some(last) = pictures(working).last()
        && crate::source::read_picture(last).is_err()
    {
        // It was being written.
        std::fs::remove_file(last).map_err(|e| SinkFault::io(last, 0, e))?;
    }
    if fragments::contents(working).is_ok()
        && let Err(e) = fragments::complete(working)
    {
        log::warn!("{} stays in fragments ({e}), which most programs play all the same", working.display());
    }
    Ok(output::adopt(working, target)?)
}

/// The numbered pictures of a folder, in order.
fn pictures(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "png")).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::badge::{Badger, Canvas, Corner, Disclosure};
    use crate::frame::{Colour, Frame, PixelFormat};

    fn badged(width: u32) -> BadgedFrame {
        let frame = Frame::filled(PixelFormat::I420, Colour::JPEG, width, 180, [90, 128, 128]).unwrap();
        Badger::new(Corner::TopRight).finish(Canvas::new(frame), Disclosure::Modified).unwrap()
    }

    fn rate() -> Rate {
        Rate::new(10, 1).unwrap()
    }

    #[test]
    fn a_recording_that_breaks_off_is_kept_up_to_its_last_whole_frame() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.y4m");
        let mut sink = record(&path, rate(), Existing::Refuse).unwrap();
        let working = sink.working().unwrap().to_owned();
        (0..4).for_each(|_| sink.present(&badged(320)).unwrap());
        assert_eq!(inspect(&working).unwrap(), Rest { frames: 4, seconds: Some(0.4) });
        // Half a frame more, as a full disk or a killed program leaves it.
        let part = std::fs::read(&working).unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).open(&working).unwrap();
        std::io::Write::write_all(&mut file, &part[part.len() - 5000..]).unwrap();
        drop(file);
        drop(sink);
        // It was given up without a word, and is there all the same.
        let kept = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).next().unwrap();
        let mut source = crate::source::open(&kept).unwrap();
        let mut frames = 0;
        while source.next().is_ok_and(|frame| frame.is_some()) {
            frames += 1;
        }
        assert_eq!(frames, 4);
    }

    #[test]
    fn another_size_ends_a_recording_whole_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames");
        let mut sink = record(&path, rate(), Existing::Refuse).unwrap();
        (0..3).for_each(|_| sink.present(&badged(320)).unwrap());
        assert!(sink.present(&badged(640)).is_err() && sink.present(&badged(320)).is_err());
        let done = sink.finish().unwrap();
        assert_eq!((done.path.as_deref(), done.frames), (Some(&*path), 3));
        assert!(done.ended.is_some_and(|why| why.contains("640x180") && why.contains("0.3 s")));
        assert_eq!(pictures(&path).len(), 3);
    }

    #[test]
    fn an_empty_recording_leaves_nothing_and_one_picture_is_none() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["r.y4m", "frames/"] {
            let sink = record(&folder.path().join(name), rate(), Existing::Refuse).unwrap();
            assert!(sink.finish().is_err());
        }
        let still = record(&folder.path().join("r.png"), rate(), Existing::Refuse);
        assert!(still.err().unwrap().to_string().contains("not one picture"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
