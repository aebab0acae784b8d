//! The access log: one line per request, written by a thread of its own, which subscribes to the
//! service's request records.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use imds_dataplane::{Requests, RequestsCloser};
use imds_host::Host;

use super::line::LineWriter;
use super::output::Output;
use super::queue::LAST_WAIT;
use crate::settings::LogFormat;

/// How many records wait at most; at 2 ms a batch, enough for 4 million requests a second.
const CAPACITY: usize = 8192;

/// How long the writer lets records gather, so that busy threads need not wake it for each.
const GATHER: Duration = Duration::from_millis(2);

/// A running access log. Dropping it writes the records that still wait, for a second at most.
pub(crate) struct AccessLog {
    closer: RequestsCloser,
    next_output: NextOutput,
    /// Ends when the writer has.
    ended: Receiver<()>,
}

/// Where lines go from now on, once the writer has taken it.
type NextOutput = Arc<Mutex<Option<Output>>>;

/// The writer's side.
struct Writer {
    requests: Requests,
    next_output: NextOutput,
    output: Output,
    line: LineWriter,
    text: String,
    /// Dropped when this is.
    _ended: Sender<()>,
}

impl AccessLog {
    /// Logs the requests of `host` to `output` from now on.
    pub(crate) fn start(host: &Host, output: Output, format: LogFormat) -> io::Result<Self> {
        let (requests, next_output) = (host.subscribe(CAPACITY), NextOutput::default());
        let closer = requests.closer();
        let (at_end, ended) = mpsc::channel();
        let writer = Writer {
            requests,
            next_output: Arc::clone(&next_output),
            output,
            line: LineWriter::new(format),
            text: String::new(),
            _ended: at_end,
        };
        let thread = thread::Builder::new().name("access-log".into());
        thread.spawn(|| writer.run())?;
        Ok(Self { closer, next_output, ended })
    }

    /// Sends lines elsewhere, or into a new file of the same name where the old one was renamed. Each
    /// line is whole in one of the two.
    ///
    /// Does not wait for the writer, which may wait for whoever reads standard error.
    pub(crate) fn move_to(&self, output: Output) {
        tracing::info!("the access log goes to {} from here on", output.destination());
        *self.next_output.lock().unwrap_or_else(PoisonError::into_inner) = Some(output);
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.closer.close();
        // The writer may wait for ever for whoever reads the log; then it ends with the process.
        if self.ended.recv_timeout(LAST_WAIT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the last lines of the access log are lost: nobody takes them");
        }
    }
}

impl Writer {
    fn run(mut self) {
        while let Some(record) = self.requests.next() {
            self.line.write(&record, &mut self.text);
            self.write_batch();
            thread::park_timeout(GATHER);
        }
        self.report_dropped();
    }

    /// Writes what waits, without a line being cut between two outputs.
    fn write_batch(&mut self) {
        let mut next = self.next_output.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(output) = next.take() {
            self.output = output;
        }
        drop(next);
        for _ in 0..CAPACITY {
            let Some(record) = self.requests.try_next() else { break };
            self.line.write(&record, &mut self.text);
        }
        self.report_dropped();
        self.output.write(self.text.as_bytes());
        self.text.clear();
    }

    fn report_dropped(&self) {
        let dropped = self.requests.take_dropped();
        if dropped > 0 {
            tracing::warn!(dropped, "the access log could not keep up; lines were dropped");
        }
    }
}
