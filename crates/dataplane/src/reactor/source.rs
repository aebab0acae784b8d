//! A socket, and the task that waits for it.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::task::Poll;

use imds_linux::send::Next;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::Reactor;
use super::task::TaskId;

/// Something with events, and the task that made this, which alone may wait for them.
///
/// The kernel is asked to tell of it once it is waited for: most connections are over before that.
pub(crate) struct Source<F> {
    inner: Rc<F>,
    reactor: Rc<Reactor>,
    task: TaskId,
    /// Whether the kernel tells of it.
    is_watched: Cell<bool>,
}

impl<F: AsFd> Source<F> {
    /// Has the running task hear of `inner`, and no more of what it heard of before.
    pub(crate) fn new(reactor: &Rc<Reactor>, inner: F) -> Self {
        Self::shared(reactor, Rc::new(inner))
    }

    /// The same for something that others have too; they may not wait for it.
    pub(crate) fn shared(reactor: &Rc<Reactor>, inner: Rc<F>) -> Self {
        Self::heard(reactor, inner, EventFlags::empty())
    }

    /// The same for what is taken for ready until that proves untrue.
    pub(crate) fn ready(reactor: &Rc<Reactor>, inner: F) -> Self {
        Self::heard(reactor, Rc::new(inner), EventFlags::IN | EventFlags::OUT)
    }

    fn heard(reactor: &Rc<Reactor>, inner: Rc<F>, events: EventFlags) -> Self {
        let task = reactor.running.get();
        reactor.tasks.borrow_mut()[task].events = events;
        Self { inner, reactor: Rc::clone(reactor), task, is_watched: Cell::new(false) }
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
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.any(EventFlags::IN | EventFlags::RDHUP).await
    }

    /// Waits until something can be written, or never will be.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.any(EventFlags::OUT).await
    }

    /// Waits until something happens to it from now on, or is heard of it for the first time.
    pub(crate) async fn changed(&self) -> io::Result<()> {
        self.forget(EventFlags::all());
        self.any(EventFlags::all()).await
    }

    async fn any(&self, events: EventFlags) -> io::Result<()> {
        let events = events | EventFlags::HUP | EventFlags::ERR;
        poll_fn(|_| {
            let heard = self.reactor.tasks.borrow()[self.task].events;
            if heard.intersects(events) {
                return Poll::Ready(Ok(()));
            }
            match self.watch() {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            }
        })
        .await
    }

    #[cfg(test)]
    pub(crate) fn is_watched(&self) -> bool {
        self.is_watched.get()
    }

    /// Has the kernel tell of it from now on, first of all how it is.
    fn watch(&self) -> io::Result<()> {
        if !self.is_watched.get() {
            self.reactor.events.add(&self.inner, self.task as u64).inspect_err(|error| {
                tracing::warn!(%error, "cannot wait for a socket");
            })?;
            self.is_watched.set(true);
        }
        Ok(())
    }

    /// Says that what was heard is no longer true.
    fn forget(&self, events: EventFlags) {
        self.reactor.tasks.borrow_mut()[self.task].events.remove(events);
    }
}

impl Source<TcpStream> {
    /// Reads what there is, as far as `bytes` has room, and says how much it was: 0 where the client has
    /// ended its side, `None` where nothing has come yet.
    pub(crate) async fn try_read(&self, bytes: &mut Vec<u8>) -> io::Result<Option<usize>> {
        let room = bytes.capacity() - bytes.len();
        match rustix::net::recv(&self.inner, spare_capacity(bytes), RecvFlags::DONTWAIT) {
            Ok((count, _)) => {
                if count < room {
                    self.forget(EventFlags::IN);
                } else {
                    // More may wait, and more again: others have their turn first.
                    self.reactor.give_way().await;
                }
                Ok(Some(count))
            }
            Err(Errno::WOULDBLOCK) => {
                self.forget(EventFlags::IN);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes some of `bytes`, once there is room.
    pub(crate) async fn write(&self, bytes: &[u8], next: Next) -> io::Result<usize> {
        loop {
            self.writable().await?;
            match self.reactor.send(&self.inner, bytes, next).await {
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
            self.readable().await?;
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
            self.readable().await?;
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
