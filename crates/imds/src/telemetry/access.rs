//! The access log: one line per request, written by a thread of its own.
//!
//! Threads that answer requests put a record into a bounded ring and go on; a full ring drops the
//! record and counts it. Secrets cannot get here: a record has no token, no header and no query.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use imds_core::answer::{Spoken, Status};
use imds_core::request::Method;
use imds_core::time::iso8601;
use imds_core::{Endpoint, Reach};

use super::output::Output;
use crate::settings::{Destination, LogFormat};

/// How many records wait at most; at 2 ms a batch, enough for 4 million requests a second.
const RING: usize = 8192;

/// How long the writer lets records gather, so that busy threads need not wake it for each.
const GATHER: Duration = Duration::from_millis(2);

/// The longest part of a path that is logged, in bytes.
const PATH: usize = 120;

/// One answered request.
pub(crate) struct Access {
    pub(crate) unix_ms: u64,
    pub(crate) peer: SocketAddr,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) spoken: Spoken,
    pub(crate) method: Option<Method>,
    pub(crate) path: LoggedPath,
    pub(crate) status: Status,
    /// How many routers the peer is probably away; `None` where the kernel did not tell.
    pub(crate) hops_away: Option<u8>,
    pub(crate) reach: Reach,
}

/// A path, cut to what is logged, without allocation.
pub(crate) struct LoggedPath {
    bytes: [u8; PATH],
    length: u8,
    is_cut: bool,
}

/// The log's end that takes records; cheap to clone.
#[derive(Clone)]
pub(crate) struct AccessLog {
    shared: Arc<Shared>,
    writer: Thread,
}

/// Writes what is still in the ring when it is dropped.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    ring: ArrayQueue<Access>,
    dropped: AtomicU64,
    /// Where lines are to go from now on, once the writer has taken it.
    next_output: Mutex<Option<Output>>,
    writer_sleeps: AtomicBool,
    closed: AtomicBool,
}

impl AccessLog {
    /// Starts the writer; `None` where the log is off.
    pub(crate) fn start(
        destination: &Destination,
        format: LogFormat,
    ) -> io::Result<Option<(Self, Writer)>> {
        let Some(output) = Output::open(destination)? else { return Ok(None) };
        let shared = Arc::new(Shared {
            ring: ArrayQueue::new(RING),
            dropped: AtomicU64::new(0),
            next_output: Mutex::new(None),
            writer_sleeps: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        });
        let lines = Lines { shared: Arc::clone(&shared), format, output, text: String::new() };
        let thread =
            thread::Builder::new().name("access-log".into()).spawn(|| lines.write_all())?;
        let log = Self { shared: Arc::clone(&shared), writer: thread.thread().clone() };
        Ok(Some((log, Writer { shared, thread: Some(thread) })))
    }

    /// Takes a record, or drops it where the ring is full. Never waits.
    pub(crate) fn record(&self, access: Access) {
        if self.shared.ring.push(access).is_err() {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
        if self.shared.writer_sleeps.load(Ordering::SeqCst)
            && self.shared.writer_sleeps.swap(false, Ordering::SeqCst)
        {
            self.writer.unpark();
        }
    }
}

impl Writer {
    /// Sends lines elsewhere, or into a new file of the same name where the old one was renamed. Each
    /// line is whole in one of the two. The old one stays where the new one cannot be opened.
    ///
    /// Does not wait for the writer, which may wait for whoever reads standard error.
    pub(crate) fn reopen(&self, destination: &Destination) -> io::Result<()> {
        let output = Output::open(destination)?;
        *self.shared.next_output.lock().unwrap_or_else(PoisonError::into_inner) = output;
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A writer that panicked has nothing left to write.
            let _ = thread.join();
        }
    }
}

/// The writer's side.
struct Lines {
    shared: Arc<Shared>,
    format: LogFormat,
    output: Output,
    text: String,
}

impl Lines {
    fn write_all(mut self) {
        loop {
            let closed = self.shared.closed.load(Ordering::SeqCst);
            self.take_next_output();
            if self.write_batch() {
                thread::park_timeout(GATHER);
            } else if closed {
                return;
            } else {
                self.sleep();
            }
        }
    }

    /// Between batches, so that a line is never cut.
    fn take_next_output(&mut self) {
        let mut next = self.shared.next_output.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(output) = next.take() {
            self.output = output;
            tracing::info!("the access log goes to {} from here on", self.output.destination());
        }
    }

    /// Writes what waits in the ring; says whether there was anything.
    fn write_batch(&mut self) -> bool {
        self.text.clear();
        let mut last_second = (u64::MAX, String::new());
        for _ in 0..RING {
            let Some(access) = self.shared.ring.pop() else { break };
            let second = access.unix_ms / 1000;
            if last_second.0 != second {
                last_second = (second, iso8601(second).trim_end_matches('Z').to_owned());
            }
            access.write(self.format, &last_second.1, &mut self.text);
        }
        let dropped = self.shared.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "the access log could not keep up; lines were dropped");
        }
        self.output.write(self.text.as_bytes());
        !self.text.is_empty()
    }

    /// Sleeps until a record comes. The ring is looked at once more after the flag is up, or a
    /// record put in between would wait for the next.
    fn sleep(&self) {
        self.shared.writer_sleeps.store(true, Ordering::SeqCst);
        if self.shared.ring.is_empty() && !self.shared.closed.load(Ordering::SeqCst) {
            thread::park();
        }
        self.shared.writer_sleeps.store(false, Ordering::SeqCst);
    }
}

