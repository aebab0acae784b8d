//! A process that scans: files go in by one pipe, findings come back by another.
//!
//! A request is the length of the file's name and the name, the limit in microseconds, the length of its
//! content and the content; a response is a length and JSON. Lengths are 8 bytes, lowest first.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::error::ScanError;
use crate::finding::Finding;
use crate::limits::MAX_SIZE;
use crate::scan::scan_within;

/// Memory that the process may take, in bytes.
const MAX_MEMORY: u64 = 4 << 30;

/// Seconds of processor time that the kernel gives it beyond the limit of a file: grammars look at no
/// clock.
const GRACE: u64 = 2;

/// Scans what `input` asks for until it ends, and writes what is found to `output`.
///
/// It limits the calling process: its processor time for each file, and its memory; it leaves no core
/// dump.
///
/// # Errors
///
/// The input or the output breaks off.
pub fn serve(input: impl Read, output: impl Write) -> io::Result<()> {
    lower(Resource::Core, 0);
    lower(Resource::As, MAX_MEMORY);
    let (mut input, mut output) = (BufReader::new(input), BufWriter::new(output));
    while let Some(name) = read_block(&mut input)? {
        let limit = Duration::from_micros(read_number(&mut input)?.ok_or_else(broken_off)?);
        let bytes = read_block(&mut input)?.ok_or_else(broken_off)?;
        let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
        lower(Resource::Cpu, u64::try_from(used).unwrap_or_default() + limit.as_secs() + GRACE);
        let name = String::from_utf8_lossy(&name).into_owned();
        let findings = scan_within(Path::new(&name), &bytes, Some(limit)).ok();
        write_block(&mut output, &serde_json::to_vec(&findings)?)?;
        output.flush()?;
    }
    Ok(())
}

/// Lowers what the process may use; what cannot be lowered stays.
fn lower(resource: Resource, to: u64) {
    let maximum = getrlimit(resource).maximum;
    let current = maximum.map_or(to, |maximum| maximum.min(to));
    let _ = setrlimit(resource, Rlimit { current: Some(current), maximum });
}

/// A process that runs [`serve`].
pub(crate) struct Worker {
    child: Child,
    requests: BufWriter<ChildStdin>,
    responses: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What an assertion says before it aborts is of no use to a user.
            .stderr(Stdio::null())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, responses) = pipes.ok_or_else(broken_off)?;
        Ok(Self { child, requests: BufWriter::new(requests), responses: BufReader::new(responses) })
    }

    /// The findings in a file; `None` when its time was over.
    pub(crate) fn scan(
        &mut self,
        path: &Path,
        bytes: &[u8],
        limit: Duration,
    ) -> Result<Option<Vec<Finding>>, ScanError> {
        match self.ask(path, bytes, limit) {
            Ok(response) => serde_json::from_slice(&response).map_err(|_| ScanError::Died),
            Err(_) if self.was_stopped_by_the_kernel() => Ok(None),
            Err(_) => Err(ScanError::Died),
        }
    }

    /// Whether it has ended because it took more processor time than it may.
    fn was_stopped_by_the_kernel(&mut self) -> bool {
        let _ = self.child.kill();
        let status = self.child.wait();
        status.is_ok_and(|status| status.signal() == Some(Signal::XCPU.as_raw()))
    }

    fn ask(&mut self, path: &Path, bytes: &[u8], limit: Duration) -> io::Result<Vec<u8>> {
        write_block(&mut self.requests, path.to_string_lossy().as_bytes())?;
        let limit = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
        self.requests.write_all(&limit.to_le_bytes())?;
        write_block(&mut self.requests, bytes)?;
        self.requests.flush()?;
        read_block(&mut self.responses)?.ok_or_else(broken_off)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It is idle, or dead: nothing is lost.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_block(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&(bytes.len() as u64).to_le_bytes())?;
    to.write_all(bytes)
}

/// A block, or `None` at the end.
fn read_block(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let Some(length) = read_number(from)? else { return Ok(None) };
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(MAX_SIZE)).unwrap_or_default());
    from.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(Some(bytes)) } else { Err(broken_off()) }
}

fn read_number(from: &mut impl Read) -> io::Result<Option<u64>> {
    let mut bytes = [0; 8];
    match from.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(u64::from_le_bytes(bytes))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn broken_off() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}
