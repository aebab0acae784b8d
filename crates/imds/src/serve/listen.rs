//! Packets in: listening sockets, and the threads that accept from them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use imds_linux::socket;
use tokio::runtime;
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::connection::Connection;
use super::identify::Caller;
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
    runtime: runtime::Runtime,
    stopped: watch::Receiver<bool>,
}

impl Worker {
    pub(super) fn new(service: &Arc<Service>, stopped: watch::Receiver<bool>) -> io::Result<Self> {
        let listeners = service.listeners.iter().map(|listener| {
            let socket = listener.socket.try_clone()?;
            Ok(Listener { socket, link: listener.link.clone() })
        });
        Ok(Self {
            listeners: listeners.collect::<io::Result<_>>()?,
            shared: Shared::new(Arc::clone(service))?,
            runtime: runtime::Builder::new_current_thread().enable_all().build()?,
            stopped,
        })
    }

    /// Serves until told to stop, and then until requests that have begun are answered.
    pub(super) fn run(self) {
        let Self { listeners, shared, runtime, mut stopped } = self;
        let shared = Rc::new(shared);
        let tasks = LocalSet::new();
        tasks.block_on(&runtime, async {
            for listener in listeners {
                tokio::task::spawn_local(accept(listener, Rc::clone(&shared), stopped.clone()));
            }
            // The sender is only dropped once every thread has ended.
            let _ = stopped.wait_for(|stopped| *stopped).await;
            let deadline = Instant::now() + limits::DRAIN;
            while shared.busy.get() > 0 && Instant::now() < deadline {
                sleep(Duration::from_millis(1)).await;
            }
        });
    }
}

async fn accept(listener: Listener, shared: Rc<Shared>, mut stopped: watch::Receiver<bool>) {
    let socket = match tokio::net::TcpListener::from_std(listener.socket) {
        Ok(socket) => socket,
        Err(error) => return tracing::error!(%error, "cannot wait for connections"),
    };
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        match accepted {
            // Closed at once: a client sees a reset, and an honest one comes again.
            Ok(_) if shared.open.get() >= limits::CONNECTIONS => {}
            Ok((stream, address)) => {
                let caller = Caller::new(&stream, address, listener.link.clone());
                let shared = Rc::clone(&shared);
                // Counted here, not once the task runs: many may be accepted before that.
                shared.open.update(|open| open + 1);
                tokio::task::spawn_local(async move {
                    Connection::new(stream, caller, &shared).run().await;
                    shared.open.update(|open| open - 1);
                });
            }
            Err(error) => {
                // The client gave up, or this process has no file descriptor left. The second
                // passes only if others close theirs, so it is no use to ask again at once.
                tracing::warn!(%error, "cannot accept a connection");
                let pause = Instant::now() + Duration::from_millis(100);
                let _ = timeout_at(pause, stopped.wait_for(|stopped| *stopped)).await;
            }
        }
    }
}