impl Access {
    /// Whether a token was sent that could hardly arrive.
    fn lost_token(&self) -> Option<(u8, u8)> {
        match (self.reach, self.hops_away) {
            (Reach::Hops(limit), Some(hops)) if !self.reach.covers(hops) => {
                Some((hops, limit.get()))
            }
            _ => None,
        }
    }

    fn write(&self, format: LogFormat, second: &str, out: &mut String) {
        let result = match format {
            LogFormat::Text => self.write_text(second, out),
            LogFormat::Json => self.write_json(second, out),
        };
        debug_assert!(result.is_ok(), "writing to memory cannot fail");
    }

    fn write_text(&self, second: &str, out: &mut String) -> std::fmt::Result {
        let Self { peer, spoken, method, path, status, .. } = self;
        let instance = self.endpoint.instance_id();
        let (spoken, method) = (spoken.as_str(), method.map_or("-", Method::as_str));
        write!(out, "{second}.{:03}Z {peer} {instance} {spoken} {method} ", self.unix_ms % 1000)?;
        path.escape(out);
        write!(out, " {}", status.code())?;
        match self.hops_away {
            Some(hops) => write!(out, " hops={hops}")?,
            None => out.push_str(" hops=?"),
        }
        if let Some((hops, limit)) = self.lost_token() {
            let routers = if hops == 1 { "router" } else { "routers" };
            write!(
                out,
                " token could hardly arrive: {hops} {routers} away, hop limit {limit}; needs {}",
                u16::from(hops) + 1
            )?;
        }
        out.push('\n');
        Ok(())
    }

    fn write_json(&self, second: &str, out: &mut String) -> std::fmt::Result {
        let Self { peer, spoken, status, .. } = self;
        write!(
            out,
            r#"{{"time":"{second}.{:03}Z","peer":"{peer}","instance":"{}","imds":"{}","method":"{}","path":""#,
            self.unix_ms % 1000,
            self.endpoint.instance_id(),
            spoken.as_str(),
            self.method.map_or("-", Method::as_str),
        )?;
        self.path.escape(out);
        write!(out, r#"","status":{}"#, status.code())?;
        match self.hops_away {
            Some(hops) => write!(out, r#","hops_away":{hops}"#)?,
            None => out.push_str(r#","hops_away":null"#),
        }
        if let Reach::Hops(limit) = self.reach {
            let could_arrive = self.lost_token().is_none();
            write!(out, r#","hop_limit":{limit},"token_could_arrive":{could_arrive}"#)?;
        }
        out.push_str("}\n");
        Ok(())
    }
}

impl LoggedPath {
    pub(crate) fn new(path: &str) -> Self {
        let length = path.len().min(PATH);
        let mut bytes = [0; PATH];
        bytes[..length].copy_from_slice(&path.as_bytes()[..length]);
        // The length is at most `PATH`, which fits.
        Self { bytes, length: u8::try_from(length).unwrap_or(0), is_cut: path.len() > PATH }
    }

    /// The path with all that could break a line, a terminal or JSON as `\u00xx`.
    fn escape(&self, out: &mut String) {
        out.push('/');
        for &byte in &self.bytes[..usize::from(self.length)] {
            match byte {
                b' '..=b'~' if byte != b'"' && byte != b'\\' => out.push(char::from(byte)),
                _ => {
                    let _ = write!(out, "\\u{byte:04x}");
                }
            }
        }
        if self.is_cut {
            out.push('…');
        }
    }
}

#[cfg(test)]
mod tests {
    use imds_core::Launch;

    use super::*;

    fn access(path: &str, reach: Reach) -> Access {
        Access {
            unix_ms: 1_700_000_000_042,
            peer: "10.0.0.9:4242".parse().unwrap(),
            endpoint: Arc::new(Endpoint::new(&Launch::default().settle().unwrap())),
            spoken: Spoken::V2,
            method: Some(Method::Put),
            path: LoggedPath::new(path),
            status: Status::Ok,
            hops_away: Some(1),
            reach,
        }
    }

    #[test]
    fn a_line_tells_what_happened() {
        let mut text = String::new();
        let reach = Reach::Hops("1".parse().unwrap());
        access("latest/api/token", reach).write(LogFormat::Text, "2023-11-14T22:13:20", &mut text);
        assert_eq!(
            text,
            "2023-11-14T22:13:20.042Z 10.0.0.9:4242 i-1234567890abcdef0 v2 PUT /latest/api/token \
             200 hops=1 token could hardly arrive: 1 router away, hop limit 1; needs 2\n"
        );
    }

    #[test]
    fn json_stays_json_whatever_the_path() {
        let mut text = String::new();
        let path = format!("\"\\\n\u{1b}é{}", "x".repeat(PATH));
        access(&path, Reach::Anywhere).write(LogFormat::Json, "2023-11-14T22:13:20", &mut text);
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["status"], 200);
        assert!(line["path"].as_str().unwrap().ends_with('…'));
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn every_record_is_written_before_the_log_ends() {
        let path = std::env::temp_dir().join(format!("imds-access-{}", std::process::id()));
        let destination = Destination::File(path.clone());
        let (log, writer) = AccessLog::start(&destination, LogFormat::Text).unwrap().unwrap();
        for _ in 0..100 {
            log.record(access("x", Reach::Anywhere));
        }
        drop(writer);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text.lines().count(), 100);
    }
}
