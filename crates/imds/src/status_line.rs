//! How far long work is: one line on standard error, where that is a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two lines; what is done sooner shows none.
const PAUSE: Duration = Duration::from_millis(250);

/// The line, until it is dropped.
pub(crate) struct StatusLine {
    /// `None` where nobody watches.
    shown: Option<Mutex<Shown>>,
}

struct Shown {
    at: Instant,
    is_there: bool,
}

impl StatusLine {
    pub(crate) fn start() -> Self {
        let nothing = || Mutex::new(Shown { at: Instant::now(), is_there: false });
        Self { shown: io::stderr().is_terminal().then(nothing) }
    }

    /// Shows a text, unless another was shown just now.
    pub(crate) fn show(&self, text: impl FnOnce() -> String) {
        // A thread that finds another one at it goes on: nobody waits for the terminal.
        let Some(Ok(mut shown)) = self.shown.as_ref().map(Mutex::try_lock) else { return };
        if shown.at.elapsed() >= PAUSE {
            *shown = Shown { at: Instant::now(), is_there: true };
            let _ = write!(io::stderr(), "\r\x1b[K{}", text());
        }
    }
}

/// Takes the line away.
impl Drop for StatusLine {
    fn drop(&mut self) {
        let Some(shown) = &mut self.shown else { return };
        if shown.get_mut().unwrap_or_else(PoisonError::into_inner).is_there {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
