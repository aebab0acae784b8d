//! What `imds serve` loses the right to once it has started: files that no setting names (Landlock), and
//! system calls that it does not need (seccomp).

use std::path::Path;

use imds_linux::confine::{self, Access, Enforced, Files, Serving};
use imds_linux::send;

use super::plan::Plan;
use crate::overlay;
use crate::settings::Destination;

/// What is read whatever the settings are: what the service is told of itself, for metrics, and of its terminal,
/// and randomness, which SQLite and programs that are linked statically read from devices.
const ALWAYS: [&str; 4] = ["/proc/self", "/dev/tty", "/dev/random", "/dev/urandom"];

/// What is left of the rights.
pub(super) struct Confinement {
    /// `None`: any file.
    files: Option<Files>,
    /// Whether system calls are filtered.
    filters_calls: bool,
    serving: Serving,
    threads: usize,
}

/// What a service has given up.
pub(super) struct Confined {
    /// Whether files elsewhere are out of reach.
    pub(super) restricts_files: bool,
    /// What threads that answer may do, which lose more.
    pub(super) only_serve: Option<Serving>,
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

    /// From now on the calling thread, and those that it starts, have no other rights. Where the kernel
    /// enforces less, a message says so.
    pub(super) fn begin(self) -> Confined {
        let Self { files, filters_calls, serving, threads } = self;
        open_randomness();
        let restricts_files = files.is_some_and(|files| restrict(files, serving));
        if filters_calls {
            send::prepare(threads);
        }
        let only_serve = (filters_calls && filter_calls()).then_some(serving);
        Confined { restricts_files, only_serve }
    }
}

/// Where the kernel or the C library has no `getrandom`, randomness is read from a device, whose descriptor is
/// kept from the first time on. Threads that answer can open nothing, so the first time is now.
fn open_randomness() {
    if let Err(error) = getrandom::fill(&mut [0]) {
        tracing::warn!(%error, "the kernel gives no random bytes");
    }
}

fn restrict(files: Files, serving: Serving) -> bool {
    let enforced = files.restrict(serving.connects);
    match &enforced {
        Ok(Enforced::Fully) => tracing::debug!("Landlock restricts files in full"),
        Ok(Enforced::Partially(version)) => {
            tracing::debug!(version, "Landlock restricts files as far as this kernel has it");
        }
        Ok(Enforced::Nothing) => tracing::debug!("this kernel has no Landlock"),
        Err(error) => tracing::warn!(%error, "files are not restricted"),
    }
    matches!(enforced, Ok(Enforced::Fully | Enforced::Partially(_)))
}

fn filter_calls() -> bool {
    let filtered = confine::refuse_calls();
    match &filtered {
        Ok(()) => tracing::debug!("seccomp filters system calls"),
        Err(error) => tracing::warn!(%error, "system calls are not filtered"),
    }
    filtered.is_ok()
}

/// What is used while it runs: the settings file and the overlay are read again, the log and the file for
/// programs are replaced, and the rest is the state's.
fn files(plan: &Plan) -> Files {
    let linked = plan.overlay.as_deref().map(overlay::linked).unwrap_or_default();
    let read = plan.config.iter().chain(&plan.overlay).chain(&linked);
    let read = read.map(|path| (path.as_path(), Access::Read));
    let log = match &plan.logs.access {
        Destination::File(path) => Some(path.as_path()),
        Destination::Stderr | Destination::Off => None,
    };
    let written = [log, plan.ready_file.as_deref(), plan.state.file()].into_iter().flatten();
    let replaced = read.chain(written.map(|path| (path, Access::Write)));
    let always = ALWAYS.into_iter().map(Path::new);
    let files = always.fold(Files::default(), |files, path| files.allow(path, Access::Read));
    replaced.fold(files, |files, (path, access)| files.allow_replaced(path, access))
}
