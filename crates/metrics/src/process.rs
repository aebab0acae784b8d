//! What Prometheus asks of any program, by the names that all its client libraries use.

use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

/// The process at one moment. What the kernel does not tell is `None`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Process {
    pub(crate) processor_seconds: Option<f64>,
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) open_descriptors: Option<u64>,
    pub(crate) max_descriptors: Option<u64>,
}

impl Process {
    pub(crate) fn now() -> Self {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        Self { max_descriptors: getrlimit(Resource::Nofile).current, ..Self::parse(&stat) }
    }

    /// By the fields of `/proc/PID/stat` (`proc_pid_stat(5)`). The second, the program's name in
    /// parentheses, may have blanks and parentheses in it.
    fn parse(stat: &str) -> Self {
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let field = |number: usize| fields.split_ascii_whitespace().nth(number - 3)?.parse().ok();
        let ticks = |number| field(number).map(|ticks: u64| seconds(ticks));
        Self {
            processor_seconds: ticks(14).zip(ticks(15)).map(|(user, system)| user + system),
            resident_bytes: field(24).map(|pages: u64| pages * page_size() as u64),
            open_descriptors: fs::read_dir("/proc/self/fd").ok().map(|fds| {
                // Less the one that reads the directory.
                (fds.count() as u64).saturating_sub(1)
            }),
            max_descriptors: None,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for millions of years of processor time")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_be_called_anything() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 4 0 9 1000 25 1";
        let process = Process::parse(stat);
        let ticks = seconds(300);
        assert_eq!(process.processor_seconds.map(|it| (it - ticks).abs() < 1e-9), Some(true));
        assert_eq!(process.resident_bytes, Some(25 * page_size() as u64));
    }

    #[test]
    fn this_process_is_described() {
        let process = Process::now();
        assert!(process.processor_seconds.is_some() && process.open_descriptors > Some(2));
        assert!(process.resident_bytes > Some(100_000), "{process:?}");
        assert_eq!(Process::parse("").resident_bytes, None);
    }
}
