//! What the connections of one thread share. They run one at a time, so nothing here is locked.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use arc_swap::{ArcSwap, Cache};
use imds_account::clock::Clock;
use imds_core::time::HttpDate;
use imds_core::{InstanceId, Keyring};
use imds_identity::Signers;
use imds_linux::confine::Serving;
use imds_linux::{memory, socket};
use slab::Slab;

use crate::counters::{LinkCounters, WorkerCounters};
use crate::faults::{CurrentFaults, FaultTable, Faults};
use crate::link::{Link, LinkId, Resetter};
use crate::policy::ResponsePolicy;
use crate::reactor::{Reactor, TaskId};
use crate::requests::{Publisher, Subscribers};
use crate::serving_lease::ServingLease;
use crate::share::Share;
use crate::table::{CurrentTable, Table, Target};

/// What all threads share. They read it for each request; only [`held_input`](Self::held_input) is written,
/// for requests that are larger than nearly all.
pub(crate) struct ServiceState {
    pub(crate) keyring: Keyring,
    pub(crate) table: CurrentTable,
    pub(crate) signers: Signers,
    pub(crate) policy: Arc<ArcSwap<ResponsePolicy>>,
    pub(crate) faults: Faults,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) measures_latency: bool,
    /// Until when other hosts wait for this one.
    pub(crate) lease: ServingLease,
    /// What the threads may do beside answering; `None`: anything.
    pub(crate) only_serve: Option<Serving>,
    /// Whether another process listens on all sockets from now on.
    pub(crate) has_successor: AtomicBool,
    /// How much all connections hold of requests beyond what each may.
    pub(crate) held_input: AtomicUsize,
}

/// What the connections of one thread share.
pub(crate) struct Shared {
    pub(crate) service: Arc<ServiceState>,
    /// Which instances are served; looked up anew for each request, which costs one comparison.
    pub(crate) table: RefCell<Cache<CurrentTable, Arc<Table>>>,
    /// Which faults there are; looked up in the same way.
    pub(crate) faults: RefCell<Cache<CurrentFaults, Arc<FaultTable>>>,
    policy: RefCell<Cache<Arc<ArcSwap<ResponsePolicy>>, Arc<ResponsePolicy>>>,
    pub(crate) publisher: RefCell<Publisher>,
    pub(crate) counters: Arc<WorkerCounters>,
    pub(crate) clock: Clock,
    pub(crate) date: RefCell<HttpDate>,
    /// How many connections there may be.
    pub(crate) most_connections: usize,
    /// How many connections there are.
    pub(crate) open: Cell<usize>,
    /// How many there were at most since memory was given back last.
    most_open: Cell<usize>,
    /// How many of them are in the middle of a request.
    pub(crate) busy: Cell<usize>,
    /// Grows whenever a connection or bytes of one come.
    pub(crate) arrivals: Cell<u64>,
    /// Whether each response is the last on its connection, because the thread is to end.
    pub(crate) is_draining: Cell<bool>,
}

impl Shared {
    pub(crate) fn new(
        service: Arc<ServiceState>,
        counters: Arc<WorkerCounters>,
        most_connections: usize,
    ) -> io::Result<Self> {
        Ok(Self {
            table: RefCell::new(Cache::new(Arc::clone(&service.table))),
            faults: RefCell::new(Cache::new(service.faults.current())),
            policy: RefCell::new(Cache::new(Arc::clone(&service.policy))),
            publisher: RefCell::new(service.subscribers.publisher()),
            service,
            counters,
            clock: Clock::new().map_err(io::Error::other)?,
            date: RefCell::new(HttpDate::new(0)),
            most_connections,
            open: Cell::new(0),
            most_open: Cell::new(0),
            busy: Cell::new(0),
            arrivals: Cell::new(0),
            is_draining: Cell::new(false),
        })
    }

    /// Gives memory back to the system once most of a crowd of connections have gone. Other threads that need
    /// memory wait meanwhile, so it is for large crowds.
    fn give_back_after_a_crowd(&self) {
        const CROWD: usize = 1024;
        let (open, most) = (self.open.get(), self.most_open.get());
        if most >= CROWD && open <= most / 8 {
            self.most_open.set(open);
            memory::give_back();
        }
    }

    /// How many connections there may be besides.
    pub(crate) fn free(&self) -> usize {
        self.most_connections.saturating_sub(self.open.get())
    }

    /// The policy in force.
    pub(crate) fn policy(&self) -> ResponsePolicy {
        **self.policy.borrow_mut().load()
    }
}

