//! What the kernel tells a thread: that a socket has changed, or that its timer rings.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

/// No task's number: events of the timer do no more than end the wait.
const TIMER: u64 = u64::MAX;

const ZERO: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Where a thread hears of its sockets and its timer, once for each change (edge-triggered).
pub(crate) struct Events {
    epoll: OwnedFd,
    /// A timeout of the wait would do as well, but be set and taken back for each.
    timer: OwnedFd,
}

impl Events {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
        let flags = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), flags)?;
        Ok(Self { epoll, timer })
    }

    /// Hears of `source`, under this number, until it is closed.
    pub(super) fn add(&self, source: impl AsFd, number: u64) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        Ok(epoll::add(&self.epoll, source, EventData::new_u64(number), flags)?)
    }

    /// Fills `events`, as far as there is room, with what there is to hear; waits until there is
    /// something if it `may_wait`.
    pub(super) fn take(&self, events: &mut Vec<Event>, may_wait: bool) -> io::Result<()> {
        let timeout = if may_wait { None } else { Some(&ZERO) };
        match epoll::wait(&self.epoll, spare_capacity(events), timeout) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets the timer to ring once, and no more at the time it was set to before.
    pub(super) fn ring_in(&self, duration: Duration) -> io::Result<()> {
        // Zero would turn it off.
        let it_value = Timespec::try_from(duration.max(Duration::from_nanos(1)))
            .map_err(|_| io::ErrorKind::InvalidInput)?;
        let setting = Itimerspec { it_interval: ZERO, it_value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &setting)?;
        Ok(())
    }
}
