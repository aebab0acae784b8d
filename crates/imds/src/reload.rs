//! What a running `imds serve` does on SIGHUP and SIGUSR1: it reopens the access log, and reads the
//! settings file again.
//!
//! Some keys take effect at once. Others decide what listens and what is launched: a change of those
//! is named, and waits for a restart. Key names are logged, values never: some are secrets.

use std::mem;
use std::time::Duration;

use imds_host::Host;
use tokio::runtime::Runtime;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use toml::{Table, Value};

use crate::cli::{AnswerArgs, LogArgs};
use crate::config::{Logs, Settings};
use crate::error::CommandError;
use crate::overlay::{self, Overlay};
use crate::service_manager::ServiceManager;
use crate::settings::Destination;
use crate::signals::{Request, Signals};
use crate::telemetry::{AccessLog, Messages, Output};

/// The keys that take effect at once, unless a flag of the same name is set.
const LIVE: [&str; 4] = ["log-level", "access-log", "keep-alive", "stall"];

/// The table that takes effect at once.
const LIVE_TABLE: &str = "paths";

/// Why a file is out of reach that could be used at the start, and what to do.
const GIVEN_UP: &str = ": once started, the service can use only directories that its settings named then \
                        (Landlock); restart it, or run it with --no-landlock";

/// Longer than any service runs.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// What can be changed while the service runs.
pub(crate) struct Reload {
    pub(crate) reloadable: Reloadable,
    pub(crate) logs: Logs,
    pub(crate) access_log: Option<AccessLog>,
    /// Ends last, so that the access log can say what it dropped.
    pub(crate) messages: Messages,
    /// Whether files elsewhere than those of the start are out of reach.
    pub(crate) restricts_files: bool,
}

/// What another reading of the settings file needs.
pub(crate) struct Reloadable {
    /// The settings file as it was at the start.
    pub(crate) started_with: Table,
    pub(crate) response_args: AnswerArgs,
    pub(crate) log_args: LogArgs,
    pub(crate) overlay: Overlay,
}

/// What is to be done next.
enum Next {
    Request(Request),
    /// Look whether files of the overlay have changed.
    Overlay,
    /// Tell the service manager that the service lives, if it does.
    SignOfLife,
}

/// The keys of a settings file that has changed, by what became of the change.
#[derive(Debug, Default, Eq, PartialEq)]
struct Changes {
    applied: Vec<&'static str>,
    needs_restart: Vec<String>,
}

impl Reload {
    /// Obeys signals until one of them asks to stop; says which.
    pub(crate) fn until_stopped(
        &mut self,
        host: &Host,
        runtime: &Runtime,
        mut signals: Signals,
        manager: &ServiceManager,
    ) -> &'static str {
        let watchdog = manager.period();
        let (mut overlay, mut sign_of_life) = runtime
            .block_on(async { (every(overlay::PERIOD), every(watchdog.unwrap_or(FOR_EVER))) });
        loop {
            let next = async {
                tokio::select! {
                    request = signals.next() => Next::Request(request),
                    _ = overlay.tick(), if self.reloadable.overlay.has_files() => Next::Overlay,
                    _ = sign_of_life.tick(), if watchdog.is_some() => Next::SignOfLife,
                }
            };
            match runtime.block_on(next) {
                Next::Request(Request::Stop(signal)) => return signal,
                Next::Request(Request::Reload) => {
                    manager.reloading();
                    self.reload(host);
                    manager.ready();
                }
                Next::Request(Request::ReopenLog) => self.reopen_log(),
                Next::Overlay => {
                    let outcome = self.reloadable.overlay.look(host);
                    self.report_overlay(outcome);
                }
                Next::SignOfLife if host.is_responsive(watchdog.unwrap_or_default()) => {
                    manager.alive();
                }
                Next::SignOfLife => tracing::error!("a thread that answers requests hangs"),
            }
        }
    }

    /// Reopens the access log: a file that was renamed is made anew.
    fn reopen_log(&self) {
        let Some(log) = &self.access_log else { return };
        match Output::open(&self.logs.access) {
            Ok(output) => output.into_iter().for_each(|output| log.move_to(output)),
            Err(error) => {
                tracing::error!("the access log goes on in the old file: {}", self.explain(&error));
            }
        }
    }

    /// Reopens the access log and applies what has changed in the settings file. A file with a mistake
    /// changes nothing.
    fn reload(&mut self, host: &Host) {
        match self.read_again(host) {
            Ok(Some(changes)) => changes.report(),
            Ok(None) => {
                let outcome = self.reloadable.overlay.read_again(host);
                self.report_overlay(outcome);
            }
            Err(error) => {
                let error = without_source(&self.explain(&error));
                tracing::error!("the settings stay as they are: {error}");
                self.reopen_log();
            }
        }
    }

    fn report_overlay(&self, outcome: Result<bool, CommandError>) {
        match outcome {
            Ok(true) => tracing::info!("files of --overlay have changed and are served"),
            Ok(false) => {}
            Err(error) => {
                let error = self.explain(&error);
                tracing::error!("--overlay has changed, but what is served stays: {error}");
            }
        }
    }

    /// What happened; of a file that the service gave up with its rights also why, and what to do.
    fn explain(&self, error: &CommandError) -> String {
        let mut message = error.message();
        if self.restricts_files && error.is_permission_denied() {
            message.push_str(GIVEN_UP);
        }
        message
    }

    /// `None` without a settings file.
    fn read_again(&mut self, host: &Host) -> Result<Option<Changes>, CommandError> {
        let Reloadable { started_with, response_args, log_args, .. } = &self.reloadable;
        let Some(path) = &response_args.config else {
            self.reopen_log();
            return Ok(None);
        };
        let mut settings = Settings::read_again(path)?;
        let paths = mem::take(&mut settings.instance.paths);
        let policy = settings.policy(response_args);
        let logs = settings.logs(log_args, Destination::Stderr)?;
        let changed = changed_keys(started_with, &settings.document);
        let mut changes = Changes {
            needs_restart: changed.into_iter().filter(|key| needs_restart(key)).collect(),
            ..Changes::default()
        };

        // First what may fail.
        let moves = self.access_log.is_some() && logs.access != self.logs.access;
        let output = if moves { Output::open(&logs.access)? } else { None };
        changes.applied.extend(self.reloadable.overlay.set_paths(paths, host)?);

        match (&self.access_log, output) {
            (Some(log), Some(output)) => {
                log.move_to(output);
                self.logs.access = logs.access;
                changes.applied.push("access-log");
            }
            _ if logs.access == self.logs.access => self.reopen_log(),
            // The log is turned on and off where the service is made.
            _ => changes.needs_restart.push("access-log".to_owned()),
        }
        if logs.filter != self.logs.filter {
            self.messages.set_filter(&logs.filter);
            self.logs.filter = logs.filter;
            changes.applied.push("log-level");
        }
        let before = host.policy();
        host.set_policy(policy);
        if policy.keep_alive != before.keep_alive {
            changes.applied.push("keep-alive");
        }
        if policy.stall != before.stall {
            changes.applied.push("stall");
        }
        Ok(Some(changes))
    }
}

