//! What ffmpeg's words about a file that it can't read mean to a user, helped by the file's first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::SourceFault;

/// How much of a file is looked at.
const LOOKED_AT: u64 = 4096;

/// The fault that this is.
pub fn fault(path: &Path, program: &'static str, said: &str) -> SourceFault {
    let path = path.to_owned();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let head = head(&path);
    // By a name alone ffmpeg takes text for a video, too.
    let no_table = has(&[
        "moov atom not found",
        "contradictionary STSC",
        "error reading header",
        "EBML header parsing failed",
    ]);
    if no_table && let Some(seems) = seems(&head) {
        return SourceFault::NotVideo { path, seems };
    }
    if no_table {
        let what = "its table of contents is missing, as in half a download or a recording that broke off";
        return SourceFault::Incomplete { path, what };
    }
    if has(&["Permission denied", "No such file"]) {
        let kind = if said.contains("Permission") {
            std::io::ErrorKind::PermissionDenied
        } else {
            std::io::ErrorKind::NotFound
        };
        return SourceFault::io(&path, kind.into());
    }
    if has(&[
        "Invalid data found",
        "could not find codec parameters",
        "Could not find codec parameters",
        "misdetection possible",
    ]) && let Some(seems) = seems(&head)
    {
        return SourceFault::NotVideo { path, seems };
    }
    if has(&["encrypted", "decryption", "Encryption"]) {
        return SourceFault::Encrypted { path };
    }
    if has(&["Invalid data found"]) {
        let what = "ffmpeg knows no video in it: it is damaged, or of a kind that it can't read";
        return SourceFault::Incomplete { path, what };
    }
    SourceFault::Program { path, program, said: plain(said) }
}

/// What a file of no kind that is read here is, by its first bytes; `bytes` may be more of it.
pub(super) fn described(bytes: &[u8]) -> String {
    let head = bytes.get(..LOOKED_AT as usize).unwrap_or(bytes);
    if let Some(seems) = seems(head) {
        return seems.to_owned();
    }
    let start = head.get(..head.len().min(16)).unwrap_or_default().escape_ascii();
    format!("of no known kind (it starts with `{start}`)")
}

/// The file's first bytes, where it can be read.
fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    // A file that can't be read again says nothing of itself.
    let _ = File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut head));
    head
}

/// What a file that is no video seems to be.
fn seems(head: &[u8]) -> Option<&'static str> {
    let begins = |magic: &[u8]| head.starts_with(magic);
    let text = std::str::from_utf8(head).or_else(|e| {
        // Cut inside a letter.
        if e.error_len().is_none() {
            std::str::from_utf8(head.get(..e.valid_up_to()).unwrap_or_default())
        } else {
            Err(e)
        }
    });
    let text = text.ok().filter(|text| text.chars().all(|c| !c.is_control() || c.is_whitespace()));
    if let Some(text) = text {
        let small = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
        let page = ["<!doctype html", "<html", "<head"].iter().any(|tag| small.starts_with(tag));
        return Some(if page { "a web page (a download that asks for a login gives one)" } else { "text" });
    }
    Some(if begins(b"%PDF") {
        "a PDF document"
    } else if begins(b"PK\x03\x04")
        || begins(b"Rar!")
        || begins(b"7z\xbc\xaf")
        || begins(b"\x1f\x8b")
        || begins(b"\xfd7zXZ")
    {
        "a packed archive, which must be unpacked first"
    } else if begins(b"\x7fELF") || begins(b"MZ") {
        "a program"
    } else if begins(b"SQLite format") {
        "a database"
    } else if head.len() > 16 && head.iter().all(|byte| *byte == 0) {
        "a file of zeros, as a download leaves that never came"
    } else if begins(b"-----BEGIN PGP")
        || begins(b"\x8c\x0d")
        || begins(b"age-encryption")
        || begins(b"Salted__")
    {
        "an encrypted file, which must be decrypted first"
    } else {
        return None;
    })
}

