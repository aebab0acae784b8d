//! The share of a link, or of an instance, in what a thread has: turns and connections.

use std::cell::Cell;
use std::rc::Rc;

use crate::reactor::{Reactor, ShareId};

/// See [`Share::has_room`].
const GREED: usize = 8;

/// A share, closed when this is dropped.
pub(crate) struct Share {
    reactor: Rc<Reactor>,
    id: ShareId,
    /// How many connections count in it.
    open: Cell<usize>,
}

impl Share {
    pub(crate) fn new(reactor: &Rc<Reactor>) -> Rc<Self> {
        let (id, reactor) = (reactor.open_share(), Rc::clone(reactor));
        Rc::new(Self { reactor, id, open: Cell::new(0) })
    }

    pub(crate) fn id(&self) -> ShareId {
        self.id
    }

    /// Has the running task use it.
    pub(crate) fn join(&self) {
        self.reactor.join(self.id);
    }

    /// Whether it may have another connection where so many are `free` for all: [`GREED`] times as many as that.
    /// So one share has eight ninths of all at most, a second one of the rest, and there is always room for a new
    /// one.
    pub(crate) fn has_room(&self, free: usize) -> bool {
        self.open.get() < free.saturating_mul(GREED)
    }

    pub(crate) fn connected(&self) {
        self.open.update(|open| open + 1);
    }

    pub(crate) fn disconnected(&self) {
        self.open.update(|open| open - 1);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.reactor.close_share(self.id);
    }
}
