//! What the log's index (`-shm`) knows of the log, after a process that had both was killed.
//!
//! The index is written once a commit is in the log and flushed. So a log that has less than its index
//! says has lost commits, with which the file is not complete.
//!
//! The layout is from <https://www.sqlite.org/walformat.html#the_wal_index_file_format>.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::log;

/// The header of the index.
pub(super) struct Index {
    page_size: u64,
    /// How many frames of the log are committed.
    committed: u64,
    /// How many of them are in the file.
    moved: u64,
    /// What tells one log from the next, as it is written in the log.
    salt: [u8; 8],
}

impl Index {
    /// Reads the index; `None` where there is none, or only half of one.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let mut bytes = [0; 136];
        File::open(path).ok()?.read_exact(&mut bytes).ok()?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8; 136]) -> Option<Self> {
        let (first, second) = (&bytes[..48], &bytes[48..96]);
        let number = |at: usize| {
            let bytes: [u8; 4] = bytes[at..at + 4].try_into().ok()?;
            Some(u64::from(u32::from_ne_bytes(bytes)))
        };
        let is_whole = first == second && number(0)? == 3_007_000 && bytes[12] == 1;
        let page_size = match u16::from_ne_bytes(bytes[14..16].try_into().ok()?) {
            1 => 65_536,
            size => u64::from(size),
        };
        let salt = bytes[32..40].try_into().ok()?;
        let index = Self { page_size, committed: number(16)?, moved: number(96)?, salt };
        is_whole.then_some(index)
    }

    /// What a log of `size` bytes that begins with `log` has lost, if anything.
    pub(super) fn lost(&self, log: &[u8], size: u64) -> Option<&'static str> {
        if self.committed <= self.moved {
            return None;
        }
        if size == 0 {
            return Some("its log is missing, with the last commits");
        }
        // Of another log than this one, the index knows nothing.
        let is_its = log.get(16..24) == Some(&self.salt);
        let whole = log::HEADER + self.committed * (log::FRAME_HEADER as u64 + self.page_size);
        (is_its && size < whole).then_some("its log is cut short")
    }
}
