//! One thread's tasks, and what they wait for: their own socket, or a moment in time.
//!
//! A connection waits for nothing else. So an event names the task that it is for, and to wake a
//! task is to poll it; there are no wakers, no queues between them and no wheel of timers, which
//! together cost more than to parse a request and check its token. In the same vein
//!
//! - events are edge-triggered, and a read that leaves room says that nothing more waits;
//! - the tasks share one timer, set only where one is to wake before it rings: the deadline of a
//!   busy connection moves on without the kernel hearing of it;
//! - the clock is read once for each batch of events;
//! - what tasks send leaves together, once all of the batch was heard.

mod events;
mod outbox;
mod source;
mod task;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::mem;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use imds_linux::send::Outcome;
use rustix::event::epoll::{Event, EventFlags};
use slab::Slab;

use outbox::Outbox;

pub(crate) use events::Events;
pub(crate) use source::Source;
pub(crate) use task::TaskId;

/// How many events are taken at a time.
const BATCH: usize = 256;

/// Runs the tasks of one thread.
pub(crate) struct Reactor {
    events: Events,
    /// When the timer rings, whether or not a task still means to wake then.
    rings_at: Cell<Option<Instant>>,
    now: Cell<Instant>,
    tasks: RefCell<Slab<Task>>,
    running: Cell<TaskId>,
    /// Tasks that run without waiting for anything.
    ready: RefCell<Vec<TaskId>>,
    /// Tasks whose numbers others may have, but only after a batch of events: it may hold one more
    /// for the old task.
    ended: RefCell<Vec<TaskId>>,
    outbox: RefCell<Outbox>,
    /// Whether time jumps, where nothing else happens, to the next moment that a task waits for.
    jumps: bool,
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    /// `None` while it runs, and once it has ended.
    work: Option<Work>,
    /// What was heard of its socket and has not proved untrue since.
    events: EventFlags,
    /// What became of the last bytes that it had sent; `None` while they wait in the outbox.
    sent: Option<Outcome>,
    wakes_at: Option<Instant>,
}

impl Reactor {
    pub(crate) fn new(events: Events) -> Self {
        Self {
            events,
            rings_at: Cell::new(None),
            now: Cell::new(Instant::now()),
            tasks: RefCell::default(),
            running: Cell::new(0),
            ready: RefCell::default(),
            ended: RefCell::default(),
            outbox: RefCell::default(),
            jumps: false,
        }
    }

    /// A reactor for tests, whose time jumps.
    #[cfg(test)]
    pub(crate) fn jumping() -> Rc<Self> {
        Rc::new(Self { jumps: true, ..Self::new(Events::new().unwrap()) })
    }

    /// Runs `main`, and all that is spawned meanwhile until `main` has ended.
    pub(crate) fn run(&self, main: impl Future<Output = ()> + 'static) -> io::Result<()> {
        let main = self.spawn(main);
        let mut events = Vec::with_capacity(BATCH);
        let mut ready = Vec::new();
        while self.tasks.borrow().contains(main) {
            self.wait(&mut events)?;
            for event in events.drain(..) {
                self.hear(event.data.u64(), event.flags);
            }
            if self.rings_at.get().is_some_and(|moment| moment <= self.now()) {
                self.wake_sleepers();
            }
            self.empty_outbox();
            mem::swap(&mut ready, &mut self.ready.borrow_mut());
            for id in ready.drain(..) {
                self.poll(id);
            }
            for id in self.ended.take() {
                self.tasks.borrow_mut().remove(id);
            }
        }
        // Tasks know the reactor that knows them; here the circle is broken.
        drop(self.tasks.take());
        Ok(())
    }

