//! What the tests stand on: an isolated network, the built binary, raw HTTP, real clients.
//!
//! The test binary calls [`isolate`] before it starts a thread. From then on it, and everything it
//! starts, is in a network of its own with nothing but loopback: no test can send a packet out of
//! the machine, least of all to a real metadata service.

mod cgroup;
pub mod client;
mod etcd;
pub mod faulty;
pub mod http;
mod isolation;
pub mod lab;
mod need;
pub mod packet;
mod process;
mod server;
mod users;
pub mod workloads;

use std::time::{Duration, Instant};

pub use anyhow::{Context, Error, Result, anyhow, bail, ensure};
pub use cgroup::MemoryCgroup;
pub use client::Client;
pub use etcd::{Etcd, EtcdCluster, Fault};
pub use faulty::Faulty;
pub use isolation::isolate;
pub use lab::{Family, Lab, Loss, Network};
pub use libtest_mimic::{Arguments, Trial, run};
pub use need::Need;
pub use process::{
    Finished, Process, binary, exec, imds, path_with, path_with_imds, path_with_imds_and_python,
    program, shell_of_nobody, tidy,
};
pub use server::Server;
pub use users::has_all_users;

use libtest_mimic::{Completion, Failed};

/// How long a test waits for what should come soon, before it fails.
pub const SOON: Duration = Duration::from_secs(60);

/// A test. Where something it needs is missing it is skipped, with the reason; in CI it fails.
pub fn test<V: Verdict>(
    name: impl Into<String>,
    needs: &'static [Need],
    body: impl FnOnce() -> V + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name.into(), move || {
        let is_in_ci = std::env::var_os("CI").is_some();
        for need in needs {
            if let Err(reason) = need.check() {
                if is_in_ci {
                    return Err(Failed::from(format!("needed here: {reason}")));
                }
                return Ok(Completion::ignored_with(reason));
            }
        }
        match body().verdict() {
            Ok(()) => Ok(Completion::Completed),
            Err(error) if !is_in_ci && error.is::<Skip>() => {
                Ok(Completion::ignored_with(error.to_string()))
            }
            Err(error) => Err(Failed::from(format!("{error:?}"))),
        }
    })
}

/// The error of a test that found out by itself what is missing: it is skipped, with this reason, and fails in CI.
#[derive(Debug)]
pub struct Skip(pub String);

impl std::fmt::Display for Skip {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0.trim_end())
    }
}

impl std::error::Error for Skip {}

/// What a test's body gives back: nothing, and it panics where it fails, or a [`Result`].
pub trait Verdict {
    /// The same as a result.
    fn verdict(self) -> Result<()>;
}

impl Verdict for () {
    fn verdict(self) -> Result<()> {
        Ok(())
    }
}

impl Verdict for Result<()> {
    fn verdict(self) -> Result<()> {
        self
    }
}

/// The tests of a module: its functions of these names, which all have the same needs.
#[macro_export]
macro_rules! tests {
    ($needs:expr; $($name:ident),+ $(,)?) => {
        vec![$($crate::test(
            concat!(module_path!(), "::", stringify!($name)).trim_start_matches("imds::"),
            $needs,
            $name,
        )),+]
    };
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
