//! Runs a program that prints credentials, with a time limit.

use std::ffi::OsStr;
use std::io::{self, PipeReader, Read as _};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use imds_linux::process::{kill_session, spawn_apart};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::Timespec;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::complaints::Complaints;
use super::error::SourceError;

/// How many bytes of its output are read: credentials are a few kilobytes.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// A running program. When this is dropped, the program and all that it started are killed.
pub(super) struct Process {
    program: String,
    child: Child,
    /// Becomes readable when the program has ended.
    ended: OwnedFd,
    stdout: Option<ChildStdout>,
    printed: Vec<u8>,
    complaints: Complaints,
    limit: Duration,
    deadline: Instant,
}

/// The result of waiting for a program.
pub(super) enum Waited<T> {
    /// The program has ended, or was given up.
    Ended(T),
    /// The program still runs when the wait is over.
    TimeIsUp,
    /// The program still runs, and the service is stopping.
    Stopped,
}

impl Process {
    /// Starts the program; the first of `words` is its name, the others its arguments. It is killed after
    /// `limit`.
    pub(super) fn start(
        words: &[String],
        sts_endpoint: Option<&str>,
        limit: Duration,
    ) -> Result<Self, SourceError> {
        let program = words.first().cloned().unwrap_or_default();
        let mut command = Command::new(&program);
        command
            .args(words.iter().skip(1))
            .envs(sts_endpoint.map(|url| ("AWS_ENDPOINT_URL_STS", OsStr::new(url))))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let started = spawn_apart(&mut command).and_then(|mut child| {
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let ended = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty()));
            let ended = ended.unwrap_or(Err(rustix::io::Errno::SRCH));
            // Without it we could not wait for the program.
            let ended = ended.inspect_err(|_| end(&mut child))?;
            Ok((child, ended))
        });
        let (mut child, ended) = match started {
            Ok(started) => started,
            Err(error) => return Err(SourceError::CannotRun { program, error }),
        };
        let stdout = child.stdout.take();
        let complaints = Complaints::of(child.stderr.take());
        let deadline = Instant::now() + limit;
        let printed = Vec::new();
        Ok(Self { program, child, ended, stdout, printed, complaints, limit, deadline })
    }

    /// Waits for the program to end and returns its output. Waits at most until `moment`, and only until the
    /// other end of `stop` is closed.
    pub(super) fn wait(
        &mut self,
        moment: Option<Instant>,
        stop: Option<&PipeReader>,
    ) -> Waited<Result<Vec<u8>, SourceError>> {
        let moment = moment.map_or(self.deadline, |moment| moment.min(self.deadline));
        loop {
            let mut descriptors = vec![PollFd::new(&self.ended, PollFlags::IN)];
            descriptors.extend(self.stdout.iter().map(|it| PollFd::new(it, PollFlags::IN)));
            let of_complaints = descriptors.len();
            let complaints = self.complaints.stderr.as_ref();
            let has_complaints = complaints.is_some();
            descriptors.extend(complaints.map(|it| PollFd::new(it, PollFlags::IN)));
            descriptors.extend(stop.map(|it| PollFd::new(it, PollFlags::IN)));
            let left = moment.saturating_duration_since(Instant::now());
            let woken = poll(&mut descriptors, Some(&timespec(left)));
            let is_ready: Vec<_> = descriptors.iter().map(|it| !it.revents().is_empty()).collect();
            match woken {
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Waited::Ended(Err(self.cannot_run(error.into()))),
                Ok(0) if moment < self.deadline => return Waited::TimeIsUp,
                Ok(0) => return Waited::Ended(Err(self.too_late())),
                Ok(_) => {}
            }
            if stop.is_some() && is_ready.last() == Some(&true) {
                return Waited::Stopped;
            }
            if has_complaints && is_ready.get(of_complaints) == Some(&true) {
                self.complaints.read(&self.program);
            }
            // All output is readable once the program has ended, so it is read first.
            if self.stdout.is_some() && is_ready.get(1) == Some(&true) {
                if let Err(error) = self.read() {
                    return Waited::Ended(Err(error));
                }
            } else if is_ready.first() == Some(&true) {
                let printed = std::mem::take(&mut self.printed);
                let status = self.child.wait();
                return Waited::Ended(match status {
                    Ok(status) if status.success() => Ok(printed),
                    Ok(status) => Err(self.failed(status)),
                    Err(error) => Err(self.cannot_run(error)),
                });
            }
        }
    }

    /// Reads output that is ready.
    fn read(&mut self) -> Result<(), SourceError> {
        let Some(stdout) = &mut self.stdout else { return Ok(()) };
        let mut bytes = [0; 4096];
        match stdout.read(&mut bytes) {
            Ok(0) => self.stdout = None,
            Ok(count) => self.printed.extend_from_slice(&bytes[..count]),
            Err(error) => return Err(self.cannot_run(error)),
        }
        if self.printed.len() > OUTPUT_LIMIT {
            let problem = "it is longer than 64 KiB";
            return Err(SourceError::NoCredentials { program: self.program.clone(), problem });
        }
        Ok(())
    }

    fn too_late(&self) -> SourceError {
        SourceError::TooLate { program: self.program.clone(), limit: self.limit }
    }

    fn failed(&self, status: ExitStatus) -> SourceError {
        SourceError::Failed { program: self.program.clone(), status }
    }

    fn cannot_run(&self, error: io::Error) -> SourceError {
        SourceError::CannotRun { program: self.program.clone(), error }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process id of a program that was waited for may belong to another process.
        if matches!(self.child.try_wait(), Ok(None)) {
            end(&mut self.child);
        }
    }
}

