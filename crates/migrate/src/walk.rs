//! A tree of files: read in parallel, ignore files respected, memory bounded.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::error::WalkError;
use crate::finding::Finding;
use crate::scanner::Scanner;
use crate::{language, library, prefilter};

/// Files larger than this are not parsed: nobody writes such a script by hand.
pub const MAX_SIZE: u64 = 16 << 20;

/// How much of a file is looked at to tell what it is.
const HEAD: u64 = 8 << 10;

/// What [`walk`] tells its caller, from several threads at once.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A file was read, for progress.
    Visited {
        /// How many bytes were looked at.
        bytes: u64,
    },
    /// A file has findings.
    Found {
        /// The file.
        path: PathBuf,
        /// Its content.
        bytes: Vec<u8>,
        /// What was found in it, in order.
        findings: Vec<Finding>,
    },
    /// A file names the metadata service but is larger than [`MAX_SIZE`].
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder could not be read; the walk goes on.
    Failed(WalkError),
}

/// Scans every file under `paths` with `threads` threads (0: as many as there are cores), each file
/// for at most `limit`, and tells `on` what happens.
///
/// `.gitignore`, `.ignore` and their kin are respected. Hidden files are read (CI jobs live in
/// them), version control's own folders are not, nor are binary files.
pub fn walk(paths: &[PathBuf], threads: usize, limit: Duration, on: &(dyn Fn(Event) + Sync)) {
    let Some((first, rest)) = paths.split_first() else { return };
    let mut builder = WalkBuilder::new(first);
    for path in rest {
        builder.add(path);
    }
    builder.hidden(false).threads(threads).filter_entry(|entry| {
        !matches!(entry.file_name().to_str(), Some(".git" | ".hg" | ".svn" | ".jj"))
    });
    builder.build_parallel().run(|| {
        let mut buffer = Vec::new();
        let mut scanner = Scanner::new(limit);
        Box::new(move |entry| {
            match entry {
                Ok(entry) => visit(&entry, &mut buffer, &mut scanner, on),
                Err(error) => on(Event::Failed(error.into())),
            }
            WalkState::Continue
        })
    });
}

fn visit(
    entry: &DirEntry,
    buffer: &mut Vec<u8>,
    scanner: &mut Scanner,
    on: &(dyn Fn(Event) + Sync),
) {
    // A path given by name may be a link, and is followed; one found on the way is not.
    let is_file = match entry.depth() {
        0 => entry.path().is_file(),
        _ => entry.file_type().is_some_and(|kind| kind.is_file()),
    };
    if !is_file {
        return;
    }
    let path = entry.path();
    match read(path, buffer) {
        Ok(Content::Text) => {
            on(Event::Visited { bytes: buffer.len() as u64 });
            match scanner.scan(path, buffer) {
                Ok(findings) if findings.is_empty() => {}
                Ok(findings) => {
                    on(Event::Found { path: path.to_owned(), bytes: buffer.clone(), findings });
                }
                Err(source) => on(Event::Failed(WalkError::Scan { path: path.to_owned(), source })),
            }
        }
        Ok(Content::Other) => on(Event::Visited { bytes: buffer.len() as u64 }),
        Ok(Content::Large { named, size }) => {
            on(Event::Visited { bytes: size });
            if named {
                on(Event::TooLarge { path: path.to_owned() });
            }
        }
        Err(source) => on(Event::Failed(WalkError::Read { path: path.to_owned(), source })),
    }
}

enum Content {
    /// In a language that is read.
    Text,
    /// Anything else, of which only the head was read.
    Other,
    Large {
        named: bool,
        size: u64,
    },
}

fn read(path: &Path, buffer: &mut Vec<u8>) -> std::io::Result<Content> {
    buffer.clear();
    let mut file = File::open(path)?;
    file.by_ref().take(HEAD).read_to_end(buffer)?;
    let is_read = library::is_manifest(path) || language::detect(path, buffer).is_some();
    if !is_read || memchr::memchr(0, buffer).is_some() {
        return Ok(Content::Other);
    }
    file.by_ref().take(MAX_SIZE).read_to_end(buffer)?;
    let mut size = buffer.len() as u64;
    if size <= MAX_SIZE {
        return Ok(Content::Text);
    }
    let mut named = prefilter::holds_needle(buffer);
    loop {
        buffer.clear();
        let read = file.by_ref().take(MAX_SIZE).read_to_end(buffer)?;
        size += read as u64;
        if read == 0 {
            return Ok(Content::Large { named, size });
        }
        named |= prefilter::holds_needle(buffer);
    }
}
