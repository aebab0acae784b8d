//! What tasks send, until the end of the turn: then it leaves together.

use std::net::TcpStream;
use std::ops::Range;
use std::os::fd::AsFd as _;
use std::rc::Rc;

use imds_linux::send::{self, Next, Outcome, Sender};

use super::task::TaskId;

/// How much of what a task wants to send is taken at a time, in bytes.
const MOST: usize = 16 * 1024;

#[derive(Default)]
pub(super) struct Outbox {
    sends: Vec<Send>,
    /// The bytes of all of them.
    bytes: Vec<u8>,
    sender: Sender,
}

struct Send {
    task: TaskId,
    socket: Rc<TcpStream>,
    bytes: Range<usize>,
    next: Next,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.sends.is_empty()
    }

    /// Takes `bytes`, or their beginning, to be sent for `task`.
    pub(super) fn put(&mut self, task: TaskId, socket: &Rc<TcpStream>, bytes: &[u8], next: Next) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(MOST)]);
        let bytes = start..self.bytes.len();
        self.sends.push(Send { task, socket: Rc::clone(socket), bytes, next });
    }

    /// Sends all that is in it, and says what became of each task's bytes.
    pub(super) fn send(&mut self) -> impl Iterator<Item = (TaskId, Outcome)> {
        let sends = self.sends.iter().map(|send| send::Send {
            socket: send.socket.as_fd(),
            bytes: &self.bytes[send.bytes.clone()],
            next: send.next,
        });
        let outcomes = self.sender.send(sends);
        self.bytes.clear();
        self.sends.drain(..).map(|send| send.task).zip(outcomes.iter().copied())
    }
}
