//! NUT, the container in which raw pictures go through the pipes to and from ffmpeg: each with its own time in
//! a time base of the stream's, which plain raw video has not.
//!
//! Reading is strict and bounded: what is not as the format says ends it with a [`NutFault`], and nothing is
//! reserved on the word of a length that was read.

mod read;
mod write;

pub use read::{NutFault, NutFrame, NutReader};
pub use write::{NutWriter, RawVideo};

/// What a file begins with.
const FILE_ID: &[u8; 25] = b"nut/multimedia container\0";

const MAIN: u64 = start_code(*b"NM", 0x7a56_1f5f_04ad);
const STREAM: u64 = start_code(*b"NS", 0x1140_5bf2_f9db);
const SYNC_POINT: u64 = start_code(*b"NK", 0xe4ad_eeca_4569);
const INDEX: u64 = start_code(*b"NX", 0xdd67_2f23_e64e);
const INFO: u64 = start_code(*b"NI", 0xab68_b596_ba78);

/// Packets longer than this have a checksum of their first bytes.
const LONG: u64 = 4096;

/// A frame is one that decoding can begin with.
const KEY: u64 = 1;
/// A coded time follows.
const CODED_PTS: u64 = 1 << 3;
/// The number of the stream follows.
const STREAM_ID: u64 = 1 << 4;
/// The upper part of the length follows.
const SIZE_MSB: u64 = 1 << 5;
/// A checksum of the frame's header follows.
const CHECKSUM: u64 = 1 << 6;
/// Values of no meaning yet follow.
const RESERVED: u64 = 1 << 7;
/// The data begin with metadata.
const META: u64 = 1 << 8;
/// The number of an elided header follows.
const HEADER_INDEX: u64 = 1 << 10;
/// A time for matching follows.
const MATCH_TIME: u64 = 1 << 11;
/// Flags follow.
const CODED: u64 = 1 << 12;
/// No frame begins like this.
const INVALID: u64 = 1 << 13;

const fn start_code(letters: [u8; 2], rest: u64) -> u64 {
    let [first, second] = letters;
    ((first as u64) << 56) | ((second as u64) << 48) | rest
}

/// Adds bytes to a checksum: CRC-32 of the polynomial 0x04C11DB7, highest bit first, begun with 0.
fn checksum(sum: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let (mut sum, mut bit) = ((i as u32) << 24, 0);
            while bit < 8 {
                sum = if sum & (1 << 31) != 0 { (sum << 1) ^ 0x04c1_1db7 } else { sum << 1 };
                bit += 1;
            }
            table[i] = sum;
            i += 1;
        }
        table
    };
    let next = |sum: u32, byte: &u8| {
        let at = usize::from((sum >> 24) as u8 ^ byte);
        (sum << 8) ^ TABLE.get(at).copied().unwrap_or_default()
    };
    bytes.iter().fold(sum, next)
}

#[cfg(test)]
mod tests;
