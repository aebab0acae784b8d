//! One thread's tasks, and what they wait for: their own socket, or a moment in time.
//!
//! A connection waits for nothing else. So an event names the task that it is for, and to wake a
//! task is to poll it; there are no wakers, no queues between them and no wheel of timers, which
//! together cost more than to parse a request and check its token. In the same vein
//!
//! - events are edge-triggered, and a read that leaves room says that nothing more waits;
//! - a connection is read as soon as it is accepted: one that is over with its first request is never waited for;
//! - the tasks share one timer, set only where one is to wake before it rings: the deadline of a
//!   busy connection moves on without the kernel hearing of it;
//! - the clock is read once for each batch of events;
//! - what tasks send leaves together, at the end of a turn.
//!
//! A turn runs a bounded number of tasks, taken from all [shares] alike: each link has one, and each
//! instance that is told by its address. So whoever has thousands of busy connections waits for them himself.

mod events;
mod outbox;
mod shares;
mod source;
mod task;
#[cfg(test)]
mod tests;
mod timers;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use imds_linux::send::{Next, Outcome};
use rustix::event::epoll::{Event, EventFlags};
use slab::Slab;

use outbox::Outbox;
use shares::{COMMON, Shares};
use timers::Timers;

pub(crate) use events::Events;
pub(crate) use shares::ShareId;
pub(crate) use source::Source;
pub(crate) use task::TaskId;

/// How many events are taken at a time.
const BATCH: usize = 256;

/// How many times tasks run in a turn, at most; a request takes two. Whoever becomes ready waits for the turn
/// that has begun, which takes less than a millisecond then. To look for events after each costs little.
const TURN: usize = 32;

/// Runs the tasks of one thread.
pub(crate) struct Reactor {
    events: Events,
    /// When the timer rings, whether or not a task still means to wake then.
    rings_at: Cell<Option<Instant>>,
    now: Cell<Instant>,
    tasks: RefCell<Slab<Task>>,
    running: Cell<TaskId>,
    /// Tasks that are to run.
    shares: RefCell<Shares>,
    timers: RefCell<Timers>,
    /// Tasks whose numbers others may have, once the turn is over and they are in no queue.
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
    /// Where it is in the timers: at that moment, or earlier.
    timer: Option<Instant>,
    /// Whose turns it uses.
    share: ShareId,
    /// Whether it waits in the queue of a share.
    is_queued: bool,
}

