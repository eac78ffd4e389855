//! Names what a file seems to be that is no ONNX network.

use std::io::{Read, Seek};

use super::wire::Reader;

/// How much of the file is looked at, in bytes.
const HEAD: u64 = 512;
/// The longest header of a .safetensors file, in bytes.
const LONGEST_HEADER: u64 = 100 << 20;

/// What the file seems to be, if that can be told.
pub(super) fn seems<R: Read + Seek>(reader: &mut Reader<R>) -> Option<&'static str> {
    let head = reader.start_of(reader.whole(), HEAD).ok()?;
    by_mark(&head).or_else(|| by_text(&head, reader.length > HEAD))
}

fn by_mark(head: &[u8]) -> Option<&'static str> {
    let starts = [
        (&b"\x89PNG\r\n"[..], "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"PK\x03\x04", "a zip archive, perhaps a PyTorch checkpoint (.pth, .pt)"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!", "a RAR archive"),
        (b"\x89HDF\r\n", "an HDF5 file, perhaps a Keras network"),
        (b"GGUF", "a GGUF network"),
    ];
    if let Some((_, what)) = starts.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Some(what);
    }
    match head {
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => Some("a TensorFlow Lite network (.tflite)"),
        [_, _, _, _, b'O', b'R', b'T', b'M', ..] => Some("a network in ONNX Runtime's own format (.ort)"),
        [0x80, 2..=5, ..] => Some("a Python pickle, perhaps a PyTorch checkpoint (.pth, .pt)"),
        [a, b, c, d, e, f, g, h, b'{', ..]
            if u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) <= LONGEST_HEADER =>
        {
            Some("a .safetensors file, which holds weights but no network")
        }
        _ => None,
    }
}

fn by_text(head: &[u8], cut: bool) -> Option<&'static str> {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if cut && error.error_len().is_none() => {
            str::from_utf8(head.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    if text.is_empty() || text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c')) {
        return None;
    }
    let start: String =
        text.trim_start_matches('\u{feff}').trim_start().chars().take(9).collect::<String>().to_lowercase();
    if start == "<!doctype" || start.starts_with("<html") {
        return Some("a web page, perhaps an error that was saved in place of the download");
    }
    if text.starts_with("version https://git-lfs") {
        return Some("a Git LFS pointer, which only says where the file is");
    }
    Some("a text file")
}
