//! A folder of pictures, in the order in which people number them. They need not have one size.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use super::picture::{self, PictureFault};
use super::{Clock, Options, Rate, Source, SourceFault, SourceInfo, SourceKind};
use omote_frame::error::Result;
use omote_frame::{Frame, FrameError, PixelFormat};

/// A folder's pictures. Files with other endings, hidden ones and folders in it are passed over.
#[derive(Debug)]
pub(super) struct Folder {
    files: std::vec::IntoIter<PathBuf>,
    info: SourceInfo,
    clock: Clock,
    first: Option<Frame>,
    options: Options,
    /// Pictures that were fitted into the first one's size.
    fitted: u64,
}

impl Folder {
    pub(super) fn new(path: &Path, options: &Options) -> Result<Self> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path).map_err(|e| SourceFault::io(path, e))? {
            let file = entry.map_err(|e| SourceFault::io(path, e))?.path();
            let hidden = file.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
            if !hidden && picture::is_named_as_picture(&file) && file.is_file() {
                files.push(file);
            }
        }
        files.sort_by(|a, b| natural(&super::name_of(a), &super::name_of(b)).then_with(|| a.cmp(b)));
        let count = files.len() as u64;
        let mut files = files.into_iter();
        let Some(first) = files.next() else {
            return Err(SourceFault::NoPictures { path: path.into() }.into());
        };
        let mut first = options.ground(picture::decode_file(&first)?);
        let rate = options.rate.unwrap_or(Rate::DEFAULT);
        let mut clock = Clock::new(rate);
        clock.stamp(&mut first);
        let info = picture::info(path, &first, rate, count, SourceKind::Folder);
        Ok(Self { files, info, clock, first: Some(first), options: *options, fitted: 0 })
    }

    fn read_picture(&mut self, path: PathBuf) -> Result<Frame, SourceFault> {
        let mut frame = self.options.ground(picture::decode_file(&path)?);
        if self.options.own_sizes {
            self.clock.stamp(&mut frame);
            return Ok(frame);
        }
        let fault =
            |e: FrameError| SourceFault::Picture { path: path.clone(), fault: PictureFault::damaged(e) };
        let (width, height) = (self.info.width, self.info.height);
        if (frame.width(), frame.height()) != (width, height) {
            frame = picture::fitted(&frame, width, height).map_err(fault)?;
            self.fitted += 1;
        }
        if self.info.format != PixelFormat::Bgra {
            frame = frame.over([0; 3]);
        }
        let mut frame = if (frame.format(), frame.colour()) == (self.info.format, self.info.colour) {
            frame
        } else {
            frame.converted(self.info.format, self.info.colour).map_err(fault)?
        };
        self.clock.stamp(&mut frame);
        Ok(frame)
    }
}

impl Source for Folder {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn remarks(&self) -> Vec<String> {
        let (width, height) = (self.info.width, self.info.height);
        let told =
            |n| format!("pictures of another size, fitted into {width}x{height}, that of the first: {n}");
        (self.fitted > 0).then(|| told(self.fitted)).into_iter().collect()
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let Some(path) = self.files.next() else { return Ok(None) };
        let read = self.read_picture(path);
        if read.is_err() {
            self.files = Vec::new().into_iter();
        }
        Ok(Some(read?))
    }
}

/// Compares names with runs of digits taken as numbers, of any length: `a2` comes before `a10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let ((run_a, rest_a), (run_b, rest_b)) = (run(a), run(b));
        if run_a.is_empty() || run_b.is_empty() {
            return run_a.len().cmp(&run_b.len());
        }
        let digits = |s: &str| s.starts_with(|c: char| c.is_ascii_digit());
        let order = if digits(run_a) && digits(run_b) {
            let (x, y) = (run_a.trim_start_matches('0'), run_b.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            run_a.cmp(run_b)
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// The leading run of digits or of other characters, and what follows.
fn run(text: &str) -> (&str, &str) {
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    text.split_at(text.find(|c: char| c.is_ascii_digit() != digit).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_sort_as_people_number_them() {
        let sorted = ["a", "a1.png", "a2.png", "a02b.png", "a10.png", "a10000000000000000000000.png", "b1"];
        let mut names = sorted;
        names.reverse();
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, sorted);
        assert_eq!(natural("1", "a"), "1".cmp("a"));
    }

    proptest! {
        #[test]
        fn the_order_is_an_order(mut names in prop::collection::vec("[0-9a-b.]{0,6}", 0..12)) {
            // sort_by panics where the comparison is inconsistent.
            names.sort_by(|a, b| natural(a, b));
            for pair in names.windows(2) {
                prop_assert!(natural(&pair[0], &pair[1]).is_le());
            }
        }
    }
}
