//! The room that a recording has left on its disk, and when it must end so that it can still be completed.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

/// The room on the disk that a recording goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are free.
    pub free: u64,
    /// For how long they last at the rate at which they became fewer of late; nothing while that is not known.
    pub lasts: Option<Duration>,
}

/// Between two looks at the disk.
const EVERY: Duration = Duration::from_secs(1);
/// The rate is that of so long a time.
const RATE_WINDOW: Duration = Duration::from_secs(20);
/// A rate is told once so much time has passed.
const RATE_KNOWN_AFTER: Duration = Duration::from_secs(3);
/// Bytes that completing a file needs in any case, and for each frame: its entries in the index.
const INDEX: (u64, u64) = (64 << 10, 24);
/// What may still come between two looks and while the encoder is closed.
const AHEAD: Duration = Duration::from_secs(3);

/// Watches the disk while a recording runs.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// When it was looked, what was written and what was free then.
    seen: VecDeque<(Duration, u64, u64)>,
    room: Option<Room>,
}

impl Watch {
    /// Whether it is time for the next look.
    pub(super) fn due(&self, now: Duration) -> bool {
        self.seen.back().is_none_or(|(at, ..)| now.saturating_sub(*at) >= EVERY)
    }

    /// What is known.
    pub(super) fn room(&self) -> Option<Room> {
        self.room
    }

    /// Notes what was written and what is free. True where the recording of so many frames must be completed now, while
    /// there is room for that.
    pub(super) fn must_end(&mut self, now: Duration, written: u64, free: u64, frames: u64) -> bool {
        self.seen.push_back((now, written, free));
        while self.seen.len() > 2
            && self.seen.front().is_some_and(|(at, ..)| now.saturating_sub(*at) > RATE_WINDOW)
        {
            self.seen.pop_front();
        }
        let (begun, before, had) = self.seen.front().copied().unwrap_or((now, written, free));
        let passed = now.saturating_sub(begun).as_secs_f64();
        // Others may fill the disk too.
        let used = written.saturating_sub(before).max(had.saturating_sub(free)) as f64;
        let rate = if passed > 0.0 { used / passed } else { 0.0 };
        let needs = INDEX.0 + INDEX.1 * frames + (rate * AHEAD.as_secs_f64()) as u64;
        let known = now.saturating_sub(begun) >= RATE_KNOWN_AFTER && rate > 0.0;
        let seconds = free.saturating_sub(needs) as f64 / rate.max(1.0);
        let lasts = known.then(|| Duration::from_secs_f64(seconds.min(1e9)));
        self.room = Some(Room { free, lasts });
        free < needs
    }
}

/// Bytes that are free where `path` is; nothing where the system does not tell.
pub(super) fn free(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let disk = rustix::fs::statvfs(path).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Bytes of a file; none of a folder, whose growth shows in what is free.
pub(super) fn written(path: &Path) -> u64 {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map_or(0, |data| data.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_time_that_is_left_follows_the_rate() {
        let mut watch = Watch::default();
        for s in 0..30 {
            assert!(watch.due(Duration::from_secs(s)));
            let full = watch.must_end(Duration::from_secs(s), s * MIB, 600 * MIB - s * MIB, s * 30);
            assert!(!full);
            assert!(!watch.due(Duration::from_millis(s * 1000 + 500)));
        }
        let room = watch.room().unwrap();
        let left = room.lasts.unwrap().as_secs();
        assert_eq!(room.free, 571 * MIB);
        // Less what completing needs: three seconds' worth, and a little.
        assert!((565..=568).contains(&left), "{left}");
    }

    #[test]
    fn a_recording_ends_while_it_can_still_be_completed() {
        let mut watch = Watch::default();
        let mut free = 20 * MIB;
        let ended = (0..100).find(|s| {
            free = 20 * MIB - s * MIB;
            watch.must_end(Duration::from_secs(*s), s * MIB, free, s * 30)
        });
        // Between two and four seconds before the disk is full.
        assert!((16..=18).contains(&ended.unwrap()), "{ended:?}");
        // What others write counts as well.
        let mut watch = Watch::default();
        let by_others = (0..100).find(|s| watch.must_end(Duration::from_secs(*s), 0, 20 * MIB - s * MIB, 0));
        assert!((16..=18).contains(&by_others.unwrap()), "{by_others:?}");
    }

    #[cfg(unix)]
    #[test]
    fn the_disk_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free(folder.path()).unwrap() > 0);
        std::fs::write(folder.path().join("a"), [0; 100]).unwrap();
        assert_eq!((written(folder.path()), written(&folder.path().join("a"))), (0, 100));
        assert_eq!(free(Path::new("/nowhere/at/all")), None);
    }
}
