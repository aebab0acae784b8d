//! The process of a container, by the engine's own command.

use std::io::Read as _;
use std::process::{Command, Stdio};

use imds_linux::process;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::LinkError;
use crate::place::Place;

/// In this order.
const ENGINES: [&str; 2] = ["podman", "docker"];

/// How long an engine may take, in seconds.
const PATIENCE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// What an engine says of a container.
#[derive(Debug, Eq, PartialEq)]
enum Said {
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
            Said::Process(pid) => return Ok(pid),
            Said::Stopped => {
                let reason = format!("{engine} has it, and it does not run; start it");
                return Err(LinkError::no_such(place, reason));
            }
            Said::Unknown(reason) => reasons.push(format!("{engine}: {reason}")),
        }
    }
    Err(LinkError::no_such(place, format!("no running container ({})", reasons.join("; "))))
}

fn ask(engine: &str, name: &str) -> Said {
    let mut command = Command::new(engine);
    command.args(["container", "inspect", "--format", "{{.State.Pid}}", name]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match process::spawn_apart(&mut command) {
        Ok(child) => child,
        Err(error) => return Said::Unknown(error.to_string()),
    };
    let ended = process::watch_process(child.id()).is_ok_and(|watched| {
        let mut ready = [PollFd::new(&watched, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut ready, Some(&PATIENCE))).is_ok_and(|count| count > 0)
    });
    if !ended {
        process::kill_session(&child);
        let _ = child.wait();
        return Said::Unknown("no answer within 10 s".into());
    }
    let status = child.wait().is_ok_and(|status| status.success());
    if status {
        read(&first_line(child.stdout.take()))
    } else {
        Said::Unknown(first_line(child.stderr.take()))
    }
}

fn read(answer: &str) -> Said {
    match answer.parse() {
        Ok(0) => Said::Stopped,
        Ok(pid) => Said::Process(pid),
        Err(_) => Said::Unknown(format!("answered {answer:?}")),
    }
}

/// Of what a program wrote, which has ended: at most as much as a pipe holds.
fn first_line(output: Option<impl std::io::Read>) -> String {
    let mut text = Vec::new();
    let _ = output.map(|output| output.take(1024).read_to_end(&mut text));
    String::from_utf8_lossy(&text).trim().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_container_has_process_0() {
        assert_eq!(read("4711"), Said::Process(4711));
        assert_eq!(read("0"), Said::Stopped);
        assert!(matches!(read("<no value>"), Said::Unknown(_)));
    }
}
