//! Whose turn it is: tasks that are ready wait in the queue of their share, and shares take turns, a task
//! each. So a share waits for one task of each other, however many the others have.

use std::collections::VecDeque;

use slab::Slab;

use super::task::TaskId;

/// Names a share.
pub(crate) type ShareId = usize;

/// The share of what serves all: it is always there.
pub(super) const COMMON: ShareId = 0;

pub(super) struct Shares {
    queues: Slab<Queue>,
    /// Those whose queues are not empty, in the order of their turns.
    active: VecDeque<ShareId>,
}

#[derive(Default)]
struct Queue {
    tasks: VecDeque<TaskId>,
    /// Whether it is removed once it is empty.
    is_closed: bool,
}

impl Default for Shares {
    fn default() -> Self {
        let mut queues = Slab::new();
        let common = queues.insert(Queue::default());
        debug_assert_eq!(common, COMMON);
        Self { queues, active: VecDeque::new() }
    }
}

impl Shares {
    pub(super) fn open(&mut self) -> ShareId {
        self.queues.insert(Queue::default())
    }

    /// Forgets a share. Tasks that wait in it still have their turns; it gets no others.
    pub(super) fn close(&mut self, share: ShareId) {
        let Some(queue) = self.queues.get_mut(share) else { return };
        queue.is_closed = true;
        if queue.tasks.is_empty() {
            self.queues.remove(share);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Has a task wait for its turn.
    pub(super) fn push(&mut self, share: ShareId, task: TaskId) {
        let share = if self.queues.contains(share) { share } else { COMMON };
        let queue = &mut self.queues[share];
        if queue.tasks.is_empty() {
            self.active.push_back(share);
        }
        queue.tasks.push_back(task);
    }

    /// The task whose turn it is.
    pub(super) fn pop(&mut self) -> Option<TaskId> {
        let share = *self.active.front()?;
        let queue = &mut self.queues[share];
        let task = queue.tasks.pop_front();
        if !queue.tasks.is_empty() {
            // Nothing to do for the only one, as nearly always.
            if self.active.len() > 1 {
                self.active.rotate_left(1);
            }
            return task;
        }
        let is_closed = queue.is_closed;
        self.active.pop_front();
        if is_closed {
            self.queues.remove(share);
        }
        task
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(shares: &mut Shares) -> Vec<TaskId> {
        std::iter::from_fn(|| shares.pop()).collect()
    }

    #[test]
    fn shares_take_turns_and_tasks_of_one_keep_their_order() {
        let mut shares = Shares::default();
        let [busy, quiet] = [(); 2].map(|()| shares.open());
        for task in 10..14 {
            shares.push(busy, task);
        }
        assert_eq!(shares.pop(), Some(10));
        shares.push(quiet, 1);
        shares.push(COMMON, 0);
        shares.push(quiet, 2);
        assert_eq!(all(&mut shares), [11, 1, 0, 12, 2, 13]);
        assert!(shares.is_empty());
    }

    #[test]
    fn ten_thousand_shares_take_turns_and_leave_nothing() {
        const COUNT: usize = 10_000;
        let mut shares = Shares::default();
        let busy = shares.open();
        let others: Vec<_> = (0..COUNT).map(|_| shares.open()).collect();
        for _ in 0..2 * COUNT {
            shares.push(busy, 0);
        }
        for round in [1, 2] {
            for &share in &others {
                shares.push(share, round * COUNT + share);
            }
        }
        for round in [1, 2] {
            let turns: Vec<_> = std::iter::from_fn(|| shares.pop()).take(COUNT + 1).collect();
            let expected = others.iter().map(|share| round * COUNT + share);
            assert!(turns.into_iter().eq(std::iter::once(0).chain(expected)), "round {round}");
        }
        for share in others {
            shares.close(share);
        }
        assert_eq!(all(&mut shares), vec![0; 2 * COUNT - 2]);
        assert_eq!((shares.queues.len(), shares.active.len()), (2, 0));
    }

    #[test]
    fn a_share_that_is_closed_is_gone_once_it_is_empty() {
        let mut shares = Shares::default();
        let (first, second) = (shares.open(), shares.open());
        shares.push(first, 1);
        shares.close(first);
        shares.close(second);
        shares.push(second, 2);
        assert_eq!(all(&mut shares), [1, 2]);
        assert_eq!(shares.queues.len(), 1, "only the common one is left");
    }
}
