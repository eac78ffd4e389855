//! A package's manifest, in an archive that holds nothing else.

#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use omote_engine::persona::{Date, Persona};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

fuzz_target!(|manifest: &[u8]| {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let written = archive.start_file("persona.toml", stored).is_ok() && archive.write_all(manifest).is_ok();
    if let Ok(archive) = archive.finish()
        && written
    {
        let _ = Persona::from_archive(archive.into_inner(), Date::from_unix(1_760_000_000));
    }
});
