//! A synchronous route netlink socket, and the batches of changes sent through it.
//!
//! A batch goes to the kernel in one `send`; the kernel applies the changes one by one, in order, and
//! acknowledges each. The changes are in [`crate::link`], [`crate::address`], [`crate::route`].

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkFlags, LinkMessage};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, send, socket_with,
};

use crate::Error;

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
            let taken = self.receive_with(RecvFlags::DONTWAIT, |_, payload| {
                let NetlinkPayload::InnerMessage(message) = payload else { return };
                match message {
                    RouteNetlinkMessage::DelLink(link) => {
                        lost.insert(link.header.index, Loss::Removed);
                    }
                    // The last message is what is true now.
                    RouteNetlinkMessage::NewLink(LinkMessage { header, .. }) => {
                        if header.flags.contains(LinkFlags::LowerUp) {
                            lost.remove(&header.index);
                        } else {
                            lost.insert(header.index, Loss::Carrier);
                        }
                    }
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
        let Some(last) = batch.changes.len().checked_sub(1) else { return Ok(()) };
        let first_sequence = self.sequence;
        let mut bytes = Vec::with_capacity(4096);
        for change in &batch.changes {
            append(&mut bytes, &change.message, NLM_F_ACK | change.flags, self.sequence);
            self.sequence = self.sequence.wrapping_add(1);
        }
        send(&self.socket, &bytes, SendFlags::empty())
            .map_err(|error| refused("send to netlink", error))?;

        let mut refusal = None;
        let mut answered = 0;
        while answered <= last {
            self.receive(|sequence, payload| {
                let NetlinkPayload::Error(answer) = payload else { return };
                answered += 1;
                let index = sequence.wrapping_sub(first_sequence) as usize;
                if let (Some(_), None, Some(change)) =
                    (answer.code, &refusal, batch.changes.get(index))
                {
                    let operation = change.operation.clone();
                    refusal = Some(Error::Netlink { operation, source: answer.to_io() });
                }
            })?;
        }
        refusal.map_or(Ok(()), Err)
    }

    /// Sends one question and hands every message of the answer to `take`.
    pub(crate) fn dump(
        &mut self,
        question: &RouteNetlinkMessage,
        mut take: impl FnMut(RouteNetlinkMessage),
    ) -> Result<(), Error> {
        let mut bytes = Vec::new();
        append(&mut bytes, question, NLM_F_DUMP, self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        send(&self.socket, &bytes, SendFlags::empty())
            .map_err(|error| refused("send to netlink", error))?;

        let mut refusal = None;
        let mut done = false;
        while !done {
            self.receive(|_, payload| match payload {
                NetlinkPayload::InnerMessage(message) => take(message),
                NetlinkPayload::Done(_) => done = true,
                NetlinkPayload::Error(answer) => {
                    done = true;
                    refusal = answer.code.map(|_| answer.to_io());
                }
                _ => {}
            })?;
        }
        refusal.map_or(Ok(()), |source| {
            Err(Error::Netlink { operation: "list through netlink".into(), source })
        })
    }

    /// Reads one datagram and hands its messages over, with their sequence numbers.
    fn receive(
        &self,
        take: impl FnMut(u32, NetlinkPayload<RouteNetlinkMessage>),
    ) -> Result<(), Error> {
        self.receive_with(RecvFlags::empty(), take)
    }

    fn receive_with(
        &self,
        flags: RecvFlags,
        mut take: impl FnMut(u32, NetlinkPayload<RouteNetlinkMessage>),
    ) -> Result<(), Error> {
        let mut buffer = vec![0; ANSWER_LEN];
        let (_, length) = recv(&self.socket, &mut buffer[..], RecvFlags::TRUNC | flags)
            .map_err(|error| refused("receive from netlink", error))?;
        let mut rest = buffer.get(..length).ok_or_else(|| malformed("longer than its buffer"))?;
        while !rest.is_empty() {
            let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
                .map_err(|error| malformed(error.to_string()))?;
            let length = (message.header.length as usize).next_multiple_of(4).min(rest.len());
            take(message.header.sequence_number, message.payload);
            rest = &rest[length..];
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
    message: RouteNetlinkMessage,
    flags: u16,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds something that must not exist yet.
    pub(crate) fn create(&mut self, operation: String, message: RouteNetlinkMessage) {
        self.changes.push(Change { operation, message, flags: NLM_F_CREATE | NLM_F_EXCL });
    }

    /// Adds a change to something that exists, or a question asked for its effect.
    pub(crate) fn change(&mut self, operation: String, message: RouteNetlinkMessage) {
        self.changes.push(Change { operation, message, flags: 0 });
    }
}

impl AsFd for Netlink {
    /// Readable when a message waits.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn append(bytes: &mut Vec<u8>, message: &RouteNetlinkMessage, flags: u16, sequence: u32) {
    let mut message = NetlinkMessage::from(message.clone());
    message.header.flags = NLM_F_REQUEST | flags;
    message.header.sequence_number = sequence;
    message.finalize();
    let start = bytes.len();
    bytes.resize(start + message.buffer_len().next_multiple_of(4), 0);
    message.serialize(&mut bytes[start..]);
}

fn refused(operation: &str, error: rustix::io::Errno) -> Error {
    Error::Netlink { operation: operation.into(), source: error.into() }
}

fn malformed(detail: impl Into<String>) -> Error {
    let source = io::Error::new(io::ErrorKind::InvalidData, detail.into());
    Error::Netlink { operation: "read an answer from netlink".into(), source }
}
