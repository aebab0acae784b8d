//! What a program that is asked for credentials writes to its standard error: logged at level `debug`, told
//! apart from our own messages. It may be anything, so by default it is not shown.

use std::io::Read as _;
use std::process::ChildStderr;

/// The longest line that is logged, in bytes; the rest is another line.
const LINE: usize = 1024;

/// The most that is logged of one run, in bytes.
const MOST: usize = 64 * 1024;

/// A program's standard error.
pub(super) struct Complaints {
    /// `None` once it has ended.
    pub(super) stderr: Option<ChildStderr>,
    line: Vec<u8>,
    left: usize,
}

impl Complaints {
    pub(super) fn of(stderr: Option<ChildStderr>) -> Self {
        Self { stderr, line: Vec::new(), left: MOST }
    }

    /// Reads what is ready.
    pub(super) fn read(&mut self, program: &str) {
        let Some(stderr) = &mut self.stderr else { return };
        let mut bytes = [0; 4096];
        let count = stderr.read(&mut bytes).unwrap_or(0);
        if count == 0 {
            self.stderr = None;
            self.log(program);
        }
        for byte in &bytes[..count] {
            if *byte == b'\n' || self.line.len() == LINE {
                self.log(program);
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
    }

    /// Logs the line so far.
    fn log(&mut self, program: &str) {
        if !self.line.is_empty() && self.line.len() <= self.left {
            let line = String::from_utf8_lossy(&self.line);
            tracing::debug!(program, %line, "a source of credentials writes");
            self.left -= self.line.len();
        }
        self.line.clear();
    }
}
