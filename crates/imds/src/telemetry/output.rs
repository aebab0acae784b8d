//! Where the access log's lines go: to standard error, or to a file that can be reopened.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

use crate::error::CommandError;
use crate::settings::Destination;

/// An open destination.
pub(crate) struct Output {
    destination: Destination,
    sink: Box<dyn Write + Send>,
    /// What is missing of the last line in the file, where the disk was full in the middle of it.
    rest: Vec<u8>,
    is_failing: bool,
}

impl Output {
    /// Opens a destination, a file at its end; `None` where the log is off.
    pub(crate) fn open(destination: &Destination) -> Result<Option<Self>, CommandError> {
        let sink: Box<dyn Write + Send> = match destination {
            Destination::Off => return Ok(None),
            Destination::Stderr => Box::new(io::stderr()),
            Destination::File(path) => Box::new(open(path).map_err(|error| {
                let message = format!("cannot write the access log to {destination}");
                CommandError::usage(message).caused_by(error)
            })?),
        };
        Ok(Some(Self::new(destination.clone(), sink)))
    }

    fn new(destination: Destination, sink: Box<dyn Write + Send>) -> Self {
        Self { destination, sink, rest: Vec::new(), is_failing: false }
    }

    pub(super) fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Writes whole lines. Lines that cannot be written are lost; the first failure in a row is reported. A
    /// line that was written in part is completed as soon as that is possible.
    pub(crate) fn write(&mut self, lines: &[u8]) {
        let mut rest = std::mem::take(&mut self.rest);
        let written = match write_some(&mut self.sink, &rest) {
            (written, Some(error)) => Err((rest.split_off(written), 0, error)),
            (_, None) => match write_some(&mut self.sink, lines) {
                (written, Some(error)) => Err((rest_of_line(lines, written), written, error)),
                (_, None) => Ok(()),
            },
        };
        match written {
            Ok(()) => self.is_failing = false,
            Err((rest, written, error)) => {
                self.rest = rest;
                if !std::mem::replace(&mut self.is_failing, true) && !lines.is_empty() {
                    let lost = lines[written..].split_inclusive(|byte| *byte == b'\n').count();
                    let destination = &self.destination;
                    tracing::warn!(%error, lost, "cannot write the access log to {destination}");
                }
            }
        }
    }
}

/// Writes what it can; says how much that was, and what stopped it.
fn write_some(sink: &mut impl Write, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut written = 0;
    while written < bytes.len() {
        match sink.write(&bytes[written..]) {
            Ok(0) => return (written, Some(ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (written, Some(error)),
        }
    }
    (written, None)
}

/// What is missing of a line whose beginning was written: nothing, where the lines before are whole.
fn rest_of_line(lines: &[u8], written: usize) -> Vec<u8> {
    if written == 0 || lines[written - 1] == b'\n' {
        return Vec::new();
    }
    lines[written..].split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default().to_vec()
}

/// Opens a file at its end. A named pipe must have a reader: nobody waits for one.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    let options = options.append(true).create(true).custom_flags(flags.bits().cast_signed());
    let file = options.open(path).map_err(|error| {
        if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) {
            io::Error::other("it is a named pipe that nobody reads")
        } else {
            error
        }
    })?;
    // The writer is a thread of its own, which may wait for the reader.
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk with room for so many bytes.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Disk {
        fn grow(&self, bytes: usize) {
            self.0.lock().unwrap().1 += bytes;
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (text, room) = &mut *self.0.lock().unwrap();
            let count = bytes.len().min(*room);
            if count == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            text.extend_from_slice(&bytes[..count]);
            *room -= count;
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_leaves_no_half_line_behind() {
        let disk = Disk::default();
        let mut output = Output::new(Destination::Stderr, Box::new(disk.clone()));
        disk.grow(6);
        output.write(b"one\ntwo\nthree\n");
        assert_eq!(disk.text(), "one\ntw");
        output.write(b"lost\n");
        disk.grow(1);
        output.write(b"lost too\n");
        disk.grow(100);
        output.write(b"four\n");
        assert_eq!(disk.text(), "one\ntwo\nfour\n");
    }
}
