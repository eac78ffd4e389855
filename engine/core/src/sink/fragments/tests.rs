use super::*;
use crate::source::child;
use std::ffi::OsString;

/// Output and errors of a program, or nothing where it is not there.
fn run(program: &str, words: &str, file: &Path, more: &str) -> Option<(String, String)> {
    let mut args: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
    args.push(file.into());
    args.extend(more.split_whitespace().map(OsString::from));
    let (out, ended) = child::run(Path::new(program), &args).ok()?;
    assert!(ended.status.success(), "{program} {words} {}: {}", file.display(), ended.said);
    Some((String::from_utf8_lossy(&out).into_owned(), ended.said))
}

/// Writes a fragmented file as recordings are written, in one of several ways; false where there is no ffmpeg.
fn fragmented(file: &Path, coding: &str) -> bool {
    let words = format!(
        "-nostdin -loglevel error -f lavfi -i testsrc2=size=160x120:rate=30:duration=4 -f lavfi -i \
         sine=duration=4 {coding} -movflags +empty_moov+default_base_moof+frag_keyframe -frag_duration 500000 \
         -metadata comment=kept -f mp4"
    );
    if run("ffmpeg", &words, file, "").is_none() {
        println!("skipped: no ffmpeg (Debian: apt-get install ffmpeg)");
        return false;
    }
    true
}

/// Every packet's stream, times, length in bytes and hash, as they come out of a file. How long a packet of sound lasts is
/// left out: where some are missing before the next, an ordinary file has the one before last until there. Nothing may be
/// said while it is read.
fn packets(file: &Path) -> Vec<String> {
    let (out, said) =
        run("ffmpeg", "-nostdin -loglevel error -copyts -i", file, "-map 0 -c copy -f framehash -").unwrap();
    assert_eq!(said, "", "{}", file.display());
    let packet = |line: &str| {
        let line: String = line.split_whitespace().collect();
        let fields: Vec<&str> = line.split(',').collect();
        [&fields[..3], &fields[4..]].concat().join(",")
    };
    let mut lines: Vec<String> = out.lines().filter(|l| !l.starts_with('#')).map(packet).collect();
    lines.sort();
    lines
}

/// Decoded pictures; nothing may be said meanwhile.
fn decoded(file: &Path) -> u64 {
    let (out, said) = run("ffmpeg", "-nostdin -loglevel error -i", file, "-map 0:v -f framecrc -").unwrap();
    assert_eq!(said, "", "{}", file.display());
    out.lines().filter(|l| !l.starts_with('#')).count() as u64
}

const CODINGS: [&str; 3] = [
    "-map 0:v -c:v libx264 -preset veryfast -g 60",
    "-map 0:v -map 1:a -c:v libx264 -preset veryfast -bf 3 -g 25 -c:a aac",
    "-map 0:v -c:v mpeg4 -g 60",
];

#[test]
fn a_completed_file_holds_the_same_packets_at_the_same_times() {
    let folder = tempfile::tempdir().unwrap();
    for coding in CODINGS {
        let file = folder.path().join("a.mp4");
        if !fragmented(&file, &format!("{coding} -y")) {
            return;
        }
        let before = packets(&file);
        let found = contents(&file).unwrap();
        assert_eq!(found.frames, 120, "{coding}");
        assert!((found.seconds - 4.0).abs() < 0.05, "{coding}: {found:?}");
        assert_eq!(complete(&file).unwrap(), found, "{coding}");
        let after = packets(&file);
        let only =
            |a: &[String], b: &[String]| a.iter().filter(|p| !b.contains(p)).cloned().collect::<Vec<_>>();
        assert!(
            after == before,
            "{coding}: now {:?}, before {:?}",
            only(&after, &before),
            only(&before, &after)
        );
        assert_eq!(decoded(&file), 120, "{coding}");
        let says = "-v error -count_packets -show_entries stream=nb_frames:format=duration:format_tags=comment -of flat -i";
        let (said, _) = run("ffprobe", says, &file, "").unwrap();
        assert!(said.contains("nb_frames=\"120\"") && said.contains("comment=\"kept\""), "{coding}: {said}");
        // It is no longer in fragments.
        assert!(contents(&file).is_err() && complete(&file).is_err());
    }
}

/// Wherever a file breaks off, what is whole of it plays without a word, and nothing that was whole is lost.
#[test]
fn a_file_that_broke_off_anywhere_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, file) = (folder.path().join("whole.mp4"), folder.path().join("cut.mp4"));
    if !fragmented(&whole, CODINGS[1]) {
        return;
    }
    let bytes = std::fs::read(&whole).unwrap();
    let (mut frames, mut completed) = (0, 0);
    for share in 0..60 {
        std::fs::write(&file, &bytes[..bytes.len() * share / 60]).unwrap();
        let Ok(found) = contents(&file) else {
            assert_eq!(frames, 0, "lost at {share} of 60");
            assert!(complete(&file).is_err());
            continue;
        };
        assert!(found.frames >= frames, "{} of {frames} frames at {share} of 60", found.frames);
        frames = found.frames;
        assert_eq!(complete(&file).unwrap(), found);
        assert_eq!(decoded(&file), found.frames, "{share} of 60");
        completed += 1;
    }
    assert!(completed > 50 && frames > 100, "{completed} cuts, {frames} frames");
}

#[test]
fn files_that_are_none_are_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.mp4");
    let seeds: [&[u8]; 5] = [
        b"",
        b"no film at all, but some text",
        b"\0\0\0\x08ftyp\0\0\0\x08moov",
        b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\0moof",
    ];
    for bytes in seeds {
        std::fs::write(&file, bytes).unwrap();
        assert!(complete(&file).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
    }
}

/// Damage anywhere in the boxes may cost pictures, but never a panic or a file that grows without end.
#[test]
fn damaged_boxes_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, file) = (folder.path().join("whole.mp4"), folder.path().join("bad.mp4"));
    if !fragmented(&whole, CODINGS[0]) {
        return;
    }
    let bytes = std::fs::read(&whole).unwrap();
    let mut chance = fastrand::Rng::with_seed(1);
    for _ in 0..400 {
        let mut bad = bytes.clone();
        for _ in 0..4 {
            // Most of them where head and indexes stand.
            let reach = if chance.bool() { 2000 } else { bad.len() };
            let at = chance.usize(..reach.min(bad.len()));
            bad[at] = chance.u8(..);
        }
        std::fs::write(&file, &bad).unwrap();
        let _ = complete(&file);
        assert!(std::fs::metadata(&file).unwrap().len() < 2 * bytes.len() as u64 + (1 << 16));
    }
}
