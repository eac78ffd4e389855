//! Raw frames that a reader got, against those that were sent over and over.

use std::collections::HashMap;

/// Compares what a reader got with what was sent: every frame of `got` must be one of `sent`, bit for bit,
/// and they must come in the order in which they were sent, round and round; one may come again and some
/// may be left out. At least `distinct` different ones must be among them. `len` is a frame's bytes.
pub(crate) fn compare(sent: &[u8], got: &[u8], len: usize, distinct: usize) -> Result<String, String> {
    if len == 0 || !sent.len().is_multiple_of(len) || !got.len().is_multiple_of(len) {
        return Err(format!("{} bytes sent and {} got are no whole frames of {len}", sent.len(), got.len()));
    }
    let numbers: HashMap<&[u8], usize> = sent.chunks_exact(len).zip(0..).collect();
    let count = sent.len() / len;
    if numbers.len() != count {
        return Err(format!("only {} of {count} frames sent differ from each other", numbers.len()));
    }
    let mut seen = vec![false; count];
    let mut before = None;
    let total = got.len() / len;
    for (place, frame) in got.chunks_exact(len).enumerate() {
        let Some(number) = numbers.get(frame).copied() else {
            return Err(format!("frame {place} of {total} is none of those sent: {}", nearest(sent, frame)));
        };
        if let Some(before) = before
            && (number + count - before) % count > count / 2
        {
            return Err(format!("frame {place} of {total} is number {number}, after number {before}"));
        }
        before = Some(number);
        seen[number] = true;
    }
    let found = seen.iter().filter(|seen| **seen).count();
    if found < distinct {
        return Err(format!("{found} different frames among {total}, {distinct} were expected"));
    }
    Ok(format!("{total} of {total} frames bit for bit, {found} different"))
}

/// How far the frame is from the one it is nearest to.
fn nearest(sent: &[u8], frame: &[u8]) -> String {
    let off = |other: &[u8]| other.iter().zip(frame).filter(|(a, b)| a != b).count();
    let best = sent.chunks_exact(frame.len().max(1)).map(off).zip(0..).min();
    best.map_or_else(String::new, |(bytes, number): (usize, usize)| {
        format!("{bytes} bytes differ from number {number}, the nearest")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_match_in_order_with_repeats_and_gaps() {
        let sent = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6];
        assert!(compare(&sent, &[2, 2, 2, 2, 4, 4, 6, 6, 1, 1], 2, 4).is_ok());
        let bad: [(&[u8], usize, &str); 5] = [
            (&[2, 2, 2, 3], 1, "frame 1 of 2 is none of those sent: 1 bytes differ from number 1"),
            (&[3, 3, 2, 2], 1, "is number 1, after number 2"),
            (&[3, 3, 3, 3], 2, "1 different frames among 2"),
            (&[], 1, "0 different frames"),
            (&[3, 3, 3], 1, "no whole frames"),
        ];
        for (got, distinct, says) in bad {
            let error = compare(&sent, got, 2, distinct).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert!(compare(&[1, 1, 1, 1], &[1, 1], 2, 1).unwrap_err().contains("differ from each other"));
    }
}