    /// Has `work` run soon.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + 'static) -> TaskId {
        let work: Option<Work> = Some(Box::pin(work));
        let task = Task { work, events: EventFlags::empty(), sent: None, wakes_at: None };
        let id = self.tasks.borrow_mut().insert(task);
        self.ready.borrow_mut().push(id);
        id
    }

    /// The task that runs at the moment.
    pub(crate) fn running(&self) -> TaskId {
        self.running.get()
    }

    /// When the events came that tasks run for now.
    pub(crate) fn now(&self) -> Instant {
        self.now.get()
    }

    /// Has the running task wait for a while.
    pub(crate) async fn sleep(&self, duration: Duration) {
        let end = self.now() + duration;
        poll_fn(|_| if self.is_past(end) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// What `future` gives, or [`TimedOut`](io::ErrorKind::TimedOut) where it has not by `deadline`.
    pub(crate) async fn by<T>(
        &self,
        deadline: Instant,
        future: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Pending if self.is_past(deadline) => {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            poll => poll,
        })
        .await
    }

    /// Lets the other tasks run first.
    pub(crate) async fn give_way(&self) {
        let mut gave = false;
        poll_fn(|_| {
            if gave {
                return Poll::Ready(());
            }
            gave = true;
            self.ready.borrow_mut().push(self.running.get());
            Poll::Pending
        })
        .await;
    }

    /// Whether `moment` has come. If not, the running task is woken when it comes.
    fn is_past(&self, moment: Instant) -> bool {
        if moment <= self.now() {
            return true;
        }
        let wakes_at = &mut self.tasks.borrow_mut()[self.running.get()].wakes_at;
        *wakes_at = Some(wakes_at.map_or(moment, |other| other.min(moment)));
        false
    }

    /// Waits for events, unless there is something to do.
    fn wait(&self, events: &mut Vec<Event>) -> io::Result<()> {
        let is_idle = self.ready.borrow().is_empty() && self.outbox.borrow().is_empty();
        self.events.take(events, is_idle && !self.jumps)?;
        if !self.jumps {
            self.now.set(Instant::now());
        } else if events.is_empty() && is_idle {
            self.now.update(|now| self.rings_at.get().unwrap_or(now));
        }
        Ok(())
    }

    /// Has `bytes`, or their beginning, sent for the running task at the end of this turn.
    async fn send(&self, socket: &Rc<TcpStream>, bytes: &[u8]) -> Outcome {
        let id = self.running.get();
        // It may have had other bytes sent without staying to hear what became of them.
        self.tasks.borrow_mut()[id].sent = None;
        self.outbox.borrow_mut().put(id, socket, bytes);
        poll_fn(|_| self.tasks.borrow()[id].sent.map_or(Poll::Pending, Poll::Ready)).await
    }

    /// Sends what tasks have put into the outbox. They are ready then.
    fn empty_outbox(&self) {
        let (mut tasks, mut ready) = (self.tasks.borrow_mut(), self.ready.borrow_mut());
        for (id, outcome) in self.outbox.borrow_mut().send() {
            if let Some(task) = tasks.get_mut(id) {
                task.sent = Some(outcome);
                ready.push(id);
            }
        }
    }

    /// Tells a task what was heard of its socket.
    fn hear(&self, id: u64, events: EventFlags) {
        let Ok(id) = usize::try_from(id) else { return };
        if let Some(task) = self.tasks.borrow_mut().get_mut(id) {
            task.events |= events;
        }
        self.poll(id);
    }

    fn poll(&self, id: TaskId) {
        let work = self.tasks.borrow_mut().get_mut(id).and_then(|task| {
            task.wakes_at = None;
            task.work.take()
        });
        let Some(mut work) = work else { return };
        self.running.set(id);
        let context = &mut Context::from_waker(Waker::noop());
        // None should panic; one that does leaves the others alone.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => {
                let task = &mut self.tasks.borrow_mut()[id];
                task.work = Some(work);
                self.ring_at(task.wakes_at);
            }
            Ok(Poll::Ready(())) | Err(_) => self.ended.borrow_mut().push(id),
        }
    }

    /// Ends a task that is not running.
    pub(crate) fn end(&self, id: TaskId) {
        let work = self.tasks.borrow_mut().get_mut(id).and_then(|task| task.work.take());
        if work.is_some() {
            self.ended.borrow_mut().push(id);
        }
    }

    /// Wakes the tasks whose moment has come, and sets the timer to the next.
    fn wake_sleepers(&self) {
        self.rings_at.set(None);
        let is_due = |task: &Task| task.wakes_at.is_some_and(|moment| moment <= self.now());
        let tasks = self.tasks.borrow();
        let due: Vec<_> = tasks.iter().filter(|(_, task)| is_due(task)).map(|(id, _)| id).collect();
        drop(tasks);
        for id in due {
            self.poll(id);
        }
        let next = self.tasks.borrow().iter().filter_map(|(_, task)| task.wakes_at).min();
        self.ring_at(next);
    }

    /// Sees to it that the timer rings at `moment`, or before.
    fn ring_at(&self, moment: Option<Instant>) {
        let Some(moment) = moment else { return };
        if self.rings_at.get().is_some_and(|rings_at| rings_at <= moment) {
            return;
        }
        self.rings_at.set(Some(moment));
        let left = moment.saturating_duration_since(self.now());
        if let Err(error) = self.events.ring_in(left) {
            tracing::error!(%error, "cannot set a timer");
        }
    }
}