/// A link as one thread serves it.
pub(crate) struct AttachedLink {
    pub(crate) id: LinkId,
    pub(crate) socket: Rc<TcpListener>,
    pub(crate) target: Target,
    pub(crate) resetter: Option<Resetter>,
    /// This thread's counts of it.
    pub(crate) counters: Arc<LinkCounters>,
    /// Whether requests of pages in a browser are refused.
    pub(crate) refuses_pages: bool,
    /// Whether another process goes on to listen on the socket.
    pub(crate) outlives_us: bool,
    /// Its share of the thread.
    pub(crate) share: Rc<Share>,
    /// The shares of instances that are told by their addresses.
    instances: RefCell<HashMap<InstanceId, Weak<Share>>>,
    /// The tasks of its connections.
    pub(crate) connections: RefCell<Slab<TaskId>>,
    pub(crate) is_detached: Cell<bool>,
}

/// Counts a connection while it lives, and resets it if its link is detached.
pub(crate) struct OpenConnection {
    shared: Rc<Shared>,
    pub(crate) link: Rc<AttachedLink>,
    /// Where its link has its task.
    place: Cell<Option<usize>>,
    socket: RefCell<Weak<TcpStream>>,
    /// The share that it counts in: of its link, or of its instance if that is told by its address.
    share: RefCell<Rc<Share>>,
    /// That instance.
    instance: RefCell<Option<InstanceId>>,
}

impl AttachedLink {
    /// The link as a thread serves it that has `reactor`.
    pub(crate) fn new(id: LinkId, link: Link, shared: &Shared, reactor: &Rc<Reactor>) -> Self {
        let refuses_pages = link.refuses_pages();
        let Link { socket, target, resetter, outlives_us, .. } = link;
        Self {
            id,
            socket: Rc::new(socket),
            target,
            resetter,
            counters: shared.counters.of_link(id),
            refuses_pages,
            outlives_us,
            share: Share::new(reactor),
            instances: <_>::default(),
            connections: <_>::default(),
            is_detached: <_>::default(),
        }
    }

    /// The share of an instance on this link.
    fn share_of(&self, instance: &InstanceId, reactor: &Rc<Reactor>) -> Rc<Share> {
        let mut instances = self.instances.borrow_mut();
        if let Some(share) = instances.get(instance).and_then(Weak::upgrade) {
            return share;
        }
        let share = Share::new(reactor);
        instances.insert(instance.clone(), Rc::downgrade(&share));
        share
    }
}

impl OpenConnection {
    pub(crate) fn new(shared: Rc<Shared>, link: Rc<AttachedLink>) -> Self {
        shared.open.update(|open| open + 1);
        shared.most_open.update(|most| most.max(shared.open.get()));
        shared.counters.connected();
        link.counters.connected();
        link.share.connected();
        let share = RefCell::new(Rc::clone(&link.share));
        let (place, socket, instance) = <_>::default();
        Self { shared, link, place, socket, share, instance }
    }

    /// Says which task serves it, and which socket it has.
    pub(crate) fn begin(&self, task: TaskId, socket: &Rc<TcpStream>) {
        self.place.set(Some(self.link.connections.borrow_mut().insert(task)));
        *self.socket.borrow_mut() = Rc::downgrade(socket);
    }

    /// Moves the connection and the running task from the share of the link to that of this instance, unless
    /// the link says which instance it is for; `false` where the instance has too many connections.
    pub(crate) fn is_of(&self, instance: &InstanceId, reactor: &Rc<Reactor>) -> bool {
        if matches!(self.link.target, Target::Instance(_)) {
            return true;
        }
        let share = self.link.share_of(instance, reactor);
        let has_room = share.has_room(self.shared.free());
        share.join();
        share.connected();
        // Not in both: or one instance could have all connections that the link may.
        self.share.replace(share).disconnected();
        *self.instance.borrow_mut() = Some(instance.clone());
        has_room
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.shared.open.update(|open| open - 1);
        self.shared.give_back_after_a_crowd();
        self.shared.counters.disconnected();
        self.link.counters.disconnected();
        self.share.borrow().disconnected();
        if let Some(instance) = self.instance.take()
            && Rc::strong_count(&self.share.borrow()) == 1
        {
            self.link.instances.borrow_mut().remove(&instance);
        }
        if self.link.is_detached.get() {
            if let Some(socket) = self.socket.borrow().upgrade() {
                // It is closed in a moment; without a reset the client could wait for more.
                let _ = socket::reset_on_close(&socket);
            }
        } else if let Some(place) = self.place.get() {
            self.link.connections.borrow_mut().remove(place);
        }
    }
}

/// Counts a connection as busy while it lives.
pub(crate) struct Busy<'a>(&'a Shared);

impl<'a> Busy<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        shared.busy.update(|busy| busy + 1);
        Self(shared)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.update(|busy| busy - 1);
    }
}
