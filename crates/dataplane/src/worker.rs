//! One thread of the service: it accepts from all links, and serves what it has accepted.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use imds_linux::{confine, socket};
use rustix::event::{EventfdFlags, eventfd};

use crate::connection::{Close, Connection};
use crate::limits;
use crate::link::{Link, LinkId};
use crate::peer::Peer;
use crate::reactor::{Events, Reactor, Source, TaskId};
use crate::shared::{AttachedLink, OpenConnection, Shared};
use crate::snapshot::LinkCounts;

/// What a thread is told.
pub(crate) enum Command {
    /// Serve this link.
    Attach(LinkId, Link),
    /// Serve it no longer; the sender gets this thread's counts of it, and is dropped once that is done.
    Detach(LinkId, mpsc::Sender<LinkCounts>),
    /// Drop the sender: the thread still does what it is told.
    Report(mpsc::Sender<()>),
    /// End once the requests that have begun are answered.
    Drain,
    /// End.
    Stop,
}

/// Commands on their way to a thread.
pub(crate) struct Inbox {
    /// `None` once the thread has ended.
    commands: Mutex<Option<Vec<Command>>>,
    /// Readable while commands wait.
    wake: OwnedFd,
}

impl Inbox {
    pub(crate) fn new() -> io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { commands: Mutex::new(Some(Vec::new())), wake })
    }

    pub(crate) fn send(&self, command: Command) {
        match self.commands().as_mut() {
            Some(commands) => commands.push(command),
            None => return,
        }
        if let Err(error) = rustix::io::write(&self.wake, &1_u64.to_ne_bytes()) {
            tracing::error!(%error, "cannot wake a thread");
        }
    }

    fn take(&self) -> Vec<Command> {
        self.commands().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Drops all commands, and those that are still sent: the thread has ended.
    pub(crate) fn close(&self) {
        *self.commands() = None;
    }

    fn commands(&self) -> MutexGuard<'_, Option<Vec<Command>>> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thread of the service.
pub(crate) struct Worker {
    shared: Shared,
    events: Events,
    inbox: Arc<Inbox>,
    wake: OwnedFd,
}

impl Worker {
    /// A worker that serves what `inbox` tells it to.
    pub(crate) fn new(shared: Shared, inbox: Arc<Inbox>) -> io::Result<Self> {
        let wake = inbox.wake.try_clone()?;
        Ok(Self { shared, events: Events::new()?, inbox, wake })
    }

    /// Serves until told to end.
    pub(crate) fn run(self) {
        let Self { shared, events, inbox, wake } = self;
        if let Some(serving) = shared.service.only_serve
            && let Err(error) = confine::only_serve(serving)
        {
            tracing::warn!(%error, "a thread that answers may make any system call");
        }
        let (shared, reactor) = (Rc::new(shared), Rc::new(Reactor::new(events)));
        let links = Links { shared, reactor: Rc::clone(&reactor), attached: HashMap::new() };
        if let Err(error) = reactor.run(links.obey(inbox, wake)) {
            tracing::error!(%error, "cannot wait for connections");
        }
    }
}

/// The links that a thread serves.
struct Links {
    shared: Rc<Shared>,
    reactor: Rc<Reactor>,
    attached: HashMap<LinkId, (TaskId, Rc<AttachedLink>)>,
}

impl Links {
    /// Does what the inbox says, until that is to end.
    async fn obey(mut self, inbox: Arc<Inbox>, wake: OwnedFd) {
        let wake = Source::new(&self.reactor, wake);
        loop {
            if let Err(error) = wake.counted().await {
                return tracing::error!(%error, "cannot wait for commands");
            }
            for command in inbox.take() {
                if self.carry_out(command).await.is_break() {
                    return;
                }
            }
        }
    }

    async fn carry_out(&mut self, command: Command) -> ControlFlow<()> {
        match command {
            Command::Attach(id, link) => self.attach(id, link),
            Command::Detach(id, done) => self.detach(id, &done),
            Command::Report(done) => drop(done),
            Command::Drain => {
                self.drain().await;
                return ControlFlow::Break(());
            }
            Command::Stop => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn attach(&mut self, id: LinkId, link: Link) {
        let link = Rc::new(AttachedLink::new(id, link, &self.shared, &self.reactor));
        let (shared, reactor) = (Rc::clone(&self.shared), Rc::clone(&self.reactor));
        let accept = accept(Rc::clone(&link), shared, reactor);
        let acceptor = self.reactor.spawn_in(link.share.id(), accept);
        self.attached.insert(id, (acceptor, link));
    }

    fn detach(&mut self, id: LinkId, done: &mpsc::Sender<LinkCounts>) {
        let Some((acceptor, link)) = self.attached.remove(&id) else { return };
        self.reactor.end(acceptor);
        link.is_detached.set(true);
        for (_, connection) in link.connections.take() {
            self.reactor.end(connection);
        }
        // Nobody listens any more if the caller has ended.
        let _ = done.send(self.shared.counters.forget_link(id));
    }

    /// Answers what was sent before, also on connections that wait to be accepted, and takes no new ones.
    async fn drain(&mut self) {
        let shared = &self.shared;
        shared.is_draining.set(true);
        let reactor = &self.reactor;
        let has_successor = shared.service.has_successor.load(Ordering::Relaxed);
        self.attached.retain(|_, (acceptor, link)| {
            let outlives_us = link.outlives_us || has_successor;
            if outlives_us {
                // Those that wait are left to whoever listens next.
                reactor.end(*acceptor);
            } else if let Err(error) = socket::refuse_new_connections(&link.socket) {
                // Those that come in the last moment are reset, then.
                tracing::debug!(%error, "cannot refuse new connections");
            }
            !outlives_us
        });
        let deadline = self.reactor.now() + limits::DRAIN;
        let (mut arrivals, mut since) = (shared.arrivals.get(), self.reactor.now());
        while self.reactor.now() < deadline.min(since + limits::QUIET) {
            self.reactor.sleep(Duration::from_millis(1)).await;
            if shared.busy.get() > 0 || shared.arrivals.get() != arrivals {
                (arrivals, since) = (shared.arrivals.get(), self.reactor.now());
            }
        }
        for (_, (acceptor, _)) in self.attached.drain() {
            self.reactor.end(acceptor);
        }
    }
}

async fn accept(link: Rc<AttachedLink>, shared: Rc<Shared>, reactor: Rc<Reactor>) {
    let socket = Source::shared(&reactor, Rc::clone(&link.socket));
    loop {
        let accepted = socket.accept().await;
        shared.arrivals.update(|arrivals| arrivals + u64::from(accepted.is_ok()));
        match accepted {
            // Closed at once: a client sees a reset, and an honest one comes again.
            Ok((_, peer)) if !link.share.has_room(shared.free()) => {
                let open = shared.open.get();
                tracing::warn!(%peer, open, "cannot accept a connection: its link has too many");
                reactor.give_way().await;
            }
            Ok((stream, address)) => {
                if shared.is_draining.get() {
                    // If this fails its packets are lost, as its SYN would have been a moment later.
                    let _ = socket::take_any_ttl(&stream);
                }
                // Counted here, not once the task runs: many may be accepted before that.
                let open = OpenConnection::new(Rc::clone(&shared), Rc::clone(&link));
                let serve = serve(stream, address, open, Rc::clone(&shared), Rc::clone(&reactor));
                reactor.spawn_in(link.share.id(), serve);
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

async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    open: OpenConnection,
    shared: Rc<Shared>,
    reactor: Rc<Reactor>,
) {
    let stream = Source::ready(&reactor, stream);
    open.begin(reactor.running(), stream.shared_ref());
    // Its link may have gone since it was accepted.
    if open.link.is_detached.get() {
        return;
    }
    let peer = Peer::new(address, open.link.target.clone());
    let mut connection = Connection::new(open, stream, peer, &shared);
    if connection.run().await == Close::InReset {
        // In a box: hardly any connection ends so.
        Box::pin(connection.reset()).await;
    }
}
