//! The index of an ordinary file, made of the head of a fragmented one and the samples of its fragments.

use super::read::Defaults;
use super::{Movie, boxed, boxes, number};

/// One picture, or one packet of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// In the track's own units of time.
    pub(super) duration: u32,
    pub(super) size: u32,
    /// Shown so much later than decoded.
    pub(super) shift: i32,
    /// Can be decoded by itself.
    pub(super) sync: bool,
}

/// Samples that stand one behind the other in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) at: u64,
    pub(super) samples: u32,
}

/// One track and its samples.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) id: u32,
    /// Units of time a second.
    scale: u32,
    pub(super) pictures: bool,
    pub(super) defaults: Defaults,
    pub(super) samples: Vec<Sample>,
    pub(super) chunks: Vec<Chunk>,
    /// When the first sample is decoded, and when the next would be.
    begins: u64,
    pub(super) time: u64,
}

impl Track {
    pub(super) fn new(id: u32, scale: u32, pictures: bool, defaults: Defaults) -> Self {
        let (samples, chunks) = (Vec::new(), Vec::new());
        Self { id, scale: scale.max(1), pictures, defaults, samples, chunks, begins: 0, time: 0 }
    }

    /// The next sample's time: what lies between is added to the last one's.
    pub(super) fn goes_on_at(&mut self, time: u64) {
        match self.samples.last_mut() {
            None => self.begins = time,
            Some(last) => {
                let before = self.time.saturating_sub(u64::from(last.duration));
                last.duration = u32::try_from(time.saturating_sub(before)).unwrap_or(u32::MAX);
                self.time = before.saturating_add(u64::from(last.duration));
                return;
            }
        }
        self.time = time;
    }

    pub(super) fn add(&mut self, sample: Sample) {
        self.time = self.time.saturating_add(u64::from(sample.duration));
        self.samples.push(sample);
    }

    /// Where the last sample ends in the file.
    pub(super) fn end(&self) -> u64 {
        let Some(last) = self.chunks.last() else { return 0 };
        let sizes = self.samples.iter().rev().take(last.samples as usize).map(|s| u64::from(s.size));
        last.at + sizes.sum::<u64>()
    }

    /// From the first sample to the end of the last one.
    pub(super) fn seconds(&self) -> f64 {
        self.time.saturating_sub(self.begins) as f64 / f64::from(self.scale)
    }

    /// The tables of the samples.
    fn tables(&self) -> Vec<Vec<u8>> {
        let mut tables = vec![pairs(b"stts", 0, runs(self.samples.iter().map(|s| s.duration)))];
        if self.samples.iter().any(|s| s.shift != 0) {
            let signed = u32::from(self.samples.iter().any(|s| s.shift < 0)) << 24;
            tables.push(pairs(b"ctts", signed, runs(self.samples.iter().map(|s| s.shift as u32))));
        }
        if self.samples.iter().any(|s| !s.sync) {
            let numbers = self.samples.iter().zip(1u32..).filter(|(s, _)| s.sync).map(|(_, n)| n);
            let numbers: Vec<u8> = numbers.flat_map(u32::to_be_bytes).collect();
            tables.push(counted(b"stss", &[], numbers.len() / 4, &numbers));
        }
        let mut of_chunks = Vec::new();
        let (mut before, mut entries) = (0, 0);
        for (chunk, number) in self.chunks.iter().zip(1u32..) {
            if chunk.samples != before {
                of_chunks.extend([number, chunk.samples, 1].into_iter().flat_map(u32::to_be_bytes));
                (before, entries) = (chunk.samples, entries + 1);
            }
        }
        tables.push(counted(b"stsc", &[], entries, &of_chunks));
        let sizes: Vec<u8> = self.samples.iter().flat_map(|s| s.size.to_be_bytes()).collect();
        tables.push(counted(b"stsz", &[0; 4], self.samples.len(), &sizes));
        let places: Vec<u8> = self.chunks.iter().flat_map(|c| c.at.to_be_bytes()).collect();
        tables.push(counted(b"co64", &[], self.chunks.len(), &places));
        tables
    }
}

/// How often each value comes one after the other.
fn runs(values: impl Iterator<Item = u32>) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some((count, of)) if *of == value => *count += 1,
            _ => runs.push((1, value)),
        }
    }
    runs
}

fn pairs(kind: &[u8; 4], version: u32, pairs: Vec<(u32, u32)>) -> Vec<u8> {
    let count = u32::try_from(pairs.len()).unwrap_or(u32::MAX);
    let data: Vec<u8> = pairs.into_iter().flat_map(|(a, b)| [a, b]).flat_map(u32::to_be_bytes).collect();
    boxed(kind, &[&version.to_be_bytes(), &count.to_be_bytes(), &data])
}

fn counted(kind: &[u8; 4], before: &[u8], count: usize, data: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[0; 4], before, &u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes(), data])
}

