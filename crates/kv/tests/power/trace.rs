//! What a process asked of the kernel, as strace tells it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// Every call that changes a file, a name or what a listener knows, and those that flush.
const CALLS: &str = "mkdir,mkdirat,openat,creat,link,linkat,symlink,rename,renameat,renameat2,unlink,\
                     unlinkat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,\
                     sendfile,copy_file_range,fsync,fdatasync,sync_file_range,sync,syncfs,msync";

/// A moment: a line of the trace.
pub(crate) type Moment = usize;

/// A call that succeeded.
#[derive(Debug)]
pub(crate) struct Call {
    /// When it was made.
    pub(crate) start: Moment,
    /// When it returned; the same where nothing happened in between.
    pub(crate) end: Moment,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    MakeDirectory(PathBuf),
    /// Opened a file that may be made by that; `true` empties it.
    Create(PathBuf, bool),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    Write(PathBuf, usize, Vec<u8>),
    Truncate(PathBuf, usize),
    /// Flushed a file or a directory.
    Flush(PathBuf),
    /// Wrote to standard output.
    Tell(Vec<u8>),
}

/// Runs a command to its end, and gives what it did below `directory`.
pub(crate) fn record(command: &Command, directory: &Path) -> Result<Vec<Call>> {
    let trace = tempfile::NamedTempFile::new()?;
    let mut strace = Command::new("strace");
    // All threads, paths beside descriptors, and every string whole and in hexadecimal digits.
    strace.args(["-f", "-y", "-xx", "-s", "16777216", "-e", &format!("trace={CALLS}"), "-o"]);
    strace.arg(trace.path()).arg("--").arg(command.get_program()).args(command.get_args());
    let status = strace.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "{strace:?}: {status}");
    parse(&std::fs::read_to_string(trace.path())?, directory)
}

/// The lines of a trace. Those of a call that others came in between of are joined.
fn parse(trace: &str, directory: &Path) -> Result<Vec<Call>> {
    let mut calls = Vec::new();
    let mut unfinished = BTreeMap::new();
    for (moment, line) in trace.lines().enumerate() {
        let (thread, text) = line.split_once(' ').context("a line without a thread")?;
        let text = text.trim_start();
        if let Some(begun) = text.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, (moment, begun));
            continue;
        }
        let (start, text) = match text.strip_prefix("<... ") {
            None => (moment, text.to_owned()),
            Some(resumed) => {
                let (_, rest) = resumed.split_once(" resumed>").context("a line that goes on")?;
                let (start, begun) = unfinished.remove(thread).context("a call out of nowhere")?;
                (start, format!("{begun}{rest}"))
            }
        };
        let parsed =
            call(&text, directory).with_context(|| text.chars().take(200).collect::<String>());
        calls.extend(parsed?.map(|what| Call { start, end: moment, what }));
    }
    calls.sort_by_key(|call| call.start);
    Ok(calls)
}

/// What one call did, if it succeeded and is about the directory or the standard output.
fn call(text: &str, directory: &Path) -> Result<Option<What>> {
    let Some((name, (arguments, result))) = text
        .split_once('(')
        .and_then(|(name, rest)| Some((name, rest.rsplit_once(')')?)))
        .filter(|_| !text.starts_with("---") && !text.starts_with("+++"))
    else {
        return Ok(None);
    };
    if result.trim_start().starts_with("= -1") {
        return Ok(None);
    }
    let arguments: Vec<_> = arguments.split(", ").collect();
    let argument = |index: usize| arguments.get(index).copied().context("an argument is missing");
    let number = |index| anyhow::Ok(argument(index)?.parse::<usize>()?);
    let place = usize::from(name == "openat");
    let path = path(argument(place)?)?;
    if name == "write" && argument(0)?.starts_with("1<") {
        return Ok(Some(What::Tell(bytes(argument(1)?)?)));
    }
    if !path.starts_with(directory) {
        return Ok(None);
    }
    Ok(Some(match name {
        "mkdir" => What::MakeDirectory(path),
        "openat" if argument(2)?.contains("O_CREAT") => {
            What::Create(path, argument(2)?.contains("O_TRUNC"))
        }
        "openat" => return Ok(None),
        "rename" => What::Rename(path, self::path(argument(1)?)?),
        "unlink" => What::Remove(path),
        "pwrite64" => {
            let bytes = bytes(argument(1)?)?;
            ensure!(result.trim() == format!("= {}", bytes.len()), "a short write");
            What::Write(path, number(3)?, bytes)
        }
        "ftruncate" => What::Truncate(path, number(1)?),
        "fsync" | "fdatasync" => What::Flush(path),
        _ => bail!("a call that is not understood"),
    }))
}

/// The path of `"…"` or of `5<…>`.
fn path(argument: &str) -> Result<PathBuf> {
    let text = argument.split_once('<').map_or(argument, |(_, text)| text);
    let text = text.split_once('>').map_or(text, |(text, _)| text);
    Ok(if text.contains('\\') { OsString::from_vec(bytes(text)?).into() } else { text.into() })
}

/// The bytes of `"\x61\x62"`.
fn bytes(argument: &str) -> Result<Vec<u8>> {
    let digits = argument.trim_matches('"').split("\\x").skip(1);
    digits.map(|digits| Ok(u8::from_str_radix(digits, 16)?)).collect()
}
