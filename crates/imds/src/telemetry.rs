//! What the service says of itself: its own messages, and the access log.

mod access;
mod line;
mod output;
mod queue;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io;
use std::panic;
use std::thread;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, reload};

pub(crate) use access::AccessLog;
pub(crate) use output::Output;

use crate::settings::{LogFilter, LogFormat};
use queue::{LastWait, Queue};

/// The service's own messages, which go to standard error. Nothing waits for whoever reads that; at the
/// end of the process, dropping this does for a second.
pub(crate) struct Messages {
    filter: reload::Handle<Targets, Registry>,
    queue: Queue,
    /// `None` until they are written.
    last_wait: Option<LastWait>,
}

impl Messages {
    /// Sends them there from now on, once in the life of the process.
    ///
    /// # Errors
    /// Where the system has no thread left.
    pub(crate) fn start(format: LogFormat, filter: &LogFilter) -> io::Result<Self> {
        let mut messages = Self::collect(format, filter);
        messages.write()?;
        Ok(messages)
    }

    /// Collects them from now on, once in the life of the process, without a thread that writes them.
    pub(crate) fn collect(format: LogFormat, filter: &LogFilter) -> Self {
        let queue = Queue::default();
        report_panics(queue.clone());
        let (targets, handle) = reload::Layer::new(filter.targets());
        let messages = fmt::layer()
            .with_target(filter.is_detailed())
            .with_writer(queue.clone())
            .with_ansi(false);
        let registry = tracing_subscriber::registry().with(targets);
        match format {
            LogFormat::Text => registry.with(messages).init(),
            LogFormat::Json => registry.with(messages.json().flatten_event(true)).init(),
        }
        Self { filter: handle, queue, last_wait: None }
    }

    /// Writes those that were collected, and others as they come.
    ///
    /// # Errors
    /// Where the system has no thread left.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        self.last_wait = Some(self.queue.start(io::stderr())?);
        Ok(())
    }

    /// Logs other messages from now on.
    pub(crate) fn set_filter(&self, filter: &LogFilter) {
        // It fails once nothing is logged any more, at the end of the process.
        let _ = self.filter.reload(filter.targets());
    }
}

impl Drop for Messages {
    /// What was collected tells why the process ends before it was written.
    fn drop(&mut self) {
        if self.last_wait.is_none() {
            self.last_wait = self.queue.start(io::stderr()).ok();
        }
    }
}

/// Has a thread that panics say so in the queue: by default it waits for standard error itself.
fn report_panics(queue: Queue) {
    panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let mut text = format!("thread '{}' {panic}\n", thread.name().unwrap_or("?"));
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            text += &backtrace.to_string();
        }
        queue.push(text.as_bytes());
    }));
}
