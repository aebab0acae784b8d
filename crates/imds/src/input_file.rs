//! Reads files that flags and settings name. None is read without a limit.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// The largest settings file, in bytes, of whichever format.
pub(crate) const MOST_SETTINGS: u64 = 1 << 20;

/// The largest public key, in bytes: one of RSA with 16,384 bits has a sixth of it.
pub(crate) const MOST_KEY: u64 = 16 << 10;

/// The largest policy, in bytes: AWS takes 10,240 characters for a role, without white space.
pub(crate) const MOST_POLICY: u64 = 64 << 10;

/// The most that a container runtime says to a plugin, in bytes: a few KiB are usual.
const MOST_STDIN: u64 = 1 << 20;

/// Reads a text of `limit` bytes at most. Waits for a named pipe, such as of `<(command)` in a shell.
pub(crate) fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    text_of(File::open(path)?, limit)
}

/// The same, but refuses anything but a regular file, so that nothing is waited for.
pub(crate) fn read_regular_text(path: &Path, limit: u64) -> io::Result<String> {
    text_of(open_regular(path)?, limit)
}

/// Opens a regular file; refuses anything else without waiting for it.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    let file = options.read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}

/// Reads up to `limit` bytes and one more, which tells that there are too many, however many there are;
/// from standard input if the name is `-`.
pub(crate) fn read_up_to(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let (mut bytes, limit) = (Vec::new(), limit as u64 + 1);
    if path.as_os_str() == "-" {
        io::stdin().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Reads what a program says on standard input; nothing where a person sits at it.
pub(crate) fn read_stdin() -> io::Result<Vec<u8>> {
    let stdin = io::stdin();
    if stdin.is_terminal() { Ok(Vec::new()) } else { bytes_of(stdin, MOST_STDIN) }
}

fn text_of(file: impl Read, limit: u64) -> io::Result<String> {
    String::from_utf8(bytes_of(file, limit)?).map_err(|_| io::Error::other("it is not text"))
}

fn bytes_of(file: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than is allowed tells that there are too many, however many there are.
    let count = file.take(limit + 1).read_to_end(&mut bytes)?;
    if count as u64 > limit {
        return Err(io::Error::other(format!("it is larger than {} KiB", limit >> 10)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rustix::fs::{CWD, Mode, mkfifoat};
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn nothing_is_read_beyond_its_limit() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "x".repeat(1024)).unwrap();
        assert_eq!(read_text(&path, 1024).unwrap().len(), 1024);
        fs::write(&path, "x".repeat(1025)).unwrap();
        assert_eq!(read_text(&path, 1024).unwrap_err().to_string(), "it is larger than 1 KiB");
        // Neither is one that has no end.
        let error = read_text(Path::new("/dev/zero"), 1024).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 1 KiB");
    }

    #[test]
    fn what_is_not_a_regular_file_is_not_waited_for() {
        let directory = tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        for path in [&pipe, directory.path(), Path::new("/dev/zero")] {
            let error = read_regular_text(path, 1024).unwrap_err();
            assert_eq!(error.to_string(), "it is not a regular file", "{}", path.display());
        }
    }
}
