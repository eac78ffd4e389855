//! What of a file goes nowhere.

use super::{Probe, Stream};

impl Probe {
    /// Names all that is in the file besides the shown pictures and their sound; nothing where that is all.
    pub(super) fn left_out(&self, shown: &Stream) -> Option<String> {
        let sound: Vec<u32> = self.sound_of(shown).map(|s| s.index).collect();
        let rest = || self.streams.iter().filter(|s| s.index != shown.index && !sound.contains(&s.index));
        let count = |kind: &dyn Fn(&Stream) -> bool| rest().filter(|s| kind(s)).count();
        let parts = [
            counted(count(&Stream::is_video), "other video track"),
            counted(count(&|s| s.codec_type == "video" && !s.is_video()), "cover picture"),
            counted(count(&Stream::is_sound), "sound track of another program"),
            counted(
                count(&|s| s.codec_type == "audio" && !s.is_sound()),
                "sound track of which nothing is known",
            ),
            counted(count(&|s| s.codec_type == "subtitle"), "subtitle track"),
            counted(count(&|s| s.codec_type == "data"), "data track"),
            counted(count(&|s| s.codec_type == "attachment"), "attached file"),
            counted(self.chapters.len(), "chapter"),
            self.format.tags.title.as_deref().filter(|t| !t.is_empty()).map(|_| "the title".to_owned()),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// `2 chapters`, `1 chapter`; nothing for none.
fn counted(count: usize, what: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ if what.contains(" of ") => Some(format!("{count} {}", what.replacen(" of ", "s of ", 1))),
        _ => Some(format!("{count} {what}s")),
    }
}
