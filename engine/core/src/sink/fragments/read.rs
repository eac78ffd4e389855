//! Reading a fragmented file: its head, and the samples of every fragment that are whole.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::index::{Chunk, Sample, Track};
use super::{BoxHeader, Movie, boxes, first, long, number, place};

/// Heads are small; a larger one is none of ours.
const LONGEST_HEAD: u64 = 64 << 20;

/// Flag of a sample that can't be decoded by itself.
const NOT_SYNC: u32 = 0x1_0000;

/// What samples have that say nothing of it themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    pub(super) duration: u32,
    pub(super) size: u32,
    pub(super) flags: u32,
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn body(file: &mut File, place: BoxHeader) -> io::Result<Vec<u8>> {
    if place.end - place.body > LONGEST_HEAD {
        return Err(damaged("an index is larger than any of Omote's"));
    }
    file.seek(SeekFrom::Start(place.body))?;
    let mut data = vec![0; (place.end - place.body) as usize];
    file.read_exact(&mut data)?;
    Ok(data)
}

impl Movie {
    /// Reads head and fragments up to where the file breaks off.
    pub(super) fn read(file: &mut File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        let mut movie = Self { at: 0, moov: Vec::new(), tracks: Vec::new(), end: 0 };
        let mut at = 0;
        while let Some(next) = place(file, at, len)? {
            match &next.kind {
                b"moov" if movie.moov.is_empty() && next.end <= len => {
                    movie.at = next.at;
                    movie.moov = body(file, next)?;
                    movie.tracks = tracks(&movie.moov)?;
                    movie.end = next.end;
                }
                b"moof" if next.end <= len => {
                    let moof = body(file, next)?;
                    movie.add_fragment(&moof, next.at, len);
                }
                _ => {}
            }
            if next.end <= at || next.end > len {
                break;
            }
            at = next.end;
        }
        movie.end = movie.tracks.iter().map(Track::end).max().unwrap_or_default().max(movie.end);
        if movie.tracks.iter().all(|track| track.samples.is_empty()) {
            return Err(damaged("it holds no whole picture"));
        }
        Ok(movie)
    }

    /// Takes over the samples of a fragment that begins at `at` in a file of `len` bytes.
    fn add_fragment(&mut self, moof: &[u8], at: u64, len: u64) {
        let mut behind = at;
        for (_, traf, _) in boxes(moof).filter(|(kind, ..)| kind == b"traf") {
            let Some(tfhd) = first(traf, b"tfhd") else { continue };
            let flags = number(tfhd, 0).unwrap_or_default();
            let Some(track) = self.tracks.iter_mut().find(|t| Some(t.id) == number(tfhd, 4)) else {
                continue;
            };
            let mut field = Fields { data: tfhd, at: 8 };
            let base = match flags & 1 {
                0 if flags & 0x2_0000 == 0 => behind,
                0 => at,
                _ => field.long().unwrap_or(at),
            };
            let mut given = track.defaults;
            field.skip(flags & 2);
            field.read_if(flags & 8, &mut given.duration);
            field.read_if(flags & 0x10, &mut given.size);
            field.read_if(flags & 0x20, &mut given.flags);
            if let Some(tfdt) = first(traf, b"tfdt") {
                let long_form = tfdt.first() == Some(&1);
                let time = if long_form { long(tfdt, 4) } else { number(tfdt, 4).map(u64::from) };
                track.goes_on_at(time.unwrap_or(track.time));
            }
            behind = base;
            for (_, trun, _) in boxes(traf).filter(|(kind, ..)| kind == b"trun") {
                behind = run(track, trun, given, base, behind, len);
            }
        }
    }
}

/// Takes over a run of samples; where its data end.
fn run(track: &mut Track, trun: &[u8], given: Defaults, base: u64, behind: u64, len: u64) -> u64 {
    let flags = number(trun, 0).unwrap_or_default();
    let count = number(trun, 4).unwrap_or_default();
    let mut field = Fields { data: trun, at: 8 };
    let mut offset = 0;
    field.read_if(flags & 1, &mut offset);
    let start = match flags & 1 {
        0 => behind,
        // It is a signed number.
        _ => base.saturating_add_signed(i64::from(offset as i32)),
    };
    let mut first_flags = given.flags;
    field.read_if(flags & 4, &mut first_flags);
    let (mut at, mut taken) = (start, 0);
    for i in 0..count {
        let mut one = Defaults { flags: if i == 0 { first_flags } else { given.flags }, ..given };
        let mut shift = 0;
        let whole = field.read_if(flags & 0x100, &mut one.duration)
            && field.read_if(flags & 0x200, &mut one.size)
            && field.read_if(flags & 0x400, &mut one.flags)
            && field.read_if(flags & 0x800, &mut shift);
        let end = at.saturating_add(u64::from(one.size));
        if !whole || end > len || one.size == 0 {
            break;
        }
        track.add(Sample {
            duration: one.duration,
            size: one.size,
            shift: shift as i32,
            sync: one.flags & NOT_SYNC == 0,
        });
        (at, taken) = (end, taken + 1);
    }
    if taken > 0 {
        track.chunks.push(Chunk { at: start, samples: taken });
    }
    at
}

/// The numbers of a box, one after the other, of which each is only there where its flag is set.
struct Fields<'a> {
    data: &'a [u8],
    at: usize,
}

impl Fields<'_> {
    /// False where the number should be there and is not.
    fn read_if(&mut self, there: u32, to: &mut u32) -> bool {
        if there == 0 {
            return true;
        }
        let Some(value) = number(self.data, self.at) else { return false };
        self.at += 4;
        *to = value;
        true
    }

    fn skip(&mut self, there: u32) {
        self.read_if(there, &mut 0);
    }

    fn long(&mut self) -> Option<u64> {
        let value = long(self.data, self.at)?;
        self.at += 8;
        Some(value)
    }
}

/// The tracks that a head names.
fn tracks(moov: &[u8]) -> io::Result<Vec<Track>> {
    let extends = first(moov, b"mvex").ok_or_else(|| damaged("it is not in fragments"))?;
    let mut found = Vec::new();
    for (_, trak, _) in boxes(moov).filter(|(kind, ..)| kind == b"trak") {
        let of = || {
            let tkhd = first(trak, b"tkhd")?;
            let mdia = first(trak, b"mdia")?;
            let mdhd = first(mdia, b"mdhd")?;
            let long_form = |body: &[u8]| body.first() == Some(&1);
            let id = number(tkhd, if long_form(tkhd) { 20 } else { 12 })?;
            let scale = number(mdhd, if long_form(mdhd) { 20 } else { 12 })?;
            let pictures = first(mdia, b"hdlr")?.get(8..12)? == b"vide";
            Some((id, scale, pictures))
        };
        let (id, scale, pictures) = of().ok_or_else(|| damaged("the head of a track is damaged"))?;
        let trex = boxes(extends).find(|(kind, body, _)| kind == b"trex" && number(body, 4) == Some(id));
        let defaults = trex.map_or(Defaults::default(), |(_, body, _)| Defaults {
            duration: number(body, 12).unwrap_or_default(),
            size: number(body, 16).unwrap_or_default(),
            flags: number(body, 20).unwrap_or_default(),
        });
        found.push(Track::new(id, scale, pictures, defaults));
    }
    Ok(found)
}
