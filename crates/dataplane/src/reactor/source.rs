//! A socket, and the task that waits for it.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::task::Poll;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::Reactor;
use super::task::TaskId;

/// Something with events, and the task that made this, which alone may wait for them.
pub(crate) struct Source<F> {
    inner: Rc<F>,
    reactor: Rc<Reactor>,
    task: TaskId,
}

impl<F: AsFd> Source<F> {
    /// Has the running task hear of `inner`, and no more of what it heard of before.
    pub(crate) fn new(reactor: &Rc<Reactor>, inner: F) -> io::Result<Self> {
        Self::shared(reactor, Rc::new(inner))
    }

    /// The same for something that others have too; they may not wait for it.
    pub(crate) fn shared(reactor: &Rc<Reactor>, inner: Rc<F>) -> io::Result<Self> {
        let task = reactor.running.get();
        reactor.tasks.borrow_mut()[task].events = EventFlags::empty();
        reactor.events.add(&inner, task as u64)?;
        Ok(Self { inner, reactor: Rc::clone(reactor), task })
    }

    pub(crate) fn get_ref(&self) -> &F {
        &self.inner
    }

    pub(crate) fn shared_ref(&self) -> &Rc<F> {
        &self.inner
    }

    pub(crate) fn reactor(&self) -> &Rc<Reactor> {
        &self.reactor
    }

    /// Waits until there is something to read, or the other side has ended.
    pub(crate) async fn readable(&self) {
        self.any(EventFlags::IN | EventFlags::RDHUP).await;
    }

    /// Waits until something can be written, or never will be.
    pub(crate) async fn writable(&self) {
        self.any(EventFlags::OUT).await;
    }

    /// Waits until something happens to it from now on.
    pub(crate) async fn changed(&self) {
        self.forget(EventFlags::all());
        self.any(EventFlags::all()).await;
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
    pub(crate) async fn read(&self, room: &mut [u8]) -> io::Result<usize> {
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
    pub(crate) async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
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
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
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

impl Source<OwnedFd> {
    /// Waits until an event counter (`eventfd(2)`) is above 0, and sets it to 0.
    pub(crate) async fn counted(&self) -> io::Result<u64> {
        loop {
            self.readable().await;
            let mut count = [0; 8];
            match rustix::io::read(&*self.inner, &mut count) {
                Ok(_) => return Ok(u64::from_ne_bytes(count)),
                Err(Errno::WOULDBLOCK) => self.forget(EventFlags::IN),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl<F: AsFd> AsFd for Source<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}