impl Movie {
    /// The `moov` box of the ordinary file.
    pub(super) fn index(&self) -> Vec<u8> {
        let scale = super::first(&self.moov, b"mvhd").map_or(1000, scale_of);
        let spans: Vec<u64> = self.tracks.iter().map(|track| track.span(scale)).collect();
        let whole = spans.iter().copied().max().unwrap_or_default();
        let mut parts: Vec<Vec<u8>> = Vec::new();
        let mut tracks = self.tracks.iter().zip(&spans);
        for (kind, body, all) in boxes(&self.moov) {
            match &kind {
                b"mvex" => {}
                b"mvhd" => parts.push(boxed(&kind, &[&lasting(body, whole, false)])),
                b"trak" => {
                    // Tracks were read in the same order; one that holds nothing is left out.
                    if let Some((track, span)) = tracks.next().filter(|(track, _)| !track.samples.is_empty())
                    {
                        parts.push(track.whole(body, *span, scale));
                    }
                }
                _ => parts.push(all.to_vec()),
            }
        }
        boxed(b"moov", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

impl Track {
    /// From the file's beginning to the track's end, in the file's units of time.
    fn span(&self, scale: u32) -> u64 {
        in_units(self.time, self.scale, scale)
    }

    /// The `trak` box with its tables.
    fn whole(&self, trak: &[u8], span: u64, scale: u32) -> Vec<u8> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for (kind, body, all) in boxes(trak) {
            match &kind {
                b"tkhd" => {
                    parts.push(boxed(&kind, &[&lasting(body, span, true)]));
                    parts.extend(self.late(scale));
                }
                // Those of fragments say nothing of how long they last.
                b"edts" => {}
                b"mdia" => parts.push(self.media(body)),
                _ => parts.push(all.to_vec()),
            }
        }
        boxed(b"trak", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// Of a track that begins later than the file: nothing, and then the track.
    fn late(&self, scale: u32) -> Option<Vec<u8>> {
        if self.begins == 0 {
            return None;
        }
        let nothing = in_units(self.begins, self.scale, scale);
        let length = in_units(self.time.saturating_sub(self.begins), self.scale, scale);
        let short = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let one = 0x1_0000;
        let entries = [2, short(nothing), u32::MAX, one, short(length), 0, one];
        let data: Vec<u8> = entries.into_iter().flat_map(u32::to_be_bytes).collect();
        Some(boxed(b"edts", &[&boxed(b"elst", &[&[0; 4], &data])]))
    }

    fn media(&self, mdia: &[u8]) -> Vec<u8> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for (kind, body, all) in boxes(mdia) {
            parts.push(match &kind {
                b"mdhd" => boxed(&kind, &[&lasting(body, self.time.saturating_sub(self.begins), false)]),
                b"minf" => {
                    let inner = boxes(body).map(|(kind, body, all)| match &kind {
                        b"stbl" => self.samples_of(body),
                        _ => all.to_vec(),
                    });
                    boxed(&kind, &inner.collect::<Vec<_>>().iter().map(Vec::as_slice).collect::<Vec<_>>())
                }
                _ => all.to_vec(),
            });
        }
        boxed(b"mdia", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// The `stbl` box: how samples are coded is taken over, where they are is new.
    fn samples_of(&self, stbl: &[u8]) -> Vec<u8> {
        let coded =
            boxes(stbl).find(|(kind, ..)| kind == b"stsd").map_or(Vec::new(), |(.., all)| all.to_vec());
        let tables = self.tables();
        let parts: Vec<&[u8]> = std::iter::once(&coded).chain(&tables).map(Vec::as_slice).collect();
        boxed(b"stbl", &parts)
    }
}

/// Units of time a second of an `mvhd` body.
fn scale_of(mvhd: &[u8]) -> u32 {
    number(mvhd, if mvhd.first() == Some(&1) { 20 } else { 12 }).unwrap_or(1000).max(1)
}

fn in_units(time: u64, from: u32, to: u32) -> u64 {
    u64::try_from(u128::from(time) * u128::from(to) / u128::from(from.max(1))).unwrap_or(u64::MAX)
}

/// The body of an `mvhd`, `mdhd` or `tkhd` box with another duration.
fn lasting(body: &[u8], duration: u64, track: bool) -> Vec<u8> {
    let mut body = body.to_vec();
    let long_form = body.first() == Some(&1);
    let at = match (long_form, track) {
        (false, false) => 16,
        (false, true) => 20,
        (true, false) => 24,
        (true, true) => 28,
    };
    let bytes = match long_form {
        true => duration.to_be_bytes().to_vec(),
        false => u32::try_from(duration).unwrap_or(u32::MAX).to_be_bytes().to_vec(),
    };
    if let Some(place) = body.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(&bytes);
    }
    body
}
