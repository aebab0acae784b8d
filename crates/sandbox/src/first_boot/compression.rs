//! Compressed user data. Its size once decompressed is bounded: 16 KiB, EC2's limit for user data, can
//! become gigabytes.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use crate::error::SandboxError;

/// How many bytes all parts of the user data may have in total after decompression. gzip makes 16 KiB
/// into no more than this.
const LIMIT: usize = 17 << 20;

/// A compression format.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    /// The format of this content, by its first bytes.
    pub(super) fn of(content: &[u8]) -> Option<Self> {
        match content {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The name of the format, as users write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Decompresses contents, up to a total size.
pub(super) struct Decompressor {
    /// How many bytes may still come.
    left: usize,
}

impl Decompressor {
    pub(super) fn new() -> Self {
        Self { left: LIMIT }
    }

    /// Decompresses `content`, called `name` in errors.
    ///
    /// # Errors
    /// The content is damaged, or too large once decompressed.
    pub(super) fn decompress(
        &mut self,
        compression: Compression,
        content: &[u8],
        name: &str,
    ) -> Result<Vec<u8>, SandboxError> {
        let damaged = || format!("{name} is damaged {}", compression.name());
        let result = match compression {
            Compression::Gzip => self.read(MultiGzDecoder::new(content)),
            Compression::Zstd => {
                let decoder = StreamingDecoder::new(content);
                let decoder =
                    decoder.map_err(|error| SandboxError::usage(damaged()).caused_by(error))?;
                self.read(decoder)
            }
        };
        let content = result.map_err(|error| SandboxError::usage(damaged()).caused_by(error))?;
        self.left = self.left.checked_sub(content.len()).ok_or_else(|| {
            SandboxError::usage(format!(
                "{name} is too large once decompressed: over {} MiB in total",
                LIMIT >> 20
            ))
        })?;
        Ok(content)
    }

    /// Reads to the end, or one byte more than may come.
    fn read(&self, source: impl Read) -> std::io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let limit = u64::try_from(self.left).unwrap_or(u64::MAX).saturating_add(1);
        source.take(limit).read_to_end(&mut content)?;
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "imds\n" in both formats.
    const SAMPLES: [(Compression, &[u8]); 2] = [
        (Compression::Gzip, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xcc\x4d\x29\xe6\x02\x00\x28\x6d\x55\x30\x05\x00\x00\x00"),
        (Compression::Zstd, b"\x28\xb5\x2f\xfd\x04\x58\x29\x00\x00\x69\x6d\x64\x73\x0a\x13\x36\xaa\x33"),
    ];

    /// A zstd frame that repeats one byte 128 KiB times in each block of four bytes.
    fn zeros(blocks: usize) -> Vec<u8> {
        const SIZE: u32 = 128 << 10;
        const RUN_LENGTH: u32 = 1;
        let header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
        let block = |is_last| {
            let [a, b, c, _] = (SIZE << 3 | RUN_LENGTH << 1 | u32::from(is_last)).to_le_bytes();
            [a, b, c, 0]
        };
        header.into_iter().chain((1..=blocks).flat_map(|number| block(number == blocks))).collect()
    }

    #[test]
    fn what_is_compressed_is_recognized_and_decompressed() {
        for (compression, sample) in SAMPLES {
            assert_eq!(Compression::of(sample), Some(compression));
            let content = Decompressor::new().decompress(compression, sample, "it").unwrap();
            assert_eq!(content, b"imds\n");
        }
        for plain in [&b""[..], b"\x1f", b"#!/bin/sh", b"PK"] {
            assert_eq!(Compression::of(plain), None);
        }
    }

    #[test]
    fn damaged_content_is_refused_by_its_name() {
        for (compression, sample) in SAMPLES {
            for length in 4..sample.len() {
                let outcome =
                    Decompressor::new().decompress(compression, &sample[..length], "part 1");
                let error = outcome.err().unwrap().to_string();
                assert_eq!(error, format!("part 1 is damaged {}", compression.name()));
            }
        }
    }

    #[test]
    fn the_size_of_all_contents_together_is_bounded() {
        let mut decompressor = Decompressor::new();
        let mut decompress =
            |blocks| decompressor.decompress(Compression::Zstd, &zeros(blocks), "it");
        assert_eq!(decompress(100).unwrap().len(), 100 << 17);
        let error = decompress(37).err().unwrap().to_string();
        assert_eq!(error, "it is too large once decompressed: over 17 MiB in total");
        assert_eq!(decompress(36).unwrap().len(), 36 << 17);
    }
}
