//! Open descriptors handed from one process to another.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
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
pub fn receive(stream: &UnixStream) -> Result<Vec<OwnedFd>, Error> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut message = RecvAncillaryBuffer::new(&mut space);
    recvmsg(stream, &mut [IoSliceMut::new(&mut [0])], &mut message, RecvFlags::empty())
        .map_err(|error| failed("take over descriptors", error))?;
    let rights = message.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    Ok(rights.flatten().collect())
}

fn failed(operation: &'static str, error: rustix::io::Errno) -> Error {
    Error::Process { operation, source: error.into() }
}
