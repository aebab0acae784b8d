//! What the service says of itself: its own messages, and the access log.

mod access;
mod line;
mod output;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, reload};

pub(crate) use access::AccessLog;
pub(crate) use output::Output;

use crate::settings::{LogFilter, LogFormat};

/// The service's own messages, which go to standard error.
pub(crate) struct Messages(reload::Handle<Targets, Registry>);

impl Messages {
    /// Sends them there from now on, once in the life of the process.
    pub(crate) fn start(format: LogFormat, filter: &LogFilter) -> Self {
        let (targets, handle) = reload::Layer::new(filter.targets());
        let messages = fmt::layer()
            .with_target(filter.is_detailed())
            .with_writer(std::io::stderr)
            .with_ansi(false);
        let registry = tracing_subscriber::registry().with(targets);
        match format {
            LogFormat::Text => registry.with(messages).init(),
            LogFormat::Json => registry.with(messages.json().flatten_event(true)).init(),
        }
        Self(handle)
    }

    /// Logs other messages from now on.
    pub(crate) fn set_filter(&self, filter: &LogFilter) {
        // It fails once nothing is logged any more, at the end of the process.
        let _ = self.0.reload(filter.targets());
    }
}
