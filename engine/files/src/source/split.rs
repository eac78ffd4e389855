//! Takes concatenated JPEG pictures apart by walking their markers.
//!
//! A search for the end marker `FF D9` alone would stop inside a thumbnail that an APP segment carries;
//! the walk steps over segments by their length and looks for markers only in entropy-coded data, where
//! `FF` is always followed by 00, a restart marker, or a true marker (ITU-T T.81, annex B.1).

use std::io::{self, BufRead};

/// Longest picture taken, in bytes: far above an 8192x8192 JPEG of camera quality.
const MAX_PICTURE: usize = 256 << 20;

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;

/// Why the next picture can't be taken out.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what it stands for")]
pub enum SplitFault {
    #[error("the file can't be read: {0}")]
    Io(#[from] io::Error),
    #[error("a JPEG should start here, but byte {offset} is {found:#04x}")]
    NotJpeg { offset: u64, found: u8 },
    #[error("the JPEG is cut short: the file ends at byte {at} without its end marker")]
    EndOfFile { at: u64 },
    #[error("the JPEG is cut short: another one begins at byte {at} before its end marker")]
    NextPicture { at: u64 },
    #[error("the segment at byte {at} gives itself a length of {length}")]
    Segment { at: u64, length: u16 },
    #[error("the JPEG has no end marker within {MAX_PICTURE} bytes")]
    TooLong,
}

/// A reader that gives one JPEG after the other.
#[derive(Debug)]
pub struct Splitter<R> {
    reader: R,
    offset: u64,
}

impl<R: BufRead> Splitter<R> {
    /// Starts at the reader's position, which counts as byte 0.
    pub fn new(reader: R) -> Self {
        Self { reader, offset: 0 }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Replaces `picture` by the next JPEG, from start to end marker, and returns its first byte's
    /// offset; nothing at the end. Zero bytes and line ends between pictures are passed over.
    ///
    /// # Errors
    /// [`SplitFault`]; what was read of the picture is in `picture` then.
    pub fn next_picture(&mut self, picture: &mut Vec<u8>) -> Result<Option<u64>, SplitFault> {
        picture.clear();
        let Some(start) = self.pass_filler()? else { return Ok(None) };
        for (offset, wanted) in [(start, 0xff), (start + 1, SOI)] {
            let found = self.byte(picture)?;
            if found != wanted {
                return Err(SplitFault::NotJpeg { offset, found });
            }
        }
        loop {
            match self.next_marker(picture)? {
                EOI => return Ok(Some(start)),
                SOI => return Err(SplitFault::NextPicture { at: self.offset - 2 }),
                // TEM and the restart markers stand alone.
                0x01 | 0xd0..=0xd7 => {}
                // A scan's header is a segment too; next_marker walks over the data that follow it.
                _ => self.segment(picture)?,
            }
        }
    }

    /// Passes over zeros and line ends; the offset of the first other byte.
    fn pass_filler(&mut self) -> io::Result<Option<u64>> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let filler = buffer.iter().take_while(|b| matches!(b, 0 | b'\r' | b'\n')).count();
            let done = filler < buffer.len();
            self.reader.consume(filler);
            self.offset += filler as u64;
            if done {
                return Ok(Some(self.offset));
            }
        }
    }

