//! What the connections of one thread share. They run one at a time, so nothing here is locked.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arc_swap::{ArcSwap, Cache};
use imds_account::clock::Clock;
use imds_core::Keyring;
use imds_core::time::HttpDate;
use imds_identity::Signers;
use imds_linux::{memory, socket};

use crate::counters::{LinkCounters, WorkerCounters};
use crate::faults::{CurrentFaults, FaultTable, Faults};
use crate::link::{LinkId, Resetter};
use crate::policy::ResponsePolicy;
use crate::reactor::TaskId;
use crate::requests::{Publisher, Subscribers};
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
    /// The tasks of its connections.
    pub(crate) connections: RefCell<HashSet<TaskId>>,
    pub(crate) is_detached: Cell<bool>,
}

/// Counts a connection while it lives, and resets it if its link is detached.
pub(crate) struct OpenConnection {
    shared: Rc<Shared>,
    pub(crate) link: Rc<AttachedLink>,
    task: Cell<Option<TaskId>>,
    socket: RefCell<Weak<TcpStream>>,
}

impl OpenConnection {
    pub(crate) fn new(shared: Rc<Shared>, link: Rc<AttachedLink>) -> Self {
        shared.open.update(|open| open + 1);
        shared.most_open.update(|most| most.max(shared.open.get()));
        shared.counters.connected();
        link.counters.connected();
        Self { shared, link, task: Cell::new(None), socket: RefCell::default() }
    }

    /// Says which task serves it, and which socket it has.
    pub(crate) fn begin(&self, task: TaskId, socket: &Rc<TcpStream>) {
        self.task.set(Some(task));
        self.link.connections.borrow_mut().insert(task);
        *self.socket.borrow_mut() = Rc::downgrade(socket);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.shared.open.update(|open| open - 1);
        self.shared.give_back_after_a_crowd();
        self.shared.counters.disconnected();
        self.link.counters.disconnected();
        if self.link.is_detached.get() {
            if let Some(socket) = self.socket.borrow().upgrade() {
                // It is closed in a moment; without a reset the client could wait for more.
                let _ = socket::reset_on_close(&socket);
            }
        } else if let Some(task) = self.task.get() {
            self.link.connections.borrow_mut().remove(&task);
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
