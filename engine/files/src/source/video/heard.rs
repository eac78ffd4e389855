//! What ffmpeg says while it decodes: what went wrong, and which packets it read.

use super::times::Times;

const SECOND: i128 = 1_000_000_000;

/// A packet that is there to be decoded, but not shown.
const DISCARDED: u32 = 4;

/// Gathered from the lines of ffmpeg's error stream.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Seconds of the ticks that packets' times count in.
    base: Option<(i128, i128)>,
    /// When each packet of the pictures is shown, in nanoseconds; nothing where the file does not say.
    packets: Vec<Option<i64>>,
    /// Pictures that were decoded from damaged data.
    damaged: u64,
    /// Whether anything else went wrong.
    errors: bool,
}

impl Heard {
    /// Takes a line; what is to be kept of it as an error.
    pub(super) fn line(&mut self, line: &str) -> Option<String> {
        if let Some(rest) = line.strip_prefix("#tb 0:") {
            self.base =
                rest.trim().split_once('/').and_then(|(n, d)| Some((n.parse().ok()?, d.parse().ok()?)));
            return None;
        }
        if line.starts_with('#') {
            return None;
        }
        if line.starts_with(|c: char| c.is_ascii_digit()) && line.contains(',') {
            self.packet(line);
            return None;
        }
        if line.contains("corrupt decoded frame") {
            self.damaged += 1;
        }
        for level in ["[error] ", "[fatal] ", "[panic] "] {
            if let Some((before, after)) = line.split_once(level) {
                self.errors = true;
                return Some(format!("{before}{after}"));
            }
        }
        // Lines without a level come from the system, about a program that does not start.
        let other = line.contains("[warning] ") || line.contains("[info] ") || line.contains("Last message");
        (!other).then(|| line.to_owned())
    }

    /// `stream, dts, pts, duration, size, checksum`, and flags where they are unusual.
    fn packet(&mut self, line: &str) {
        let mut fields = line.split(',').map(str::trim);
        if fields.next() != Some("0") {
            return;
        }
        let flags = line.split_once(", F=0x").map(|(_, rest)| rest.split(',').next().unwrap_or_default());
        let flags = flags.and_then(|f| u32::from_str_radix(f.trim(), 16).ok()).unwrap_or(1);
        if flags & DISCARDED != 0 {
            return;
        }
        let pts = fields.nth(1).and_then(|p| p.parse::<i64>().ok()).filter(|p| *p != i64::MIN);
        let nanos = pts.zip(self.base).and_then(|(pts, (num, den))| {
            i64::try_from((i128::from(pts) * num * SECOND).checked_div(den)?).ok()
        });
        self.packets.push(nanos);
    }

    /// What is to be told of the pictures that should have come.
    pub(super) fn remarks(&self, times: &Times, packet_is_picture: bool) -> Vec<String> {
        let mut remarks = Vec::new();
        let (came, packets) = (times.count(), self.packets.len() as u64);
        let undecoded = packets.saturating_sub(came);
        // Where packets and pictures are not the same, only what went wrong makes a difference a loss.
        let evident = packet_is_picture || ((self.errors || self.damaged > 0) && undecoded * 2 < packets);
        let undecoded = if evident { undecoded } else { 0 };
        // Where the file itself is damaged, packets are lost before they are counted.
        let (unseen, hole) = if self.errors { times.holes() } else { (0, None) };
        let lost = undecoded.max(unseen);
        if lost > 0 {
            let at = self.first_undecoded(times).into_iter().chain(hole).min();
            let at = at.map_or(String::new(), |at| format!(", the first at {}", clock(at)));
            let (all, verb) = (came + lost, if lost == 1 { "is" } else { "are" });
            remarks.push(format!("{lost} of {all} pictures could not be decoded and {verb} missing{at}"));
        }
        if self.damaged > 0 {
            let pictures = if self.damaged == 1 { "picture is" } else { "pictures are" };
            remarks.push(format!("{} {pictures} damaged in the file", self.damaged));
        }
        remarks
    }

    /// The earliest time of a packet that no picture has.
    fn first_undecoded(&self, times: &Times) -> Option<i64> {
        let mut packets: Vec<i64> = self.packets.iter().copied().collect::<Option<_>>()?;
        let mut shown = times.shown().to_vec();
        packets.sort_unstable();
        shown.sort_unstable();
        let mut pictures = shown.into_iter().peekable();
        packets.into_iter().find(|&packet| {
            // Both are rounded.
            while pictures.next_if(|&p| p < packet - 2000).is_some() {}
            pictures.next_if(|&p| p <= packet + 2000).is_none()
        })
    }
}

/// Minutes and seconds, with hours where there are.
fn clock(nanos: i64) -> String {
    let tenths = nanos.max(0) / 100_000_000;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    let seconds = format!("{:02}.{}", rest / 10, rest % 10);
    if minutes < 60 {
        format!("{minutes}:{seconds}")
    } else {
        format!("{}:{:02}:{seconds}", minutes / 60, minutes % 60)
    }
}
