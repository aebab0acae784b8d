//! What the tests stand on: an isolated network, the built binary, raw HTTP, real clients.
//!
//! The test binary calls [`isolate`] before it starts a thread. From then on it, and everything it
//! starts, is in a network of its own with nothing but loopback: no test can send a packet out of
//! the machine, least of all to a real metadata service.

pub mod http;
mod isolation;
mod need;
mod process;
mod server;

use std::time::{Duration, Instant};

pub use anyhow::{Context, Error, Result, anyhow, bail, ensure};
pub use isolation::isolate;
pub use libtest_mimic::{Arguments, Trial, run};
pub use need::Need;
pub use process::{Finished, Process, imds, program};
pub use server::Server;

use libtest_mimic::{Completion, Failed};

/// How long a test waits for what should come soon, before it fails.
pub const SOON: Duration = Duration::from_secs(20);

/// A test. Where something it needs is missing it is skipped, with the reason; in CI it fails.
pub fn test(
    name: impl Into<String>,
    needs: &'static [Need],
    body: impl FnOnce() -> Result<()> + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name.into(), move || {
        for need in needs {
            if let Err(reason) = need.check() {
                if std::env::var_os("CI").is_some() {
                    return Err(Failed::from(format!("needed here: {reason}")));
                }
                return Ok(Completion::ignored_with(reason));
            }
        }
        body().map(|()| Completion::Completed).map_err(|error| Failed::from(format!("{error:?}")))
    })
}

/// Waits until `probe` gives something, and fails with `what` if it does not soon.
pub fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = probe() {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "waited {SOON:?} in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
