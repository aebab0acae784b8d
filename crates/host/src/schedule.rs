//! Events by the clock: the settings file says when each is to be asked for.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use imds_account::Store;
use imds_account::clock::unix_ms;
use imds_account::events::NewEvent;
use imds_account::events::target::EventTarget;
use imds_core::InstanceId;
use imds_core::placement::Region;

/// How long is slept at once: a clock that is set must not be believed for longer.
const NAP: Duration = Duration::from_secs(10);

/// An event that is asked for by the clock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scheduled {
    /// When it happens first.
    pub begins: Begin,
    /// After which time it is asked for again, and again; at least a second.
    pub every: Option<Duration>,
    /// The instance that it happens to; the default instance where none is named.
    pub instance: Option<InstanceId>,
    /// What happens.
    pub event: NewEvent,
}

/// When something scheduled is asked for, the first time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Begin {
    /// Counted from the start of the service.
    After(Duration),
    /// In milliseconds since 1970. What lies before the start of the service is left out.
    At(u64),
}

/// What is scheduled, in milliseconds since 1970: from the first instant on, and each period after it.
struct Times {
    first: u64,
    every: Option<u64>,
}

/// Asks for scheduled events until it is dropped; it holds the store no longer then.
pub struct Scheduler {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Scheduler {
    /// Starts the clock: `after` counts from now. `region` is where named instances are.
    pub fn start(scheduled: Vec<Scheduled>, store: Store, region: Region) -> std::io::Result<Self> {
        if scheduled.is_empty() {
            return Ok(Self { stop: None, thread: None });
        }
        let (stop, stopped) = mpsc::channel();
        let started = unix_ms();
        let thread = thread::Builder::new().name("schedule".to_owned());
        let thread = thread.spawn(move || {
            // The very start counts.
            let mut done = started.saturating_sub(1);
            loop {
                let now = unix_ms();
                for event in due(&scheduled, started, done, now) {
                    ask(event, &store, &region, now / 1000);
                }
                done = done.max(now);
                let Some(next) = next(&scheduled, started, done) else { return };
                let wait = Duration::from_millis(next.saturating_sub(unix_ms())).min(NAP);
                if stopped.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked asks for nothing any more.
            let _ = thread.join();
        }
    }
}

fn ask(scheduled: &Scheduled, store: &Store, region: &Region, now: u64) {
    let target = EventTarget::find(store, region, scheduled.instance.as_ref());
    match target.and_then(|target| target.add(store, &scheduled.event, now)) {
        Ok(id) => tracing::info!(%id, "a scheduled event happens"),
        Err(error) => tracing::error!(%error, "a scheduled event does not happen"),
    }
}

/// What is to be asked for after one instant and until another one, in order of time. What was missed
/// several times, because the machine slept, is asked for once.
fn due(scheduled: &[Scheduled], started: u64, after: u64, until: u64) -> Vec<&Scheduled> {
    let with_time = scheduled.iter().filter_map(|event| {
        let last = event.times(started).last(until).filter(|last| *last > after)?;
        Some((last, event))
    });
    let mut due: Vec<_> = with_time.collect();
    due.sort_by_key(|(time, _)| *time);
    due.into_iter().map(|(_, event)| event).collect()
}

/// When something is to be asked for next, after an instant.
fn next(scheduled: &[Scheduled], started: u64, after: u64) -> Option<u64> {
    scheduled.iter().filter_map(|event| event.times(started).next(after)).min()
}

impl Scheduled {
    fn times(&self, started: u64) -> Times {
        let first = match self.begins {
            Begin::After(after) => started.saturating_add(milliseconds(after)),
            Begin::At(time) => time,
        };
        Times { first, every: self.every.map(milliseconds) }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Times {
    /// The last of them that is not after `until`.
    fn last(&self, until: u64) -> Option<u64> {
        let since = until.checked_sub(self.first)?;
        Some(self.first + self.every.map_or(0, |every| since - since % every))
    }

    /// The first of them that is after `after`.
    fn next(&self, after: u64) -> Option<u64> {
        match self.last(after) {
            None => Some(self.first),
            Some(last) => last.checked_add(self.every?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imds_account::events::EventKind;

    const START: u64 = 1_000_000;

    fn scheduled(begins: Begin, every: Option<u64>) -> Scheduled {
        let event = NewEvent { kind: EventKind::Rebalance, when: None };
        Scheduled { begins, every: every.map(Duration::from_secs), instance: None, event }
    }

    /// The instants at which a scheduler that wakes up exactly when something is due asks, as
    /// milliseconds since the start and places in the list.
    fn played(all: &[Scheduled], until: u64) -> Vec<(u64, usize)> {
        let place = |one: &Scheduled| all.iter().position(|other| std::ptr::eq(one, other));
        let mut done = START - 1;
        let mut played = Vec::new();
        while let Some(now) = next(all, START, done).filter(|next| *next <= START + until) {
            let due = due(all, START, done, now);
            played.extend(due.into_iter().map(|one| (now - START, place(one).unwrap())));
            done = now;
        }
        played
    }

    #[test]
    fn each_is_asked_for_at_its_time() {
        let all = [
            scheduled(Begin::After(Duration::from_secs(3)), None),
            scheduled(Begin::After(Duration::ZERO), Some(2)),
            scheduled(Begin::At(START + 1500), None),
            scheduled(Begin::At(START - 1), None),
            scheduled(Begin::At(START - 3000), Some(4)),
        ];
        let expected = [(0, 1), (1000, 4), (1500, 2), (2000, 1), (3000, 0), (4000, 1), (5000, 4)];
        assert_eq!(played(&all, 5000), expected);
    }

    #[test]
    fn what_was_slept_through_is_made_up_for_once() {
        let all = [
            scheduled(Begin::After(Duration::from_secs(9)), None),
            scheduled(Begin::After(Duration::ZERO), Some(1)),
        ];
        let due = due(&all, START, START, START + 3_600_500);
        assert_eq!(due, [&all[0], &all[1]]);
        assert_eq!(next(&all, START, START + 3_600_500), Some(START + 3_601_000));
    }

    #[test]
    fn nothing_is_left_after_the_last() {
        let all = [scheduled(Begin::After(Duration::from_secs(1)), None)];
        assert_eq!(next(&all, START, START + 999), Some(START + 1000));
        assert_eq!(next(&all, START, START + 1000), None);
        let far = scheduled(Begin::After(Duration::MAX), Some(u64::MAX));
        assert_eq!(far.times(START).next(u64::MAX), None, "the end of time is not passed");
    }
}
