//! Bytes that were read and not yet parsed.

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicUsize, Ordering};

use imds_core::request::MAX_HEAD;
use rustix::buffer::spare_capacity;
use rustix::net::RecvFlags;

/// Room for nearly every request head; it grows to [`MAX_HEAD`] for those that need it.
const FIRST_ROOM: usize = 1024;

/// The most that is held: a head that is being parsed, and what was sent behind it.
const MOST: usize = 2 * MAX_HEAD;

/// The most that all connections hold beyond their first room, in bytes. One that needs more then is
/// closed.
const MOST_OF_ALL: usize = 16 << 20;

/// The bytes are `bytes[start..]`; what has been allocated behind them is room for more.
pub(crate) struct Input<'a> {
    bytes: Vec<u8>,
    start: usize,
    /// How much all connections hold beyond their first room.
    held: &'a AtomicUsize,
}

impl<'a> Input<'a> {
    /// Without any room: many connections never send anything.
    pub(crate) fn new(held: &'a AtomicUsize) -> Self {
        Self { bytes: Vec::new(), start: 0, held }
    }

    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Forgets the first `count` bytes, and gives the room back once there are no others.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
        if self.unread().is_empty() {
            self.give_back();
        }
    }

    /// What to read to, the end of; it always has room, since a head of [`MAX_HEAD`] bytes is parsed as
    /// malformed.
    ///
    /// # Errors
    /// [`io::ErrorKind::OutOfMemory`] if all connections hold too much.
    pub(crate) fn room(&mut self) -> io::Result<&mut Vec<u8>> {
        let size = self.bytes.capacity();
        if size == 0 {
            self.bytes.reserve_exact(FIRST_ROOM);
        } else if self.bytes.len() == size {
            self.bytes.drain(..self.start);
            self.start = 0;
            if self.bytes.len() * 2 > size {
                self.grow((size * 2).min(MOST))?;
            }
        }
        Ok(&mut self.bytes)
    }

    fn grow(&mut self, size: usize) -> io::Result<()> {
        let more = size.saturating_sub(self.bytes.capacity());
        if self.held.fetch_add(more, Ordering::Relaxed) + more > MOST_OF_ALL {
            self.held.fetch_sub(more, Ordering::Relaxed);
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.bytes.reserve_exact(size - self.bytes.len());
        Ok(())
    }

    /// Gives the room back, unless something is unread.
    pub(crate) fn give_back(&mut self) {
        if self.unread().is_empty() {
            *self = Self::new(self.held);
        }
    }

    /// How much it has beyond the first room.
    fn more(&self) -> usize {
        self.bytes.capacity().saturating_sub(FIRST_ROOM)
    }

    /// Takes what the kernel already holds for this connection, as far as there is room.
    pub(crate) fn take_waiting(&mut self, stream: &impl AsFd) -> io::Result<()> {
        while self.unread().len() < MOST {
            let Ok(room) = self.room() else { break };
            match rustix::net::recv(stream, spare_capacity(room), RecvFlags::DONTWAIT) {
                Ok((0, _)) | Err(rustix::io::Errno::WOULDBLOCK) => break,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl Drop for Input<'_> {
    fn drop(&mut self) {
        // Nearly none has more: they leave alone what all threads share.
        if self.more() > 0 {
            self.held.fetch_sub(self.more(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills it with a head that does not end, as far as there is room.
    fn fill(input: &mut Input<'_>) -> io::Result<()> {
        while input.unread().len() < MAX_HEAD {
            let room = input.room()?;
            room.resize(room.capacity(), b'x');
        }
        Ok(())
    }

    #[test]
    fn large_heads_are_limited_in_all_and_what_they_took_is_given_back() {
        let held = AtomicUsize::new(0);
        let mut inputs = Vec::new();
        let error = loop {
            let mut input = Input::new(&held);
            match fill(&mut input) {
                Ok(()) => inputs.push(input),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        assert!(inputs.len() >= MOST_OF_ALL / MOST, "only {} heads", inputs.len());
        assert!(held.load(Ordering::Relaxed) <= MOST_OF_ALL);
        let before = held.load(Ordering::Relaxed);
        let mut input = inputs.pop().unwrap();
        input.consume(input.unread().len());
        assert_eq!(input.bytes.capacity(), 0);
        assert!(held.load(Ordering::Relaxed) < before);
        drop((inputs, input));
        assert_eq!(held.load(Ordering::Relaxed), 0);
    }
}
