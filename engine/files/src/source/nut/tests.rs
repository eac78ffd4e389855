use super::write::number;
use super::*;
use crate::source::Rate;
use omote_frame::{Frame, PixelFormat};
use proptest::prelude::*;

const VIDEO: RawVideo =
    RawVideo { format: PixelFormat::I420, width: 4, height: 2, ticks: 90_000, rate: Rate::DEFAULT };

/// A file of frames at these ticks, each filled with its number.
fn written(video: &RawVideo, ticks: &[u64]) -> Vec<u8> {
    let length = Frame::byte_len(video.format, video.width, video.height);
    let mut writer = NutWriter::new(Vec::new(), video).unwrap();
    for (i, at) in ticks.iter().enumerate() {
        writer.begin(*at, length as u64).unwrap();
        writer.data().extend(vec![i as u8; length]);
    }
    std::mem::take(writer.data())
}

/// Reads all; the times and the first bytes.
fn all(bytes: &[u8], length: usize) -> Result<Vec<(i64, Option<u8>)>, NutFault> {
    let mut reader = NutReader::new(bytes)?;
    let (mut data, mut frames) = (vec![0; length], Vec::new());
    while let Some(frame) = reader.next(&mut data)? {
        frames.push((frame.pts, data.first().copied()));
    }
    Ok(frames)
}

#[test]
fn the_checksum_is_the_usual_one_highest_bit_first() {
    // The check value of CRC-32/POSIX-like sums without length and inversion.
    assert_eq!(checksum(0, b"123456789"), 0x89a1_897f);
}

#[test]
fn numbers_take_seven_bits_a_byte() {
    for (value, want) in [
        (0, &[0][..]),
        (127, &[127]),
        (128, &[0x81, 0]),
        (u64::MAX, &[0x81, 255, 255, 255, 255, 255, 255, 255, 255, 0x7f]),
    ] {
        let mut bytes = Vec::new();
        number(&mut bytes, value);
        assert_eq!(bytes, want, "{value}");
    }
}

#[test]
fn what_is_written_is_read() {
    let ticks = [0, 1, 3000, 3001, 90_000 * 3600 * 30];
    let bytes = written(&VIDEO, &ticks);
    let stream = NutReader::new(&bytes[..]).unwrap().streams()[0];
    assert_eq!((stream.video, stream.width, stream.height, stream.base), (true, 4, 2, (1, 90_000)));
    let frames = all(&bytes, 12).unwrap();
    let want: Vec<_> = ticks.iter().enumerate().map(|(i, t)| (*t as i64, Some(i as u8))).collect();
    assert_eq!(frames, want);
}

#[test]
fn faults_say_what_is_wrong() {
    let whole = written(&VIDEO, &[0, 3000]);
    assert!(matches!(all(b"", 12), Err(NutFault::Magic)));
    assert!(matches!(all(b"nut/multimedia container", 12), Err(NutFault::Magic)));
    assert!(matches!(all(&whole[..25], 12), Err(NutFault::Absent("stream header"))));
    assert!(matches!(all(&whole[..whole.len() - 5], 12), Err(NutFault::Cut { found: 7, expected: 12 })));
    assert!(matches!(all(&whole, 13), Err(NutFault::Length { found: 12, expected: 13 })));
    let mut bent = whole.clone();
    bent[40] ^= 1;
    assert!(matches!(all(&bent, 12), Err(NutFault::Checksum("main header"))), "{:?}", all(&bent, 12));
    let last = whole.len() - 13;
    let mut bent = whole.clone();
    bent[last] ^= 1;
    assert!(matches!(all(&bent, 12), Err(NutFault::Checksum("frame's header"))));
}

#[test]
fn any_cut_gives_whole_frames_and_then_an_end_or_a_fault() {
    let whole = written(&VIDEO, &[0, 3000, 7000]);
    for end in 0..whole.len() {
        let mut reader = match NutReader::new(&whole[..end]) {
            Ok(reader) => reader,
            Err(_) => continue,
        };
        let mut data = [99; 12];
        let mut count = 0;
        while let Ok(Some(frame)) = reader.next(&mut data) {
            assert_eq!(frame.pts, [0, 3000, 7000][count]);
            assert_eq!(data, [count as u8; 12]);
            count += 1;
        }
        assert!(count < 3, "{end}");
    }
}

proptest! {
    #[test]
    fn any_bytes_end_without_panic(
        at in 25usize..140, bytes in prop::collection::vec(any::<u8>(), 0..60), rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut file = written(&VIDEO, &[0, 3000]);
        let end = (at + bytes.len()).min(file.len());
        file.splice(at..end, bytes);
        drop(all(&file, 12));
        file.truncate(25);
        file.extend(rest);
        drop(all(&file, 12));
    }

    #[test]
    fn headers_of_any_content_end_without_panic(code in 0usize..4, content in prop::collection::vec(any::<u8>(), 0..120)) {
        let mut file = FILE_ID.to_vec();
        file.extend(&written(&VIDEO, &[])[25..]);
        let mut packet = [MAIN, STREAM, SYNC_POINT, INFO][code].to_be_bytes().to_vec();
        number(&mut packet, content.len() as u64 + 4);
        packet.extend(&content);
        packet.extend(checksum(0, &content).to_be_bytes());
        // As a further header, and in the place of the first.
        for mut file in [file, FILE_ID.to_vec()] {
            file.extend(&packet);
            file.extend([1; 40]);
            drop(all(&file, 12));
        }
    }

    #[test]
    fn times_and_sizes_of_any_kind_come_back(
        mut ticks in prop::collection::vec(0u64..1 << 50, 1..8), ticks_a_second in 1u32..2_000_000, width in 1u32..40, height in 1u32..20,
    ) {
        ticks.sort_unstable();
        let video = RawVideo { format: PixelFormat::Rgb, width, height, ticks: ticks_a_second, ..VIDEO };
        let length = Frame::byte_len(video.format, width, height);
        let frames = all(&written(&video, &ticks), length).unwrap();
        let got: Vec<u64> = frames.iter().map(|f| f.0 as u64).collect();
        prop_assert_eq!(got, ticks);
    }
}
