//! How far long work is: one line on standard error, where that is a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Time between two lines; what is done sooner shows none.
const PAUSE: Duration = Duration::from_millis(250);

pub(super) struct Progress {
    /// When the line was last shown; `None` where nobody watches.
    shown: Option<Instant>,
    is_there: bool,
}

impl Progress {
    pub(super) fn start() -> Self {
        Self { shown: io::stderr().is_terminal().then(Instant::now), is_there: false }
    }

    /// Shows how many records are done, and of how many if that is known.
    pub(super) fn show(&mut self, count: usize, all: Option<usize>) {
        if self.shown.is_none_or(|shown| shown.elapsed() < PAUSE) {
            return;
        }
        (self.shown, self.is_there) = (Some(Instant::now()), true);
        let all = all.map(|all| format!(" of {all}")).unwrap_or_default();
        let _ = write!(io::stderr(), "\r\x1b[K{count}{all} records");
    }

    /// Takes the line away.
    pub(super) fn end(self) {
        if self.is_there {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
