//! When tasks are to be looked at again. A task has one entry at most, and it may be too early: that of a busy
//! connection, whose deadline moves on with each request, is moved only once it is due.

use std::collections::BTreeSet;
use std::time::Instant;

use super::task::TaskId;

#[derive(Default)]
pub(super) struct Timers(BTreeSet<(Instant, TaskId)>);

impl Timers {
    /// Sees to it that the task is found at `moment`, or before; `entry` is where it is found at present.
    pub(super) fn set(&mut self, task: TaskId, entry: &mut Option<Instant>, moment: Instant) {
        if entry.is_some_and(|entry| entry <= moment) {
            return;
        }
        self.remove(task, entry);
        self.0.insert((moment, task));
        *entry = Some(moment);
    }

    pub(super) fn remove(&mut self, task: TaskId, entry: &mut Option<Instant>) {
        if let Some(entry) = entry.take() {
            self.0.remove(&(entry, task));
        }
    }

    /// Takes a task that is found at `now`, or before.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<TaskId> {
        let (moment, task) = *self.0.first()?;
        (moment <= now).then(|| {
            self.0.pop_first();
            task
        })
    }

    /// The moment of the first.
    pub(super) fn first(&self) -> Option<Instant> {
        self.0.first().map(|(moment, _)| *moment)
    }
}