    /// Copies up to and with the next marker; its second byte.
    fn next_marker(&mut self, picture: &mut Vec<u8>) -> Result<u8, SplitFault> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Err(SplitFault::EndOfFile { at: self.offset });
            }
            let stop = buffer.iter().position(|&b| b == 0xff);
            let taken = stop.map_or(buffer.len(), |i| i + 1);
            self.copy_bytes(taken, picture)?;
            if stop.is_none() {
                continue;
            }
            // Any number of FF may stand before a marker.
            let mut code = 0xff;
            while code == 0xff {
                code = self.byte(picture)?;
            }
            if code != 0 {
                return Ok(code);
            }
        }
    }

    /// Copies a segment whose marker has been read.
    fn segment(&mut self, picture: &mut Vec<u8>) -> Result<(), SplitFault> {
        let at = self.offset - 2;
        let length = u16::from_be_bytes([self.byte(picture)?, self.byte(picture)?]);
        let Some(mut left) = usize::from(length).checked_sub(2) else {
            return Err(SplitFault::Segment { at, length });
        };
        while left > 0 {
            let there = self.reader.fill_buf()?.len();
            if there == 0 {
                return Err(SplitFault::EndOfFile { at: self.offset });
            }
            let part = there.min(left);
            self.copy_bytes(part, picture)?;
            left -= part;
        }
        Ok(())
    }

    fn byte(&mut self, picture: &mut Vec<u8>) -> Result<u8, SplitFault> {
        match self.reader.fill_buf()?.first() {
            Some(&b) => {
                self.copy_bytes(1, picture)?;
                Ok(b)
            }
            None => Err(SplitFault::EndOfFile { at: self.offset }),
        }
    }

    /// Copies `count` bytes that the reader has buffered.
    fn copy_bytes(&mut self, count: usize, picture: &mut Vec<u8>) -> Result<(), SplitFault> {
        if picture.len() + count > MAX_PICTURE {
            return Err(SplitFault::TooLong);
        }
        let buffer = self.reader.fill_buf()?;
        let count = count.min(buffer.len());
        picture.extend(buffer.iter().take(count));
        self.reader.consume(count);
        self.offset += count as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A picture with a thumbnail (end marker included) in an APP segment, stuffed bytes and a restart.
    fn tricky(scan: &[u8]) -> Vec<u8> {
        let mut jpeg = vec![0xff, SOI, 0xff, 0xe1, 0, 10, 0xff, SOI, 1, 2, 0xff, EOI, 3, 4];
        jpeg.extend([0xff, 0xff, 0xda, 0, 4, 9, 9]);
        jpeg.extend(scan);
        jpeg.extend([0xff, 0, 5, 0xff, 0xd3, 6, 0xff, EOI]);
        jpeg
    }

    fn split(bytes: &[u8], buffer: usize) -> (Vec<(u64, Vec<u8>)>, Option<SplitFault>) {
        let mut splitter = Splitter::new(io::BufReader::with_capacity(buffer, bytes));
        let (mut all, mut picture) = (Vec::new(), Vec::new());
        loop {
            match splitter.next_picture(&mut picture) {
                Ok(Some(at)) => all.push((at, picture.clone())),
                Ok(None) => return (all, None),
                Err(fault) => return (all, Some(fault)),
            }
        }
    }

    #[test]
    fn thumbnails_stuffing_and_filler_are_passed_over() {
        let (a, b) = (tricky(&[1, 2, 3]), tricky(&[]));
        let bytes = [&a[..], &[0, 0, b'\r', b'\n'], &b, &[0]].concat();
        for buffer in [1, 2, 3, 7, 4096] {
            let (all, fault) = split(&bytes, buffer);
            assert!(fault.is_none(), "{fault:?}");
            assert_eq!(all, [(0, a.clone()), (a.len() as u64 + 4, b.clone())]);
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let a = tricky(&[1, 2, 3]);
        for cut in 1..a.len() {
            let (all, fault) = split(&[&a[..], &a[..cut]].concat(), 16);
            assert_eq!(all.len(), 1, "cut at {cut}");
            assert!(matches!(fault, Some(SplitFault::EndOfFile { .. })), "cut at {cut}: {fault:?}");
        }
        let scan = a.len() - 6;
        let (all, fault) = split(&[&a[..scan], &a[..]].concat(), 16);
        assert!(all.is_empty());
        assert!(matches!(fault, Some(SplitFault::NextPicture { at }) if at == scan as u64), "{fault:?}");
    }

    #[test]
    fn other_bytes_are_named_with_their_place() {
        let (all, fault) = split(&[&tricky(&[])[..], b"x"].concat(), 16);
        assert_eq!(all.len(), 1);
        assert!(matches!(fault, Some(SplitFault::NotJpeg { offset: 29, found: b'x' })), "{fault:?}");
        let (_, fault) = split(&[0xff, SOI, 0xff, 0xe0, 0, 1], 16);
        assert!(matches!(fault, Some(SplitFault::Segment { at: 2, length: 1 })), "{fault:?}");
    }

    /// Bytes in which markers are likely.
    fn marked() -> impl Strategy<Value = Vec<u8>> {
        let byte =
            prop_oneof![3 => Just(0xff), 1 => Just(SOI), 1 => Just(EOI), 1 => Just(0), 3 => any::<u8>()];
        prop::collection::vec(byte, 0..400)
    }

    proptest! {
        #[test]
        fn any_bytes_end_without_panic_and_pictures_are_slices_of_them(bytes in marked(), buffer in 1usize..64) {
            let (all, _) = split(&bytes, buffer);
            let mut end = 0;
            for (at, picture) in all {
                let at = at as usize;
                prop_assert!(at >= end);
                end = at + picture.len();
                prop_assert_eq!(&bytes[at..end], &picture[..]);
                prop_assert!(picture.starts_with(&[0xff, SOI]) && picture.ends_with(&[0xff, EOI]));
            }
        }

        #[test]
        fn whole_pictures_come_back(scans in prop::collection::vec(prop::collection::vec(0u8..0xff, 0..50), 0..6)) {
            let pictures: Vec<_> = scans.iter().map(|s| tricky(s)).collect();
            let (all, fault) = split(&pictures.concat(), 13);
            prop_assert!(fault.is_none());
            prop_assert_eq!(all.into_iter().map(|(_, p)| p).collect::<Vec<_>>(), pictures);
        }
    }
}