fn end(child: &mut Child) {
    kill_session(child);
    // This reaps it.
    let _ = child.wait();
}

/// Waits until the other end of `stop` is closed, at most for `patience`; returns whether it is closed.
pub(super) fn is_stopped(stop: &PipeReader, patience: Duration) -> bool {
    poll(&mut [PollFd::new(stop, PollFlags::IN)], Some(&timespec(patience))) == Ok(1)
}

fn timespec(duration: Duration) -> Timespec {
    let tv_sec = duration.as_secs().try_into().unwrap_or(i64::MAX);
    Timespec { tv_sec, tv_nsec: duration.subsec_nanos().into() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn start(line: &str, limit: Duration) -> Result<Process, SourceError> {
        Process::start(&["sh", "-c", line].map(str::to_owned), None, limit)
    }

    fn ending(mut process: Process) -> Result<Vec<u8>, SourceError> {
        match process.wait(None, None) {
            Waited::Ended(outcome) => outcome,
            Waited::TimeIsUp | Waited::Stopped => panic!("the process did not end"),
        }
    }

    /// Whether a process lives; one that has ended and that nobody has waited for does not.
    fn lives(pid: &str) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
    }

    #[test]
    fn all_that_it_printed_is_there_at_its_end() {
        let printed = ending(start("seq 10000", LONG).unwrap()).unwrap();
        assert_eq!(printed.len(), 48_894);
        // What it leaves behind may keep its output open.
        let printed = ending(start("echo done; sleep 1000 & echo $!", LONG).unwrap()).unwrap();
        let printed = String::from_utf8(printed).unwrap();
        let left = printed.strip_prefix("done\n").unwrap();
        assert!(lives(left), "what it leaves behind is its own affair");
        assert!(Command::new("kill").arg(left.trim()).status().unwrap().success());
    }

    #[test]
    fn a_source_that_fails_is_named_and_what_it_printed_is_not() {
        for (line, expected) in [
            ("echo s3cret; exit 3", "`sh`, which ended with exit status: 3"),
            ("yes s3cret", "what `sh` printed is no credentials: it is longer than 64 KiB"),
        ] {
            let error = ending(start(line, LONG).unwrap()).err().unwrap().to_string();
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
        }
        let words = ["/no/such".to_owned()];
        let error = Process::start(&words, None, LONG).err().unwrap().to_string();
        assert!(error.contains("`/no/such`: No such file"), "{error}");
    }

    #[test]
    fn one_that_hangs_is_killed_with_what_it_started() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let line = format!("sleep 1000 & echo $! > {}; wait", file.display());
        let mut process = start(&line, LONG).unwrap();
        let deadline = Instant::now() + LONG;
        let pid = loop {
            let soon = Instant::now() + Duration::from_millis(1);
            assert!(matches!(process.wait(Some(soon), None), Waited::TimeIsUp));
            let written = fs::read_to_string(&file).unwrap_or_default();
            if written.ends_with('\n') {
                break written;
            }
        };
        assert!(lives(&pid));
        process.deadline = Instant::now();
        let error = ending(process).err().unwrap().to_string();
        assert!(error.contains("from `sh`: it has not ended within 20s"), "{error}");
        while lives(&pid) {
            assert!(Instant::now() < deadline, "{pid} lives on");
            std::thread::yield_now();
        }
    }

    #[test]
    fn nobody_has_to_wait_for_it() {
        let mut process = start("sleep 1000", LONG).unwrap();
        let (stop, other_end) = io::pipe().unwrap();
        assert!(!is_stopped(&stop, Duration::ZERO));
        drop(other_end);
        assert!(matches!(process.wait(None, Some(&stop)), Waited::Stopped));
        assert!(is_stopped(&stop, LONG));
    }
}
