//! The process of a container, by the engine's own command.

use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use imds_linux::process;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;

use crate::error::LinkError;
use crate::place::Place;

/// In this order.
const ENGINES: [&str; 2] = ["podman", "docker"];

/// How long an engine may take. All of them together take less than the service may take to stop.
const PATIENCE: Timespec = Timespec { tv_sec: 4, tv_nsec: 0 };

/// What an engine answers about a container.
#[derive(Debug, Eq, PartialEq)]
enum EngineResponse {
    /// It has no container of this name, or there is no such engine.
    Unknown(String),
    Stopped,
    Process(u32),
}

/// The first process of a running container.
pub(crate) fn process(place: &Place, name: &str) -> Result<u32, LinkError> {
    let mut reasons = Vec::new();
    for engine in ENGINES {
        match ask(engine, name) {
            EngineResponse::Process(pid) => return Ok(pid),
            EngineResponse::Stopped => {
                let reason = format!("{engine} has it, and it does not run; start it");
                return Err(LinkError::no_such(place, reason));
            }
            EngineResponse::Unknown(reason) => reasons.push(format!("{engine}: {reason}")),
        }
    }
    Err(LinkError::no_such(place, format!("no running container ({})", reasons.join("; "))))
}

fn ask(engine: &str, name: &str) -> EngineResponse {
    let mut command = Command::new(engine);
    command.args(["container", "inspect", "--format", "{{.State.Pid}}", name]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match process::spawn_apart(&mut command) {
        Ok(child) => child,
        Err(error) => return EngineResponse::Unknown(error.to_string()),
    };
    let ended = process::watch_process(child.id()).is_ok_and(|watched| {
        let mut ready = [PollFd::new(&watched, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut ready, Some(&PATIENCE))).is_ok_and(|count| count > 0)
    });
    if !ended {
        process::kill_session(&child);
        let _ = child.wait();
        return EngineResponse::Unknown(format!("no answer within {} s", PATIENCE.tv_sec));
    }
    let status = child.wait().is_ok_and(|status| status.success());
    if status {
        read(&first_line(child.stdout.take()))
    } else {
        EngineResponse::Unknown(first_line(child.stderr.take()))
    }
}

fn read(answer: &str) -> EngineResponse {
    match answer.parse() {
        Ok(0) => EngineResponse::Stopped,
        Ok(pid) => EngineResponse::Process(pid),
        Err(_) => EngineResponse::Unknown(format!("answered {answer:?}")),
    }
}

/// Of what a program wrote, which has ended: at most as much as a pipe holds. What it has started may keep
/// the pipe open, and is not waited for.
fn first_line(output: Option<impl Read + AsFd>) -> String {
    let mut text = Vec::new();
    let output = output.filter(|output| ioctl_fionbio(output, true).is_ok());
    // What was read before an error stays in the text.
    let _ = output.map(|output| output.take(1024).read_to_end(&mut text));
    String::from_utf8_lossy(&text).trim().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_stopped_container_has_process_0() {
        assert_eq!(read("4711"), EngineResponse::Process(4711));
        assert_eq!(read("0"), EngineResponse::Stopped);
        assert!(matches!(read("<no value>"), EngineResponse::Unknown(_)));
    }

    #[test]
    fn a_pipe_that_stays_open_is_not_waited_for() {
        let (output, mut other_end) = std::io::pipe().unwrap();
        other_end.write_all(b"4711\n").unwrap();
        assert_eq!(first_line(Some(output)), "4711");
        drop(other_end);
        assert_eq!(first_line(None::<std::io::PipeReader>), "");
    }
}
