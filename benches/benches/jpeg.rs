//! A webcam's JPEG at 1280x720 to pixels: Omote's decoder, libjpeg's planes alone, and zune-jpeg beside them.

#![expect(clippy::unwrap_used, reason = "a bench may stop")]

use criterion::{Criterion, criterion_group, criterion_main};
use mozjpeg::{ColorSpace, Compress, Decompress};
use omote_benches::scene::Scene;
use omote_engine::frame::PixelFormat;
use omote_engine::source::read_picture;
use std::hint::black_box;
use std::io::Cursor;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace as ZuneSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The bench's scene with a camera's noise, as a baseline JPEG of a camera's quality.
fn webcam(chroma: (u8, u8)) -> Vec<u8> {
    let mut rgb = Scene::new(PixelFormat::Rgb, 1280, 720, "composite-1").unwrap().frame.data().to_vec();
    let mut chance = fastrand::Rng::with_seed(1);
    for value in &mut rgb {
        *value = value.saturating_add(chance.u8(..8));
    }
    let mut jpeg = Compress::new(ColorSpace::JCS_RGB);
    jpeg.set_size(1280, 720);
    jpeg.set_fastest_defaults();
    jpeg.set_quality(85.0);
    jpeg.set_color_space(ColorSpace::JCS_YCbCr);
    jpeg.set_chroma_sampling_pixel_sizes(chroma, chroma);
    let mut jpeg = jpeg.start_compress(Vec::new()).unwrap();
    jpeg.write_scanlines(&rgb).unwrap();
    jpeg.finish().unwrap()
}

/// The planes as the JPEG has them.
fn planes(bytes: &[u8], out: &mut [Vec<u8>; 3]) {
    let mut jpeg = Decompress::new_mem(bytes).unwrap().raw().unwrap();
    out.iter_mut().for_each(Vec::clear);
    let [a, b, c] = out;
    jpeg.read_raw_data(&mut [a, b, c]);
}

/// Interleaved, at full size: zune-jpeg gives no planes.
fn zune(bytes: &[u8], space: ZuneSpace, out: &mut Vec<u8>) {
    let options = DecoderOptions::new_fast().jpeg_set_out_colorspace(space);
    let mut jpeg = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    jpeg.decode_headers().unwrap();
    out.resize(jpeg.output_buffer_size().unwrap(), 0);
    jpeg.decode_into(out).unwrap();
}

fn jpeg(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    for (name, chroma) in [("4:2:0", (2, 2)), ("4:2:2", (2, 1))] {
        let bytes = webcam(chroma);
        let path = folder.path().join("webcam.jpg");
        std::fs::write(&path, &bytes).unwrap();
        let mut group = c.benchmark_group(format!("jpeg 1280x720 {name}, {} KiB", bytes.len() / 1024));
        group.bench_function("omote, from a file", |b| b.iter(|| read_picture(black_box(&path)).unwrap()));
        let mut three = Default::default();
        group.bench_function("mozjpeg planes", |b| b.iter(|| planes(black_box(&bytes), &mut three)));
        let mut out = Vec::new();
        for (what, space) in [("zune-jpeg YCbCr", ZuneSpace::YCbCr), ("zune-jpeg RGB", ZuneSpace::RGB)] {
            group.bench_function(what, |b| b.iter(|| zune(black_box(&bytes), space, &mut out)));
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(50);
    targets = jpeg
}
criterion_main!(benches);
