//! Bytes that were read and not yet parsed.

use std::io;
use std::os::fd::AsFd;

use imds_core::request::MAX_HEAD;
use rustix::net::RecvFlags;

/// Room for nearly every request head; it grows to [`MAX_HEAD`] for those that need it.
const FIRST_ROOM: usize = 1024;

/// The most that is held: a head that is being parsed, and what was sent behind it.
const MOST: usize = 2 * MAX_HEAD;

/// The bytes are `bytes[start..end]`; what lies behind is room for more.
pub(crate) struct Input {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; FIRST_ROOM], start: 0, end: 0 }
    }

    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Forgets the first `count` bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Where to read to; never empty, since a head of [`MAX_HEAD`] bytes is parsed as malformed.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.end * 2 > self.bytes.len() {
                self.bytes.resize((self.bytes.len() * 2).min(MOST), 0);
            }
        }
        &mut self.bytes[self.end..]
    }

    /// Keeps the first `count` bytes of what was read to the [room](Self::room).
    pub(crate) fn keep(&mut self, count: usize) {
        self.end += count;
    }

    /// Takes what the kernel already holds for this connection, as far as there is room.
    pub(crate) fn take_waiting(&mut self, stream: &impl AsFd) -> io::Result<()> {
        while self.end - self.start < MOST {
            match rustix::net::recv(stream, self.room(), RecvFlags::DONTWAIT) {
                Ok((0, _)) | Err(rustix::io::Errno::WOULDBLOCK) => break,
                Ok((count, _)) => self.keep(count),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
