//! The running data path: one handle to threads that share nothing.

use std::collections::HashMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwap;
use imds_core::Keyring;
use imds_identity::Signers;
use imds_linux::confine::Serving;

use crate::counters::{CounterReader, WorkerCounters};
use crate::faults::Faults;
use crate::limits;
use crate::link::{Link, LinkId};
use crate::policy::ResponsePolicy;
use crate::requests::Requests;
use crate::serving_lease::ServingLease;
use crate::shared::{ServiceState, Shared};
use crate::snapshot::{CounterSnapshot, LinkCounts};
use crate::table::CurrentTable;
use crate::worker::{Command, Inbox, Worker};

/// What a service needs to run.
pub struct ServiceSettings {
    /// What mints and checks session tokens.
    pub keyring: Keyring,
    /// Which instances are served.
    pub table: CurrentTable,
    /// What signs identity documents.
    pub signers: Signers,
    /// How requests are answered.
    pub policy: ResponsePolicy,
    /// How many threads answer.
    pub threads: NonZeroUsize,
    /// Whether [`CounterSnapshot::latency`] is filled, which reads a clock for each request.
    pub measures_latency: bool,
    /// Until when other hosts wait for this one; what becomes of later requests.
    pub lease: ServingLease,
    /// If set, the threads that answer lose the right to any other system call
    /// ([`only_serve`](imds_linux::confine::only_serve)), as far as the kernel can.
    pub only_serve: Option<Serving>,
}

/// A running service. Links are attached and detached while it runs.
///
/// Dropping it ends it at once; [`drain`](Self::drain) lets requests that have begun be answered.
pub struct Service {
    state: Arc<ServiceState>,
    workers: Vec<WorkerHandle>,
    counters: CounterReader,
    next_link: AtomicU64,
    /// A descriptor of each link, so that a worker's failure to clone it is told to the caller.
    links: Mutex<HashMap<LinkId, Link>>,
}

struct WorkerHandle {
    inbox: Arc<Inbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Why a link is not detached.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// It was detached before, or is another service's.
    #[error("link {0:?} is not attached")]
    UnknownLink(LinkId),
}

impl Service {
    /// Starts the threads that answer. It has no link yet.
    pub fn start(settings: ServiceSettings) -> io::Result<Self> {
        let ServiceSettings { keyring, table, signers, policy, threads, .. } = settings;
        let ServiceSettings { measures_latency, lease, only_serve, .. } = settings;
        let (policy, subscribers) = (Arc::new(ArcSwap::from_pointee(policy)), Arc::default());
        let state = Arc::new(ServiceState {
            keyring,
            table,
            signers,
            policy,
            faults: Faults::default(),
            subscribers,
            measures_latency,
            lease,
            only_serve,
            has_successor: AtomicBool::new(false),
            held_input: AtomicUsize::new(0),
        });
        let counters: Vec<Arc<WorkerCounters>> =
            (0..threads.get()).map(|_| Arc::default()).collect();
        let mut service = Self {
            counters: CounterReader::new(counters.clone(), Arc::clone(&state.table)),
            state,
            workers: Vec::with_capacity(threads.get()),
            next_link: AtomicU64::new(1),
            links: Mutex::default(),
        };
        let most_connections = limits::connections(threads);
        for (number, counters) in counters.into_iter().enumerate() {
            let inbox = Arc::new(Inbox::new()?);
            let shared = Shared::new(Arc::clone(&service.state), counters, most_connections)?;
            let worker = Worker::new(shared, Arc::clone(&inbox))?;
            let thread = thread::Builder::new().name(format!("serve-{number}"));
            let thread = Mutex::new(Some(thread.spawn(move || worker.run())?));
            service.workers.push(WorkerHandle { inbox, thread });
        }
        Ok(service)
    }

    /// Serves a link from now on. Its socket listens already, so no client is refused meanwhile.
    ///
    /// # Errors
    /// Where the process has no file descriptor left; the link is not attached then.
    pub fn attach(&self, link: Link) -> io::Result<LinkId> {
        let id = LinkId(self.next_link.fetch_add(1, Ordering::Relaxed));
        let clones = self.workers.iter().map(|_| link.try_clone());
        let clones = clones.collect::<io::Result<Vec<_>>>()?;
        self.links().insert(id, link);
        for (worker, link) in self.workers.iter().zip(clones) {
            worker.inbox.send(Command::Attach(id, link));
        }
        Ok(id)
    }

    /// Serves a link no longer: its socket is closed, and its connections are reset. Returns its last
    /// counts once that is done.
    ///
    /// # Errors
    /// [`ServiceError::UnknownLink`] if it is not attached.
    pub fn detach(&self, id: LinkId) -> Result<LinkCounts, ServiceError> {
        let link = self.links().remove(&id);
        drop(link.ok_or(ServiceError::UnknownLink(id))?);
        let (done, all_done) = mpsc::channel();
        for worker in &self.workers {
            worker.inbox.send(Command::Detach(id, done.clone()));
        }
        drop(done);
        Ok(all_done.into_iter().fold(LinkCounts::default(), |mut sum, counts| {
            sum += counts;
            sum
        }))
    }

    /// The policy in force.
    pub fn policy(&self) -> ResponsePolicy {
        **self.state.policy.load()
    }

    /// Puts another policy in force, from the next request on.
    pub fn set_policy(&self, policy: ResponsePolicy) {
        self.state.policy.store(Arc::new(policy));
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.state.faults
    }

    /// Observes requests from now on; at most `capacity` records (at least 1) wait to be taken, and more are
    /// dropped and counted. The last `kept_for_v1` places are only for requests with `IMDSv1`.
    pub fn subscribe(&self, capacity: usize, kept_for_v1: usize) -> Requests {
        self.state.subscribers.subscribe(capacity, kept_for_v1)
    }

    /// What was counted since the start.
    pub fn counters(&self) -> CounterSnapshot {
        self.counters.read()
    }

    /// What reads the counters from another thread, also once the service has ended.
    pub fn counter_reader(&self) -> CounterReader {
        self.counters.clone()
    }

    /// Whether all threads that answer do what they are told within this time. One that has ended, or hangs,
    /// does not.
    pub fn is_responsive(&self, within: Duration) -> bool {
        let (report, all_reported) = mpsc::channel();
        for worker in &self.workers {
            worker.inbox.send(Command::Report(report.clone()));
        }
        drop(report);
        all_reported.recv_timeout(within) == Err(mpsc::RecvTimeoutError::Disconnected)
    }

    /// Says that another process has all sockets: [`drain`](Self::drain) leaves to it the connections that wait
    /// to be accepted.
    pub fn hand_over(&self) {
        self.state.has_successor.store(true, Ordering::Relaxed);
    }

    /// Takes no more connections, lets requests that have begun be answered, and ends; takes 5 s at
    /// most.
    pub fn drain(&self) {
        self.stop(|| Command::Drain);
    }

    fn stop(&self, command: impl Fn() -> Command) {
        for worker in &self.workers {
            worker.inbox.send(command());
        }
        for worker in &self.workers {
            let thread = worker.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(thread) = thread {
                // A thread that panicked serves nothing any more; the others still end.
                let _ = thread.join();
            }
            // Who waits for a command to be done does not wait in vain.
            worker.inbox.close();
        }
    }

    fn links(&self) -> std::sync::MutexGuard<'_, HashMap<LinkId, Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop(|| Command::Stop);
    }
}

/// As many threads as processors, but no more than four: the kernel does most of the work.
pub fn default_threads() -> NonZeroUsize {
    const MOST: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).min(MOST)
}
