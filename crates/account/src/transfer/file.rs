//! The form of the file that a state is exported to.
//!
//! Lines of JSON: one that says what it is, one for each record in the order of the keys' bytes, with its
//! value in base64, and one that says how many there are and their digest ([`Contents::digest`]):
//!
//! ```text
//! {"format":"imds-state","version":1,"release":"0.1.0","made":"2026-11-29T12:00:00Z","layout":"machine"}
//! {"key":"instances/us-east-1/i-1234567890abcdef0","value":"eyJ2ZXJzaW9uIjoy…"}
//! {"records":1,"sha256":"…"}
//! ```
//!
//! The file holds keys and secrets in plain text.

use std::io::{self, BufRead, Read as _, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::contents::{Contents, Layout};

/// What the first line names.
const FORMAT: &str = "imds-state";

/// The version of the form that is written, and the only one that is read.
const VERSION: u32 = 1;

/// The longest line that is read, in bytes: a record of 47 MiB. The largest that there are have 100 KiB.
const LONGEST: u64 = 64 << 20;

/// Where a file comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The release that made it.
    pub release: String,
    /// When, as RFC 3339 has it.
    pub made: String,
    /// How its keys tell what is of one host alone.
    pub layout: Layout,
}

#[derive(Deserialize, Serialize)]
struct Head {
    format: String,
    version: u32,
    #[serde(default)]
    release: String,
    #[serde(default)]
    made: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    layout: Option<Layout>,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged, deny_unknown_fields)]
enum Line {
    Record { key: String, value: String },
    End { records: usize, sha256: String },
}

/// Why a file cannot be read. No text shows a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is something else.
    #[error("it is not a file that `imds state export` made")]
    Foreign,
    /// Another version of the form.
    #[error(
        "its form has version {found}, made by release {release:?}, and this release reads version {VERSION}"
    )]
    Version {
        /// Its version.
        found: u32,
        /// The release that made it.
        release: String,
    },
    /// A line is wrong.
    #[error("line {number} {problem}")]
    Line {
        /// Its number, from 1.
        number: usize,
        /// What is wrong with it, as in "line 3 …".
        problem: &'static str,
    },
    /// The last line is not there.
    #[error("it is cut off: the line with the number of records is not there")]
    CutOff,
    /// Number or digest of the records are not what the last line says.
    #[error("its records are not those that were exported: their number or digest differs")]
    Changed,
    /// It cannot be read.
    #[error("it cannot be read")]
    Io(#[from] io::Error),
}

/// Writes a file.
pub fn write(contents: &Contents, origin: &Origin, out: &mut impl Write) -> io::Result<()> {
    let Origin { release, made, layout } = origin.clone();
    let head =
        Head { format: FORMAT.into(), version: VERSION, release, made, layout: Some(layout) };
    line(out, &head)?;
    for (key, value) in contents.records() {
        line(out, &Line::Record { key: key.to_owned(), value: STANDARD.encode(value) })?;
    }
    line(out, &Line::End { records: contents.len(), sha256: contents.digest() })?;
    out.flush()
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Reads a whole file, and checks number and digest of its records.
pub fn read(input: &mut impl BufRead) -> Result<(Origin, Contents), FileError> {
    let mut lines = Lines { input, number: 0 };
    let head = lines.next()?.ok_or(FileError::Foreign)?;
    let head: Head = serde_json::from_slice(&head).map_err(|_| FileError::Foreign)?;
    let Head { format, version, release, made, layout } = head;
    if format != FORMAT {
        return Err(FileError::Foreign);
    }
    let Some(layout) = layout.filter(|_| version == VERSION) else {
        return Err(FileError::Version { found: version, release });
    };
    let mut contents = Contents::default();
    loop {
        let line = lines.next()?.ok_or(FileError::CutOff)?;
        match serde_json::from_slice(&line) {
            Ok(Line::Record { key, value }) => {
                let value = STANDARD.decode(value).map_err(|_| lines.wrong("has no base64"))?;
                if key.is_empty() {
                    return Err(lines.wrong("has an empty key"));
                }
                if !contents.push(key, value) {
                    return Err(lines.wrong("is not in the order of the keys"));
                }
            }
            Ok(Line::End { records, sha256 }) => {
                if records != contents.len() || sha256 != contents.digest() {
                    return Err(FileError::Changed);
                }
                return match lines.next()? {
                    None => Ok((Origin { release, made, layout }, contents)),
                    Some(_) => Err(lines.wrong("comes after the end")),
                };
            }
            Err(_) => return Err(lines.wrong("is neither a record nor the end")),
        }
    }
}

struct Lines<'a, R> {
    input: &'a mut R,
    number: usize,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line without its end; `None` where there is none. A line without an end is cut off.
    fn next(&mut self) -> Result<Option<Vec<u8>>, FileError> {
        let mut line = Vec::new();
        self.number += 1;
        (&mut *self.input).take(LONGEST).read_until(b'\n', &mut line)?;
        match line.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) if line.len() as u64 + 1 == LONGEST => Err(self.wrong("is too long")),
            Some(_) => Err(FileError::CutOff),
        }
    }

    fn wrong(&self, problem: &'static str) -> FileError {
        FileError::Line { number: self.number, problem }
    }
}

#[cfg(test)]
mod tests;
