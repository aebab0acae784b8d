//! A synchronous route netlink socket, and the batches of changes sent through it.
//!
//! A batch goes to the kernel in one `send`; the kernel applies the changes one by one, in order, and
//! acknowledges each. The changes are in [`crate::link`], [`crate::address`], [`crate::route`].

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, send, socket_with,
};

use crate::Error;
use crate::rtnetlink::{
    IFF_LOWER_UP, Message, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST,
    NLMSG_DONE, NLMSG_ERROR, Received,
};

/// How many changes are sent at once: the kernel answers all of them before the first answer is taken, and what
/// does not fit the socket's buffer is lost.
const AT_ONCE: usize = 64;

/// Room for the largest answers the kernel packs into one datagram (it uses up to 32 KiB for dumps).
const ANSWER_LEN: usize = 32 * 1024;

/// The bit of `RTNLGRP_LINK` among the multicast groups.
const LINK_GROUP: u32 = 1;

/// How an interface was lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Loss {
    /// There is no such interface any more.
    Removed,
    /// Nobody is at the other end of its cable: of a veth pair, the other end is down.
    Carrier,
}

/// A route netlink socket. It belongs to the network namespace that its thread was in when it was
/// opened, and stays there.
#[derive(Debug)]
pub struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

impl Netlink {
    /// Opens a socket in the calling thread's network namespace.
    pub fn open() -> Result<Self, Error> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            // Protocol 0 of netlink: routes, and the links and addresses that go with them.
            None,
        )
        .map_err(|error| refused("open a netlink socket", error))?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Opens a socket that receives a message for each change of an interface of the calling thread's
    /// network namespace; see [`lost_links`](Self::lost_links).
    pub fn open_link_events() -> Result<Self, Error> {
        let socket = Self::open()?;
        bind(&socket.socket, &SocketAddrNetlink::new(0, LINK_GROUP))
            .map_err(|error| refused("listen to changes of interfaces", error))?;
        Ok(socket)
    }

    /// The interfaces that were lost since the last call, by index; does not wait. `None` where the kernel
    /// had to drop messages: then only [`links`](Self::links) tells what is left.
    pub fn lost_links(&mut self) -> Result<Option<BTreeMap<u32, Loss>>, Error> {
        let mut lost = BTreeMap::new();
        loop {
            let taken = self.receive_with(RecvFlags::DONTWAIT, |message| {
                let Some((index, flags, _)) = message.link() else { return };
                // The last message is what is true now.
                match message.kind {
                    libc::RTM_DELLINK => drop(lost.insert(index, Loss::Removed)),
                    libc::RTM_NEWLINK if flags & IFF_LOWER_UP == 0 => {
                        lost.insert(index, Loss::Carrier);
                    }
                    libc::RTM_NEWLINK => drop(lost.remove(&index)),
                    _ => {}
                }
            });
            match taken.as_ref().err().and_then(Error::io).and_then(io::Error::raw_os_error) {
                Some(libc::EAGAIN) => return Ok(Some(lost)),
                Some(libc::ENOBUFS) => return Ok(None),
                Some(libc::EINTR) => {}
                _ => taken?,
            }
        }
    }

    /// Applies a batch. The kernel tries every change, even after one was refused.
    ///
    /// # Errors
    /// The first change that was refused, with its description.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), Error> {
        let mut refusal = None;
        for changes in batch.changes.chunks(AT_ONCE) {
            let refused = self.try_all(changes)?;
            refusal = refusal.or(refused);
        }
        refusal.map_or(Ok(()), Err)
    }

    /// Sends changes; the first that was refused, if any was.
    fn try_all(&mut self, changes: &[Change]) -> Result<Option<Error>, Error> {
        let first_sequence = self.sequence;
        let mut bytes = Vec::with_capacity(4096);
        for change in changes {
            change.message.append(
                NLM_F_REQUEST | NLM_F_ACK | change.flags,
                self.sequence,
                &mut bytes,
            );
            self.sequence = self.sequence.wrapping_add(1);
        }
        send(&self.socket, &bytes, SendFlags::empty())
            .map_err(|error| refused("send to netlink", error))?;

        let mut refusal = None;
        let mut answered = 0;
        while answered < changes.len() {
            self.receive(|message| {
                if message.kind != NLMSG_ERROR {
                    return;
                }
                answered += 1;
                let index = message.sequence.wrapping_sub(first_sequence) as usize;
                if let (Err(source), None, Some(change)) =
                    (outcome(message), &refusal, changes.get(index))
                {
                    let operation = change.operation.clone();
                    refusal = Some(Error::Netlink { operation, source });
                }
            })?;
        }
        Ok(refusal)
    }

    /// Sends one question and hands every message of the answer to `take`.
    pub(crate) fn dump(
        &mut self,
        question: &Message,
        mut take: impl FnMut(Received<'_>),
    ) -> Result<(), Error> {
        let mut bytes = Vec::new();
        question.append(NLM_F_REQUEST | NLM_F_DUMP, self.sequence, &mut bytes);
        self.sequence = self.sequence.wrapping_add(1);
        send(&self.socket, &bytes, SendFlags::empty())
            .map_err(|error| refused("send to netlink", error))?;

        let mut end = None;
        while end.is_none() {
            self.receive(|message| match message.kind {
                NLMSG_ERROR | NLMSG_DONE => end = Some(outcome(message)),
                _ => take(message),
            })?;
        }
        end.unwrap_or(Ok(())).map_err(|source| {
            let operation = "list through netlink".into();
            Error::Netlink { operation, source }
        })
    }

    /// Reads one datagram and hands its messages over.
    fn receive(&self, take: impl FnMut(Received<'_>)) -> Result<(), Error> {
        self.receive_with(RecvFlags::empty(), take)
    }

    fn receive_with(
        &self,
        flags: RecvFlags,
        mut take: impl FnMut(Received<'_>),
    ) -> Result<(), Error> {
        let mut buffer = vec![0; ANSWER_LEN];
        let (_, length) = recv(&self.socket, &mut buffer[..], RecvFlags::TRUNC | flags)
            .map_err(|error| refused("receive from netlink", error))?;
        let mut rest = buffer.get(..length).ok_or_else(|| malformed("longer than its buffer"))?;
        while !rest.is_empty() {
            let message;
            (message, rest) = Received::first(rest).ok_or_else(|| malformed("a cut message"))?;
            take(message);
        }
        Ok(())
    }
}

/// Changes to one network namespace, in the order in which they are applied.
#[derive(Debug, Default)]
pub struct Batch {
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    operation: String,
    message: Message,
    flags: u16,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds something that must not exist yet.
    pub(crate) fn create(&mut self, operation: String, message: Message) {
        self.changes.push(Change { operation, message, flags: NLM_F_CREATE | NLM_F_EXCL });
    }

    /// Adds a change to something that exists, or a question asked for its effect.
    pub(crate) fn change(&mut self, operation: String, message: Message) {
        self.changes.push(Change { operation, message, flags: 0 });
    }
}

impl AsFd for Netlink {
    /// Readable when a message waits.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What the kernel says of a change, or at the end of a list.
fn outcome(message: Received<'_>) -> io::Result<()> {
    match message.outcome() {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code.wrapping_neg())),
    }
}

fn refused(operation: &str, error: rustix::io::Errno) -> Error {
    Error::Netlink { operation: operation.into(), source: error.into() }
}

fn malformed(detail: &'static str) -> Error {
    let source = io::Error::new(io::ErrorKind::InvalidData, detail);
    Error::Netlink { operation: "read an answer from netlink".into(), source }
}

#[cfg(test)]
mod tests;
