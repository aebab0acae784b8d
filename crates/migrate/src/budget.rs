//! How much one file may cost: processor time of the thread that scans it, so that a busy machine changes nothing.

use std::cell::Cell;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Steps between two looks at the clock.
const STEPS: u32 = 256;

/// The processor time that one file may take.
#[derive(Debug)]
pub(crate) struct Budget {
    /// When it ends, on the clock of the thread; never, without a limit.
    end: Option<Duration>,
    steps: Cell<u32>,
    is_spent: Cell<bool>,
}

impl Budget {
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        let end = limit.map(|limit| thread_time().saturating_add(limit));
        Self { end, steps: Cell::new(0), is_spent: Cell::new(false) }
    }

    /// Counts a step of any work that a file can ask for often; `false` once the budget is spent.
    pub(crate) fn step(&self) -> bool {
        let steps = self.steps.get().wrapping_add(1);
        self.steps.set(steps);
        if steps.is_multiple_of(STEPS) { self.look() } else { !self.is_spent.get() }
    }

    /// Looks at the clock; `false` once the budget is spent.
    pub(crate) fn look(&self) -> bool {
        if self.end.is_some_and(|end| thread_time() >= end) {
            self.is_spent.set(true);
        }
        !self.is_spent.get()
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.is_spent.get()
    }
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_and_stays_ended() {
        let none = Budget::new(None);
        assert!((0..10_000).all(|_| none.step()));
        let spent = Budget::new(Some(Duration::ZERO));
        assert!(!spent.look() && !spent.step() && spent.is_spent());
        let some = Budget::new(Some(Duration::from_millis(5)));
        while some.step() {}
        assert!(some.is_spent());
    }
}
