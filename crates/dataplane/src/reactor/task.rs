//! The number of a task, which another may have once it has ended.

/// A task's number in its reactor.
pub(crate) type TaskId = usize;