impl Reactor {
    pub(crate) fn new(events: Events) -> Self {
        Self {
            events,
            rings_at: Cell::new(None),
            now: Cell::new(Instant::now()),
            tasks: RefCell::default(),
            running: Cell::new(0),
            shares: RefCell::default(),
            timers: RefCell::default(),
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
    ///
    /// # Errors
    /// Also if `main` panicked.
    pub(crate) fn run(&self, main: impl Future<Output = ()> + 'static) -> io::Result<()> {
        let has_returned = Rc::new(Cell::new(false));
        let returns = Rc::clone(&has_returned);
        let main = self.spawn(async move {
            main.await;
            returns.set(true);
        });
        let mut events = Vec::with_capacity(BATCH);
        while self.tasks.borrow().contains(main) {
            self.wait(&mut events)?;
            for event in events.drain(..) {
                self.hear(event.data.u64(), event.flags);
            }
            if self.rings_at.get().is_some_and(|moment| moment <= self.now()) {
                self.wake_sleepers();
            }
            self.take_turn();
            self.forget_ended();
        }
        // Tasks know the reactor that knows them; here the circle is broken.
        drop(self.tasks.take());
        if has_returned.get() { Ok(()) } else { Err(io::Error::other("the main task panicked")) }
    }

    /// Runs tasks, those that are ready once others' bytes are sent too, as many as a turn has.
    fn take_turn(&self) {
        let mut left = TURN;
        while left > 0 && !self.shares.borrow().is_empty() {
            while left > 0 {
                let next = self.shares.borrow_mut().pop();
                let Some(id) = next else { break };
                self.poll(id);
                left -= 1;
            }
            self.empty_outbox();
        }
    }

    /// Has `work` run soon, in the share of what serves all.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + 'static) -> TaskId {
        self.spawn_in(COMMON, work)
    }

    /// Has `work` run in a share.
    pub(crate) fn spawn_in(
        &self,
        share: ShareId,
        work: impl Future<Output = ()> + 'static,
    ) -> TaskId {
        let task = Task {
            work: Some(Box::pin(work)),
            events: EventFlags::empty(),
            sent: None,
            wakes_at: None,
            timer: None,
            share,
            is_queued: true,
        };
        let id = self.tasks.borrow_mut().insert(task);
        self.shares.borrow_mut().push(share, id);
        id
    }

    /// A new share of this thread's turns.
    pub(crate) fn open_share(&self) -> ShareId {
        self.shares.borrow_mut().open()
    }

    /// Forgets a share; its tasks use that of what serves all from now on.
    pub(crate) fn close_share(&self, share: ShareId) {
        self.shares.borrow_mut().close(share);
    }

    /// Has the running task use another share from now on.
    pub(crate) fn join(&self, share: ShareId) {
        self.tasks.borrow_mut()[self.running.get()].share = share;
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
        mut future: Pin<&mut impl Future<Output = io::Result<T>>>,
    ) -> io::Result<T> {
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
            self.enqueue(self.running.get());
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
        let is_idle = self.shares.borrow().is_empty();
        self.events.take(events, is_idle && !self.jumps)?;
        if !self.jumps {
            self.now.set(Instant::now());
        } else if events.is_empty() && is_idle {
            self.now.update(|now| self.rings_at.get().unwrap_or(now));
        }
        Ok(())
    }

    /// Has `bytes`, or their beginning, sent for the running task at the end of this turn.
    async fn send(&self, socket: &Rc<TcpStream>, bytes: &[u8], next: Next) -> Outcome {
        let id = self.running.get();
        // It may have had other bytes sent without staying to hear what became of them.
        self.tasks.borrow_mut()[id].sent = None;
        self.outbox.borrow_mut().put(id, socket, bytes, next);
        poll_fn(|_| self.tasks.borrow()[id].sent.map_or(Poll::Pending, Poll::Ready)).await
    }

    /// Sends what tasks have put into the outbox. They are ready then.
    fn empty_outbox(&self) {
        let mut outbox = self.outbox.borrow_mut();
        if outbox.is_empty() {
            return;
        }
        for (id, outcome) in outbox.send() {
            if let Some(task) = self.tasks.borrow_mut().get_mut(id) {
                task.sent = Some(outcome);
            }
            self.enqueue(id);
        }
    }

    /// Has a task wait for its turn, unless it does.
    fn enqueue(&self, id: TaskId) {
        if let Some(task) = self.tasks.borrow_mut().get_mut(id)
            && !task.is_queued
        {
            task.is_queued = true;
            self.shares.borrow_mut().push(task.share, id);
        }
    }

    /// Lets the numbers of tasks that have ended be used again.
    fn forget_ended(&self) {
        let mut tasks = self.tasks.borrow_mut();
        for id in self.ended.borrow_mut().drain(..) {
            // One that waits for its turn is forgotten when that comes.
            if tasks.get(id).is_some_and(|task| !task.is_queued) {
                let task = &mut tasks[id];
                self.timers.borrow_mut().remove(id, &mut task.timer);
                tasks.remove(id);
            }
        }
    }

    /// Tells a task what was heard of its socket.
    fn hear(&self, id: u64, events: EventFlags) {
        let Ok(id) = usize::try_from(id) else { return };
        if let Some(task) = self.tasks.borrow_mut().get_mut(id) {
            task.events |= events;
        }
        self.enqueue(id);
    }

    fn poll(&self, id: TaskId) {
        let work = self.tasks.borrow_mut().get_mut(id).and_then(|task| {
            task.wakes_at = None;
            task.is_queued = false;
            task.work.take()
        });
        let Some(mut work) = work else { return self.ended.borrow_mut().push(id) };
        self.running.set(id);
        let context = &mut Context::from_waker(Waker::noop());
        // None should panic; one that does leaves the others alone.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => {
                let task = &mut self.tasks.borrow_mut()[id];
                task.work = Some(work);
                if let Some(moment) = task.wakes_at {
                    self.timers.borrow_mut().set(id, &mut task.timer, moment);
                    self.ring_at(moment);
                }
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
        let mut timers = self.timers.borrow_mut();
        while let Some(id) = timers.take_due(self.now()) {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(id) else { continue };
            task.timer = None;
            match task.wakes_at {
                // Its deadline has moved on.
                Some(moment) if moment > self.now() => timers.set(id, &mut task.timer, moment),
                Some(_) => {
                    drop(tasks);
                    self.enqueue(id);
                }
                None => {}
            }
        }
        if let Some(next) = timers.first() {
            self.ring_at(next);
        }
    }

    /// Sees to it that the timer rings at `moment`, or before.
    fn ring_at(&self, moment: Instant) {
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
