//! Telling in time that the disk gets full.

use std::time::Duration;

use omote_engine::sink::Room;

/// So much before the end it is told, and again.
const BEFORE: [Duration; 3] = [Duration::from_secs(600), Duration::from_secs(120), Duration::from_secs(20)];

/// What was told of the room that a recording has left.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Warned {
    /// How many of the warnings were given.
    given: usize,
}

impl Warned {
    /// What there is to tell now, if anything: each warning once.
    pub(crate) fn warning(&mut self, room: Room) -> Option<String> {
        let lasts = room.lasts?;
        let due = BEFORE.iter().filter(|before| lasts <= **before).count();
        if due <= self.given {
            return None;
        }
        self.given = due;
        let seconds = lasts.as_secs();
        let time = match seconds {
            0..120 => format!("{seconds} seconds"),
            _ => format!("{} minutes", seconds / 60),
        };
        let free = room.free as f64 / 1e6;
        Some(format!(
            "at the present rate the disk will be full in {time} ({free:.0} MB are free); the recording ends before that"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_warning_comes_once_and_in_time() {
        let mut warned = Warned::default();
        let mut at =
            |seconds| warned.warning(Room { free: 5_000_000, lasts: Some(Duration::from_secs(seconds)) });
        assert_eq!((at(4000), at(601)), (None, None));
        assert!(at(600).unwrap().contains("10 minutes (5 MB are free)"));
        assert_eq!((at(590), at(700), at(121)), (None, None, None));
        assert!(at(119).unwrap().contains("119 seconds"));
        assert!(at(3).unwrap().contains("3 seconds"));
        assert_eq!(at(1), None);
        assert_eq!(Warned::default().warning(Room { free: 0, lasts: None }), None);
    }
}
