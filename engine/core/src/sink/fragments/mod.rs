//! Fragmented MP4: what is whole in a file that broke off anywhere, and its completion in place.
//!
//! An encoder that writes fragments leaves a file that plays up to wherever it broke off, but not every program takes such
//! files. [`complete`] makes an ordinary one of it and moves no byte of the pictures: one index of all samples is written
//! behind them, and then the old head becomes the head of a single box of data, which spans the fragments. So completing
//! takes a moment and next to no room, and a crash in the middle leaves a file that plays as before.

mod index;
mod read;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::output::reopen;
use index::Track;

/// What a fragmented file holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Contents {
    /// Whole pictures.
    pub(super) frames: u64,
    /// Length in seconds.
    pub(super) seconds: f64,
}

/// A head, and the samples of the fragments behind it.
#[derive(Debug)]
struct Movie {
    /// Where the head stands.
    at: u64,
    /// The body of the `moov` box.
    moov: Vec<u8>,
    tracks: Vec<Track>,
    /// Where the last whole sample ends.
    end: u64,
}

/// What is whole in a fragmented file.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] where it is none, or holds no whole picture; what reading gives.
pub(super) fn contents(path: &Path) -> io::Result<Contents> {
    Ok(Movie::read(&mut File::open(path)?)?.contents())
}

/// Makes an ordinary file of a fragmented one, in place. Needs room for the index alone: some 20 bytes a frame.
///
/// # Errors
/// As [`contents`], and what writing gives; the file is then as before, without what was broken at its end.
pub(super) fn complete(path: &Path) -> io::Result<Contents> {
    let mut file = reopen(path)?;
    let movie = Movie::read(&mut file)?;
    let index = movie.index();
    file.set_len(movie.end)?;
    let written = file.seek(SeekFrom::Start(movie.end)).and_then(|_| file.write_all(&index));
    // Behind the fragments the index is no more than a second one until the head is changed.
    if let Err(e) = written.and_then(|()| file.sync_data()) {
        file.set_len(movie.end)?;
        return Err(e);
    }
    // One write within one page: a size that needs 64 bits, the box's kind, the size.
    let mut head = [0; 16];
    let size = (movie.end - movie.at).to_be_bytes();
    for (to, from) in head.iter_mut().zip([0, 0, 0, 1].iter().chain(b"mdat").chain(&size)) {
        *to = *from;
    }
    file.seek(SeekFrom::Start(movie.at))?;
    file.write_all(&head)?;
    file.sync_all()?;
    Ok(movie.contents())
}

impl Movie {
    fn contents(&self) -> Contents {
        let picture = self.tracks.iter().find(|track| track.pictures).or(self.tracks.first());
        Contents {
            frames: picture.map_or(0, |track| track.samples.len() as u64),
            seconds: picture.map_or(0.0, Track::seconds),
        }
    }
}

/// A box of a file: its kind, where it begins, where its body begins, where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BoxHeader {
    kind: [u8; 4],
    at: u64,
    body: u64,
    end: u64,
}

/// The box at a place; nothing where none begins there whole.
fn place(file: &mut File, at: u64, len: u64) -> io::Result<Option<BoxHeader>> {
    if at.saturating_add(8) > len {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut head = [0; 8];
    file.read_exact(&mut head)?;
    let [a, b, c, d, kind @ ..] = head;
    let (body, end) = match u32::from_be_bytes([a, b, c, d]) {
        0 => (at + 8, len),
        1 if at.saturating_add(16) <= len => {
            let mut size = [0; 8];
            file.read_exact(&mut size)?;
            (at + 16, at.saturating_add(u64::from_be_bytes(size)))
        }
        size => (at + 8, at + u64::from(size)),
    };
    Ok((end >= body && kind.is_ascii()).then_some(BoxHeader { kind, at, body, end }))
}

/// A box made of parts.
fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let size = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut made = Vec::with_capacity(size);
    made.extend(u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
    made.extend(kind);
    parts.iter().for_each(|part| made.extend_from_slice(part));
    made
}

/// The boxes in a box's body: kind, body, and the whole of each. Ends where no whole one follows.
fn boxes(data: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8], &[u8])> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let size = number(rest, 0)? as usize;
        let kind = rest.get(4..8)?.try_into().ok()?;
        let (whole, body) = (rest.get(..size)?, rest.get(8..size)?);
        rest = rest.get(size..)?;
        Some((kind, body, whole))
    })
}

/// The body of the first box of a kind.
fn first<'a>(data: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(data).find(|(k, ..)| k == kind).map(|(_, body, _)| body)
}

fn number(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

fn long(data: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(data.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
