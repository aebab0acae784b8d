//! What the service says of itself: its own messages, and the access log.

mod access;

use tracing::Level;

pub(crate) use access::{Access, AccessLog, Destination, LoggedPath, Writer};

use crate::cli::LogFormat;

/// Sends the service's own messages to standard error.
pub(crate) fn start(format: LogFormat) {
    let messages = tracing_subscriber::fmt()
        .with_max_level(Level::INFO)
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    match format {
        LogFormat::Text => messages.init(),
        LogFormat::Json => messages.json().flatten_event(true).init(),
    }
}
