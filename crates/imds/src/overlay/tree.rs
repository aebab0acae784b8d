//! A file tree that is put over an instance's metadata: each file is a value, its path below the
//! tree the path below the version.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use imds_core::extra::{Extra, ExtraPath, MAX_EXTRA};

use crate::error::CommandError;
use crate::input_file::open_regular;

/// Reads all files below `root`. Links to files are followed, those to directories are not.
pub(crate) fn read(root: &Path) -> Result<Vec<Extra>, CommandError> {
    let mut ahead = vec![root.to_owned()];
    let mut extra = Vec::new();
    // One byte more than is allowed tells that there are too many, however many there are.
    let mut left = MAX_EXTRA as u64 + 1;
    while let Some(directory) = ahead.pop() {
        for file in files(&directory).map_err(|error| cannot_read(&directory, error))? {
            if file.is_dir() {
                // One that is linked to may hold the one that is being read.
                if !file.is_symlink() {
                    ahead.push(file);
                }
                continue;
            }
            let mut value = Vec::new();
            open_regular(&file)
                .and_then(|opened| opened.take(left).read_to_end(&mut value))
                .map_err(|error| cannot_read(&file, error))?;
            left = left.saturating_sub(value.len() as u64);
            extra.push(Extra { path: path_below(root, &file)?, value });
        }
    }
    extra.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(extra)
}

/// What tells one state of a tree from another, without reading its files: name, inode, length, and when
/// it was changed last, in nanoseconds. Sorted.
pub(super) type Stamps = Vec<(PathBuf, u64, u64, i128)>;

/// The stamps of all files that [`read`] reads.
pub(super) fn stamps(root: &Path) -> io::Result<Stamps> {
    let mut ahead = vec![root.to_owned()];
    let mut stamps = Vec::new();
    while let Some(directory) = ahead.pop() {
        for file in files(&directory)? {
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                if !file.is_symlink() {
                    ahead.push(file);
                }
                continue;
            }
            // Unlike the time of modification, a program cannot set this one.
            let changed = i128::from(metadata.ctime()) * 1_000_000_000;
            let changed = changed + i128::from(metadata.ctime_nsec());
            stamps.push((file, metadata.ino(), metadata.len(), changed));
        }
    }
    stamps.sort();
    Ok(stamps)
}

/// The files below `root` that are links to files elsewhere, as far as it can be read.
pub(crate) fn linked(root: &Path) -> Vec<PathBuf> {
    let files = stamps(root).unwrap_or_default().into_iter().map(|(file, ..)| file);
    files.filter(|file| file.is_symlink()).collect()
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
}

fn path_below(root: &Path, file: &Path) -> Result<ExtraPath, CommandError> {
    let below = file.strip_prefix(root).unwrap_or(file);
    let text = below.to_str().ok_or_else(|| {
        CommandError::usage(format!("the name of {} is not UTF-8", file.display()))
    })?;
    text.parse().map_err(|error| {
        CommandError::usage(format!("{} cannot be served: {error}", file.display()))
    })
}

fn cannot_read(path: &Path, error: io::Error) -> CommandError {
    CommandError::usage(format!("cannot read {}", path.display())).caused_by(error)
}
