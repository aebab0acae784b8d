//! A tree of files: read in parallel, ignore files respected, memory bounded.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::error::WalkError;
use crate::finding::Finding;
use crate::limits::MAX_SIZE;
use crate::scanner::Scanner;
use crate::{language, library, prefilter, unread};

/// How much of a file is looked at to tell whether it is text.
const HEAD: u64 = 8 << 10;

/// What a [`Walk`] tells its caller, from several threads at once.
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
    /// A file was not read.
    Skipped {
        /// The file.
        path: PathBuf,
        /// Whether it is one of the walk's paths, and not one that was come upon.
        is_named: bool,
        /// Why.
        reason: Skipped,
    },
    /// A file names the metadata service but is larger than [`MAX_SIZE`].
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder could not be read; the walk goes on.
    Failed(WalkError),
}

/// Why a file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Skipped {
    /// It has NUL bytes, which no text has.
    Binary,
    /// Its name says that it is a text for people.
    Prose,
}

/// A search through trees of files.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    /// Files and folders.
    pub paths: &'a [PathBuf],
    /// How many threads read; 0 for as many as there are cores.
    pub threads: usize,
    /// What each of them scans with.
    pub scanner: Scanner,
}

impl Walk<'_> {
    /// Scans every file, and tells `on` what happens.
    ///
    /// `.gitignore`, `.ignore` and the like are respected. Hidden files are read (CI jobs live in
    /// them), version control's own folders are not, nor are binary files.
    pub fn run(&self, on: &(dyn Fn(Event) + Sync)) {
        let Some((first, rest)) = self.paths.split_first() else { return };
        let mut builder = WalkBuilder::new(first);
        for path in rest {
            builder.add(path);
        }
        builder.hidden(false).threads(self.threads).filter_entry(|entry| {
            !matches!(entry.file_name().to_str(), Some(".git" | ".hg" | ".svn" | ".jj"))
        });
        builder.build_parallel().run(|| {
            let mut buffer = Vec::new();
            let mut scanner = self.scanner.clone();
            Box::new(move |entry| {
                match entry {
                    Ok(entry) => visit(&entry, &mut buffer, &mut scanner, on),
                    Err(error) => on(Event::Failed(error.into())),
                }
                WalkState::Continue
            })
        });
    }
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
    let skipped = |reason| {
        on(Event::Skipped { path: path.to_owned(), is_named: entry.depth() == 0, reason });
    };
    match read(path, buffer) {
        Ok(Content::Text) => {
            on(Event::Visited { bytes: buffer.len() as u64 });
            match scanner.scan(path, buffer) {
                Ok(findings) if findings.is_empty() => {}
                Ok(findings) => {
                    on(Event::Found { path: path.to_owned(), bytes: buffer.clone(), findings });
                }
                Err(source) => {
                    note(path, buffer, &source.to_string(), on);
                    on(Event::Failed(WalkError::Scan { path: path.to_owned(), source }));
                }
            }
        }
        Ok(Content::Prose) => skipped(Skipped::Prose),
        Ok(Content::Binary { is_code }) => {
            if is_code {
                note(path, buffer, "it has NUL bytes, which no text has", on);
            }
            skipped(Skipped::Binary);
        }
        Ok(Content::Large { named, size }) => {
            on(Event::Visited { bytes: size });
            if named {
                on(Event::TooLarge { path: path.to_owned() });
            }
        }
        Err(source) => on(Event::Failed(WalkError::Read { path: path.to_owned(), source })),
    }
}

/// Tells of a file that is not scanned, if it names the service.
fn note(path: &Path, bytes: &[u8], why: &str, on: &(dyn Fn(Event) + Sync)) {
    let findings: Vec<Finding> = unread::given_up(bytes, why).into_iter().collect();
    if !findings.is_empty() {
        on(Event::Found { path: path.to_owned(), bytes: bytes.to_owned(), findings });
    }
}

enum Content {
    /// A text.
    Text,
    /// A text for people, which was not read.
    Prose,
    /// No text. All was read of one whose name or first line says that it is code, else the head.
    Binary {
        is_code: bool,
    },
    Large {
        named: bool,
        size: u64,
    },
}

fn read(path: &Path, buffer: &mut Vec<u8>) -> std::io::Result<Content> {
    buffer.clear();
    if language::is_prose(path) && !library::is_manifest(path) {
        return Ok(Content::Prose);
    }
    let mut file = File::open(path)?;
    file.by_ref().take(HEAD).read_to_end(buffer)?;
    let is_text = memchr::memchr(0, buffer).is_none() || language::is_utf16(buffer);
    if !is_text {
        let is_code = language::detect(path, buffer).is_some();
        if is_code {
            file.take(MAX_SIZE).read_to_end(buffer)?;
        }
        return Ok(Content::Binary { is_code });
    }
    // What is shorter than its head was read to its end.
    if buffer.len() as u64 == HEAD {
        file.by_ref().take(MAX_SIZE).read_to_end(buffer)?;
    }
    let mut size = buffer.len() as u64;
    if size <= MAX_SIZE {
        return Ok(Content::Text);
    }
    let mut named = prefilter::names_service(buffer);
    loop {
        buffer.clear();
        let read = file.by_ref().take(MAX_SIZE).read_to_end(buffer)?;
        size += read as u64;
        if read == 0 {
            return Ok(Content::Large { named, size });
        }
        named |= prefilter::names_service(buffer);
    }
}
