//! Open descriptors handed from one process to another.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
    sendmsg, socketpair,
};

use crate::Error;

/// The most descriptors that go in one message.
pub const MOST: usize = 4;

/// Sends copies of up to [`MOST`] descriptors.
pub fn send(stream: &UnixStream, descriptors: &[BorrowedFd<'_>]) -> Result<(), Error> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    message.push(SendAncillaryMessage::ScmRights(descriptors));
    match sendmsg(stream, &[IoSlice::new(&[0])], &mut message, SendFlags::NOSIGNAL) {
        Ok(_) => Ok(()),
        Err(error) => Err(failed("hand over descriptors", error)),
    }
}

/// Waits for descriptors. None come if the other side is gone. They are inherited by programs that
/// this process becomes or starts.
///
/// # Errors
/// Also if this process may not open as many more; then it has none of them.
pub fn receive(stream: &UnixStream) -> Result<Vec<OwnedFd>, Error> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut message = RecvAncillaryBuffer::new(&mut space);
    let received =
        recvmsg(stream, &mut [IoSliceMut::new(&mut [0])], &mut message, RecvFlags::empty());
    received
        .and_then(|received| rights(message, received.flags))
        .map_err(|error| failed("take over descriptors", error))
}

/// The descriptors of a message: all of them, or none.
fn rights(
    mut message: RecvAncillaryBuffer<'_>,
    flags: ReturnFlags,
) -> Result<Vec<OwnedFd>, rustix::io::Errno> {
    let rights = message.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let rights = rights.flatten().collect();
    // Nobody sends more than there is room for, so this process may not open as many.
    if flags.contains(ReturnFlags::CTRUNC) { Err(rustix::io::Errno::MFILE) } else { Ok(rights) }
}

/// Closes all descriptors of this process but standard input, output and error, and `kept`: what a child
/// inherited and must not hold open. Where the kernel cannot (before Linux 5.9), they stay open.
///
/// Nothing in this process may own one of them; a child that was forked before anything was opened has only
/// those of whoever started its parent.
pub fn close_all_but(kept: &impl AsFd) {
    let kept = kept.as_fd().as_raw_fd().cast_unsigned();
    for (first, last) in [(3, kept.saturating_sub(1)), (kept.saturating_add(1), u32::MAX)] {
        if first <= last {
            // SAFETY: the caller says that nobody owns them.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    }
}

/// Two connected sockets that keep the bounds of messages; closed in programs that are started.
pub fn message_pair() -> Result<(OwnedFd, OwnedFd), Error> {
    let flags = SocketFlags::CLOEXEC;
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
        .map_err(|error| failed("make a pair of sockets", error))
}

/// Sends one message, with copies of up to [`MOST`] descriptors.
pub fn send_message(
    socket: &impl AsFd,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> Result<(), Error> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        message.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let sent = rustix::io::retry_on_intr(|| {
        sendmsg(socket, &[IoSlice::new(bytes)], &mut message, SendFlags::NOSIGNAL)
    });
    sent.map(drop).map_err(|error| failed("send a message", error))
}

/// The bytes of a message, and the descriptors that came with it.
pub type Message = (Vec<u8>, Vec<OwnedFd>);

/// Waits for one message of [`send_message`], of at most `limit` bytes, and what came with it, closed
/// in programs that are started. `None` if the other side is gone.
///
/// # Errors
/// Also if the message is longer, or this process may not open as many more descriptors. The message is
/// lost then.
pub fn receive_message(socket: &impl AsFd, limit: usize) -> Result<Option<Message>, Error> {
    let mut bytes = vec![0; limit];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut message = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::io::retry_on_intr(|| {
        let mut parts = [IoSliceMut::new(&mut bytes)];
        recvmsg(socket, &mut parts, &mut message, RecvFlags::CMSG_CLOEXEC)
    });
    let received = match received {
        Ok(received) => received,
        Err(rustix::io::Errno::CONNRESET) => return Ok(None),
        Err(error) => return Err(failed("receive a message", error)),
    };
    let descriptors = rights(message, received.flags);
    let descriptors = descriptors.map_err(|error| failed("receive descriptors", error))?;
    if received.flags.contains(ReturnFlags::TRUNC) {
        return Err(failed("receive a message", rustix::io::Errno::MSGSIZE));
    }
    bytes.truncate(received.bytes);
    Ok((received.bytes > 0).then_some((bytes, descriptors)))
}

fn failed(operation: &'static str, error: rustix::io::Errno) -> Error {
    Error::Process { operation, source: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 8;

    fn receive_one(bytes: &[u8], count: usize) -> Result<Option<Message>, Error> {
        let (ours, theirs) = message_pair().unwrap();
        let descriptors = vec![ours.as_fd(); count];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2 * MOST))];
        let mut message = SendAncillaryBuffer::new(&mut space);
        if count > 0 {
            assert!(message.push(SendAncillaryMessage::ScmRights(&descriptors)));
        }
        sendmsg(&ours, &[IoSlice::new(bytes)], &mut message, SendFlags::NOSIGNAL).unwrap();
        receive_message(&theirs, LIMIT)
    }

    #[test]
    fn a_message_arrives_whole_or_is_an_error() {
        for count in [0, 1, MOST] {
            let (bytes, descriptors) = receive_one(b"12345678", count).unwrap().unwrap();
            assert_eq!((&bytes[..], descriptors.len()), (&b"12345678"[..], count));
        }
        assert!(receive_one(b"123456789", 0).is_err());
        // The kernel passes fewer where there is no room, as where the process may not open more.
        assert!(receive_one(b"1", 2 * MOST).is_err());
    }
}