impl Changes {
    fn report(&self) {
        let or_none = |keys: String| if keys.is_empty() { "nothing".to_owned() } else { keys };
        let applied = or_none(self.applied.join(", "));
        if self.needs_restart.is_empty() {
            tracing::info!(applied, "settings file read again");
        } else {
            let needs_restart = self.needs_restart.join(", ");
            tracing::warn!(applied, needs_restart, "settings file read again");
        }
    }
}

/// Ticks each `period`, for the first time after one.
fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// One line of an error that may show lines of the file, which may have secrets.
fn without_source(error: &str) -> String {
    let is_shown = |line: &str| {
        line.trim_start_matches(|one: char| one == ' ' || one.is_ascii_digit()).starts_with('|')
    };
    error.lines().filter(|line| !is_shown(line)).collect::<Vec<_>>().join(": ")
}

fn needs_restart(key: &str) -> bool {
    let table = key.split('.').next().unwrap_or_default();
    !LIVE.contains(&key) && table != LIVE_TABLE
}

/// The keys whose values differ, such as `threads` and `instance.tags`.
fn changed_keys(before: &Table, now: &Table) -> Vec<String> {
    let mut changed = Vec::new();
    for key in keys_of_both(before, now) {
        match (before.get(key), now.get(key)) {
            (one, other) if one == other => {}
            (Some(Value::Table(one)), Some(Value::Table(other))) => {
                let inner =
                    keys_of_both(one, other).filter(|name| one.get(*name) != other.get(*name));
                changed.extend(inner.map(|name| format!("{key}.{name}")));
            }
            _ => changed.push(key.to_owned()),
        }
    }
    changed
}

fn keys_of_both<'a>(one: &'a Table, other: &'a Table) -> impl Iterator<Item = &'a str> {
    let new = other.keys().filter(|key| !one.contains_key(*key));
    one.keys().chain(new).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_no_line_of_the_file() {
        let error = toml::from_str::<Table>("a = 1\nsecret-access-key = \"wJalr\n").unwrap_err();
        let error = without_source(&format!("imds.toml: {error}"));
        assert!(error.starts_with("imds.toml: TOML parse error at line 2, column "), "{error}");
        assert!(!error.contains("wJalr") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn changed_keys_are_named_with_their_table() {
        let table = |text: &str| text.parse::<Table>().unwrap();
        let before = table(
            "threads = 2\nstall = '2s'\n[instance]\nami = 'al2'\ntags = { Name = 'a' }\n\
             [[event]]\nkind = 'rebalance'",
        );
        let now =
            table("threads = 2\n[instance]\nami = 'al2'\ntags = { Name = 'b' }\nrole.name = 'x'");
        assert_eq!(
            changed_keys(&before, &now),
            ["event", "instance.tags", "instance.role", "stall"]
        );
        assert!(changed_keys(&before, &before).is_empty());
    }
}
