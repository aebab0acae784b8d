//! What `imds serve` loses the right to once it has started: files that no setting names (Landlock), and
//! system calls that it does not need (seccomp).

use std::path::Path;

use imds_linux::confine::{self, Access, Enforced, Files, Serving};
use imds_linux::send;

use super::plan::Plan;
use crate::settings::Destination;

/// What is left of the rights.
pub(super) struct Confinement {
    /// `None`: any file.
    files: Option<Files>,
    /// Whether system calls are filtered.
    filters_calls: bool,
    serving: Serving,
    threads: usize,
}

impl Confinement {
    /// What the plan needs while it runs.
    pub(super) fn of(plan: &Plan) -> Self {
        // A reload of the settings can turn `stall` on.
        let connects = plan.policy.stall.is_some() || plan.config.is_some();
        Self {
            files: plan.landlock.then(|| files(plan)),
            filters_calls: plan.seccomp,
            serving: Serving { connects },
            threads: plan.threads.get(),
        }
    }

    /// From now on the calling thread, and those that it starts, have no other rights. Says what threads that
    /// answer may do, which lose more. Where the kernel enforces less, a message says so.
    pub(super) fn begin(self) -> Option<Serving> {
        let Self { files, filters_calls, serving, threads } = self;
        match files.map(|files| files.restrict(serving.connects)) {
            None => {}
            Some(Ok(Enforced::Fully)) => tracing::debug!("Landlock restricts files in full"),
            Some(Ok(Enforced::Partially(version))) => {
                tracing::debug!(version, "Landlock restricts files as far as this kernel has it");
            }
            Some(Ok(Enforced::Nothing)) => tracing::debug!("this kernel has no Landlock"),
            Some(Err(error)) => tracing::warn!(%error, "any file can be used"),
        }
        if !filters_calls {
            return None;
        }
        send::prepare(threads);
        match confine::refuse_calls() {
            Ok(()) => {
                tracing::debug!("seccomp filters system calls");
                Some(serving)
            }
            Err(error) => {
                tracing::warn!(%error, "any system call can be made");
                None
            }
        }
    }
}

/// What is used while it runs: the settings file and the overlay are read again, the log and the file for
/// programs are replaced, and the rest is the state's.
fn files(plan: &Plan) -> Files {
    let read = plan.config.iter().chain(&plan.overlay).map(|path| (path.as_path(), Access::Read));
    let log = match &plan.logs.access {
        Destination::File(path) => Some(path.as_path()),
        Destination::Stderr | Destination::Off => None,
    };
    let written = [log, plan.ready_file.as_deref(), plan.state.file()].into_iter().flatten();
    let replaced = read.chain(written.map(|path| (path, Access::Write)));
    // What it is told of itself, for metrics, and of its terminal.
    let files = Files::default()
        .allow(Path::new("/proc/self"), Access::Read)
        .allow(Path::new("/dev/tty"), Access::Read);
    replaced.fold(files, |files, (path, access)| files.allow_replaced(path, access))
}
