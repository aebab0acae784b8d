//! Packets in: listening sockets, and the threads that accept from them.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use imds_linux::socket;

use super::connection::Connection;
use super::identify::Caller;
use super::reactor::{Events, Reactor, Source};
use super::shared::Shared;
use super::{Service, limits};
use crate::agent::Link;

/// A listening socket, and whom it belongs to.
pub(crate) struct Listener {
    socket: TcpListener,
    link: Link,
}

impl Listener {
    /// Has `socket`, made by [`socket::listen`], belong to `link`.
    pub(crate) fn new(socket: TcpListener, link: Link) -> Self {
        Self { socket, link }
    }

    /// Listens on `address` for `link`.
    pub(crate) fn bind(address: SocketAddr, link: Link) -> io::Result<Self> {
        Ok(Self::new(socket::listen(address)?, link))
    }

    /// The address, with the port that the kernel chose if 0 was asked for.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// One thread of the service, with sockets of its own onto all listeners.
pub(super) struct Worker {
    listeners: Vec<Listener>,
    shared: Shared,
    events: Events,
    stop: OwnedFd,
}

impl Worker {
    /// One that serves until `stop` can be read.
    pub(super) fn new(service: &Arc<Service>, stop: OwnedFd) -> io::Result<Self> {
        let listeners = service.listeners.iter().map(|listener| {
            let socket = listener.socket.try_clone()?;
            Ok(Listener { socket, link: listener.link.clone() })
        });
        Ok(Self {
            listeners: listeners.collect::<io::Result<_>>()?,
            shared: Shared::new(Arc::clone(service))?,
            events: Events::new()?,
            stop,
        })
    }

    /// Serves until told to stop, and then until requests that have begun are answered.
    pub(super) fn run(self) {
        let Self { listeners, shared, events, stop } = self;
        let (shared, reactor) = (Rc::new(shared), Rc::new(Reactor::new(events)));
        let acceptors: Vec<_> = listeners
            .into_iter()
            .map(|listener| {
                reactor.spawn(accept(listener, Rc::clone(&shared), Rc::clone(&reactor)))
            })
            .collect();
        let main = {
            let reactor = Rc::clone(&reactor);
            async move {
                match Source::new(&reactor, stop) {
                    Ok(stop) => stop.readable().await,
                    Err(error) => return tracing::error!(%error, "cannot wait for the end"),
                }
                for acceptor in acceptors {
                    reactor.end(acceptor);
                }
                let deadline = reactor.now() + limits::DRAIN;
                while shared.busy.get() > 0 && reactor.now() < deadline {
                    reactor.sleep(Duration::from_millis(1)).await;
                }
            }
        };
        if let Err(error) = reactor.run(main) {
            tracing::error!(%error, "cannot wait for connections");
        }
    }
}

async fn accept(listener: Listener, shared: Rc<Shared>, reactor: Rc<Reactor>) {
    let socket = match Source::new(&reactor, listener.socket) {
        Ok(socket) => socket,
        Err(error) => return tracing::error!(%error, "cannot wait for connections"),
    };
    loop {
        match socket.accept().await {
            // Closed at once: a client sees a reset, and an honest one comes again.
            Ok(_) if shared.open.get() >= limits::CONNECTIONS => {}
            Ok((stream, address)) => {
                let caller = Caller::new(&stream, address, listener.link.clone());
                // Counted here, not once the task runs: many may be accepted before that.
                shared.open.update(|open| open + 1);
                reactor.spawn(serve(stream, caller, Rc::clone(&shared), Rc::clone(&reactor)));
                reactor.give_way().await;
            }
            Err(error) => {
                // The client gave up, or this process has no file descriptor left. The second
                // passes only if others close theirs, so it is no use to ask again at once.
                tracing::warn!(%error, "cannot accept a connection");
                reactor.sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, caller: Caller, shared: Rc<Shared>, reactor: Rc<Reactor>) {
    match Source::new(&reactor, stream) {
        Ok(stream) => Connection::new(stream, caller, &shared).run().await,
        Err(error) => tracing::warn!(%error, "cannot wait for a client"),
    }
    shared.open.update(|open| open - 1);
}