/// Without what only ffmpeg's makers need: who says it (`[mov,mp4 @ 0x55…]`), and the file's name, which stands elsewhere.
pub fn plain(said: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in said.split(" | ") {
        let mut part = part.trim();
        while let Some(rest) = part
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("] "))
            .filter(|(who, _)| who.contains(" @ "))
        {
            part = rest.1.trim();
        }
        let part = match part.strip_prefix("file:").and_then(|rest| rest.rsplit_once(": ")) {
            Some((_, words)) => words,
            None => part,
        };
        if !part.is_empty() && !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_as_a_user_knows_them() {
        let folder = tempfile::TempDir::new().unwrap();
        let invalid = "file:a.mp4: Invalid data found when processing input";
        for (bytes, said, words) in [
            (
                &b"\0\0\0\x20ftypisom"[..],
                "[mov,mp4 @ 0x55] moov atom not found | file:a.mp4: Invalid data found",
                "half a download",
            ),
            (b"<!DOCTYPE html><html>", invalid, "a web page"),
            (b"just words\n", invalid, "this is text"),
            ("für Elise: ä".as_bytes(), invalid, "this is text"),
            (b"PK\x03\x04\x14\0\0", invalid, "unpacked first"),
            (b"%PDF-1.7\xff", invalid, "a PDF document"),
            (&[0; 4096], invalid, "never came"),
            (b"Salted__\x01\x02", invalid, "decrypted first"),
            (b"\x13\x37\xff\0\x01", invalid, "damaged, or of a kind"),
            (b"\0\0\0\x20ftypisom", "[h264 @ 0x5] this stream is encrypted", "encrypted"),
            (b"\0", "file:a.mp4: Permission denied", "can't be read"),
            (b"\0", "file:a.mp4: something new", "something new"),
        ] {
            let path = folder.path().join("a.mp4");
            std::fs::write(&path, bytes).unwrap();
            let message = fault(&path, "ffprobe", said).to_string();
            assert!(message.contains(words), "{words}: {message}");
            assert!(!message.contains("0x5") && !message.contains("Invalid data"), "{message}");
            assert_eq!(message.matches("a.mp4").count(), 1, "{message}");
        }
    }

    #[test]
    fn files_under_a_wrong_name_are_called_what_they_are() {
        let folder = tempfile::TempDir::new().unwrap();
        for (bytes, words) in [
            (&b"<!DOCTYPE html><html>"[..], "is a web page"),
            (b"PK\x03\x04\x14\0\0", "unpacked first"),
            (b"\x13\x37\xff\0\x01", "(it starts with `\\x137\\xff\\x00\\x01`)"),
        ] {
            let path = folder.path().join("a.jpg");
            std::fs::write(&path, bytes).unwrap();
            // As an input, as one picture, and as a photo for a persona.
            let input = super::super::open(&path).err().unwrap().to_string();
            let picture = super::super::read_picture(&path).unwrap_err().to_string();
            let photo = super::super::picture::decode(bytes, None, 4096, true).unwrap_err().to_string();
            assert_eq!(input, picture);
            assert!(input.contains("the name says JPEG") && input.ends_with("a.jpg"), "{input}");
            assert!(input.contains(words) && photo.contains(words), "{words}: {input} | {photo}");
        }
    }

    #[test]
    fn ffmpegs_words_lose_what_only_its_makers_need() {
        for (said, expected) in [
            ("[h264 @ 0x55d5] non-existing PPS | [h264 @ 0x55d5] non-existing PPS", "non-existing PPS"),
            ("[in#0 @ 0x1] [h264 @ 0x2] bad | file:/x/y: z.mp4: End of file", "bad; End of file"),
            ("Unknown encoder 'libx264'", "Unknown encoder 'libx264'"),
        ] {
            assert_eq!(plain(said), expected);
        }
    }
}
