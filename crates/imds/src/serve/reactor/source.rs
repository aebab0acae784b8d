//! A socket, and the task that waits for it.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::task::Poll;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::{Reactor, TaskId, poll_fn};

/// Something with events, and the task that made this, which alone may wait for them.
pub(in super::super) struct Source<F> {
    inner: Rc<F>,
    reactor: Rc<Reactor>,
    task: TaskId,
}

impl<F: AsFd> Source<F> {
    /// Has the running task hear of `inner`, and no more of what it heard of before.
    pub(in super::super) fn new(reactor: &Rc<Reactor>, inner: F) -> io::Result<Self> {
        let task = reactor.running.get();
        reactor.tasks.borrow_mut()[task].events = EventFlags::empty();
        reactor.events.add(&inner, task as u64)?;
        Ok(Self { inner: Rc::new(inner), reactor: Rc::clone(reactor), task })
    }

    pub(in super::super) fn get_ref(&self) -> &F {
        &self.inner
    }

    pub(in super::super) fn reactor(&self) -> &Rc<Reactor> {
        &self.reactor
    }

    /// Waits until there is something to read, or the other side has ended.
    pub(in super::super) async fn readable(&self) {
        self.any(EventFlags::IN | EventFlags::RDHUP).await;
    }

    /// Waits until something can be written, or never will be.
    pub(in super::super) async fn writable(&self) {
        self.any(EventFlags::OUT).await;
    }

    async fn any(&self, events: EventFlags) {
        let events = events | EventFlags::HUP | EventFlags::ERR;
        poll_fn(|_| {
            let heard = self.reactor.tasks.borrow()[self.task].events;
            if heard.intersects(events) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Says that what was heard is no longer true.
    fn forget(&self, events: EventFlags) {
        self.reactor.tasks.borrow_mut()[self.task].events.remove(events);
    }
}

impl Source<TcpStream> {
    /// Reads some bytes, once there are any; 0 where the client has ended its side.
    pub(in super::super) async fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            self.readable().await;
            match rustix::net::recv(&self.inner, &mut *room, RecvFlags::DONTWAIT) {
                Ok((count, _)) => {
                    if count < room.len() {
                        self.forget(EventFlags::IN);
                    } else {
                        // More may wait, and more again: others have their turn first.
                        self.reactor.give_way().await;
                    }
                    return Ok(count);
                }
                Err(Errno::WOULDBLOCK) => self.forget(EventFlags::IN),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes some of `bytes`, once there is room.
    pub(in super::super) async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.writable().await;
            match self.reactor.send(&self.inner, bytes).await {
                Err(Errno::WOULDBLOCK) => self.forget(EventFlags::OUT),
                sent => return Ok(sent?),
            }
        }
    }
}

impl Source<TcpListener> {
    /// Accepts a connection, once one comes.
    pub(in super::super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            self.readable().await;
            match self.inner.accept() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.forget(EventFlags::IN);
                }
                accepted => return accepted,
            }
        }
    }
}

impl<F: AsFd> AsFd for Source<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}
