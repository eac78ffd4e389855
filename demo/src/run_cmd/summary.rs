//! What became of the faces of a whole input, in a few lines.

use std::path::Path;

use omote_engine::pipeline::{Output, State};
use omote_engine::track::SkippedFaces;

/// Counts what was shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) frames: u64,
    pub(crate) with_face: u64,
    /// Frames by what they showed, in the order of [`State::ALL`].
    pub(crate) shown: [u64; State::ALL.len()],
    /// Frames in which a face that is known of wears nothing.
    pub(crate) bare: u64,
    /// Those of them in which it was not found, though it was before and after.
    pub(crate) gaps: u64,
    /// Most faces seen beside those that wear something.
    pub(crate) beside: usize,
    pub(crate) scenes: u64,
    near: u64,
    small: u64,
    scene: u64,
    /// Frames without a face since the last with one in this scene; nothing before the first.
    since: Option<u64>,
}

impl Summary {
    /// Takes the next frame's result in.
    pub(crate) fn add(&mut self, output: &Output) {
        self.count(output.scene, output.state, !output.faces.is_empty(), output.skipped);
    }

    /// A frame of a scene: what it showed, whether a face was found in it, and what was seen beside.
    fn count(&mut self, scene: u64, state: State, face: bool, beside: SkippedFaces) {
        self.frames += 1;
        self.shown[state as usize] += 1;
        if std::mem::replace(&mut self.scene, scene) != scene {
            self.scenes += 1;
            self.since = None;
        }
        self.near += u64::from(beside.near);
        self.small += u64::from(beside.small);
        let live = state == State::Live;
        if face {
            self.with_face += 1;
            let gap = self.since.replace(0).unwrap_or_default();
            self.gaps += gap;
            self.bare += gap;
        } else {
            self.since = self.since.map(|n| n + u64::from(live));
        }
        if live && beside.faces > 0 {
            self.bare += 1;
            self.beside = self.beside.max(beside.faces);
        }
    }

    /// Frames in which the card was shown.
    fn card(&self) -> u64 {
        self.shown[State::Starting as usize] + self.shown[State::Card as usize]
    }

    /// For people: what was written, and what of it a viewer may see bare. `worn` faces wear a persona at most, `fault` is
    /// what went wrong last.
    pub(crate) fn lines(&self, path: Option<&Path>, worn: u8, fault: Option<&str>) -> Vec<String> {
        let mut lines = Vec::new();
        let name = path.map_or_else(|| "all".to_owned(), |path| path.display().to_string());
        lines.push(format!("{name}: {}, a face in {}", frames(self.frames), self.with_face));
        let [hold, pixelate] = [State::Hold, State::Pixelate].map(|state| self.shown[state as usize]);
        let card = self.card();
        if hold + pixelate + card > 0 {
            lines.push(format!(
                "lost faces: held in {}, pixelated in {pixelate}, card in {card}",
                frames(hold)
            ));
        }
        if let Some(fault) = fault {
            lines.push(format!(
                "some frames failed, and a safe picture was shown instead; the last error: {fault}"
            ));
        }
        if self.frames > 0 && self.with_face == 0 {
            lines.push(self.no_face(card));
        } else if self.bare > 0 {
            lines.push(self.bare_faces(worn));
        } else if self.with_face > 0 {
            lines.push("every face that was found is covered".to_owned());
        }
        lines
    }

    fn no_face(&self, card: u64) -> String {
        let why = if self.near > 0 {
            "one is so close that the edge of the picture cuts it off: get the whole head into the picture"
        } else if self.small > 0 {
            "there may be one that is too small: give a picture in which it is at least 40 pixels wide"
        } else if card == self.frames {
            "check the input: does it show a face, large enough and not hidden?"
        } else {
            "if there is one, it is uncovered; `--privacy protect` shows a card instead"
        };
        format!("no face was found in any frame; {why}")
    }

    fn bare_faces(&self, worn: u8) -> String {
        let others = self.bare - self.gaps.min(self.bare);
        let mut why = Vec::new();
        if others > 0 {
            let all = usize::from(worn) + self.beside;
            why.push(format!(
                "not every face wears a persona: `--max-faces {all}` gives each of them one, `--privacy protect` covers the others"
            ));
        }
        if self.gaps > 0 {
            why.push(format!(
                "in {} a face was lost that was found before and after: `--privacy protect` shows the last good picture \
                 or a card instead",
                frames(self.gaps)
            ));
        }
        format!("a face was uncovered in {}; {}", frames(self.bare), why.join("; "))
    }
}

fn frames(count: u64) -> String {
    format!("{count} {}", if count == 1 { "frame" } else { "frames" })
}

#[cfg(test)]
mod tests {
    use super::*;
    fn summarise(frames: &[(u64, State, bool, SkippedFaces)]) -> (Summary, String) {
        let mut summary = Summary::default();
        for &(scene, state, face, beside) in frames {
            summary.count(scene, state, face, beside);
        }
        let last = summary.lines(None, 1, None).pop().unwrap();
        (summary, last)
    }

    use State::{Hold, Live, Starting};

    const NONE: SkippedFaces = SkippedFaces { faces: 0, near: false, small: false };

    #[test]
    fn a_face_that_is_there_before_and_after_was_bare_in_between() {
        let (s, last) = summarise(&[
            (1, Live, false, NONE),
            (1, Live, true, NONE),
            (1, Hold, false, NONE),
            (1, Live, false, NONE),
            (1, Live, false, NONE),
            (1, Live, true, NONE),
            (1, Live, false, NONE),
            // Nobody says that it is there in another scene.
            (2, Live, false, NONE),
            (2, Live, true, NONE),
        ]);
        assert_eq!((s.bare, s.gaps, s.with_face, s.scenes), (2, 2, 3, 2));
        assert!(last.starts_with("a face was uncovered in 2 frames; in 2 frames a face was lost"), "{last}");
    }

    #[test]
    fn faces_beside_those_that_wear_something_are_bare() {
        let beside = SkippedFaces { faces: 3, ..NONE };
        let (s, last) =
            summarise(&[(1, Live, true, beside), (1, Live, true, NONE), (1, Starting, true, beside)]);
        assert_eq!((s.bare, s.beside), (1, 3));
        assert!(last.contains("in 1 frame;") && last.contains("`--max-faces 4`"), "{last}");
        assert_eq!(summarise(&[(1, Live, true, NONE)]).1, "every face that was found is covered");
    }

    #[test]
    fn an_input_without_a_face_says_what_may_be_the_reason() {
        for (beside, state, words) in [
            (NONE, Live, "--privacy protect"),
            (NONE, Starting, "large enough"),
            (SkippedFaces { near: true, ..NONE }, Live, "so close"),
            (SkippedFaces { small: true, ..NONE }, Live, "too small"),
        ] {
            let last = summarise(&[(1, state, false, beside)]).1;
            assert!(last.starts_with("no face was found in any frame; ") && last.contains(words), "{last}");
        }
    }
}
