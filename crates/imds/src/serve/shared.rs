//! What the connections of one thread share. They run one at a time, so nothing here is locked.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;

use arc_swap::Cache;
use imds_core::time::HttpDate;

use super::Service;
use crate::agent::{self, Table};
use crate::clock::Clock;

pub(super) struct Shared {
    pub(super) service: Arc<Service>,
    /// Who is served; asked anew for each request, which costs one comparison.
    pub(super) table: RefCell<Cache<agent::Current, Arc<Table>>>,
    pub(super) clock: Clock,
    pub(super) date: RefCell<HttpDate>,
    /// How many connections there are.
    pub(super) open: Cell<usize>,
    /// How many of them are in the middle of a request.
    pub(super) busy: Cell<usize>,
}

impl Shared {
    pub(super) fn new(service: Arc<Service>) -> io::Result<Self> {
        Ok(Self {
            table: RefCell::new(Cache::new(Arc::clone(&service.table))),
            service,
            clock: Clock::new().map_err(io::Error::other)?,
            date: RefCell::new(HttpDate::new(0)),
            open: Cell::new(0),
            busy: Cell::new(0),
        })
    }
}

/// Counts a connection as busy while it lives.
pub(super) struct Busy<'a>(&'a Shared);

impl<'a> Busy<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        shared.busy.update(|busy| busy + 1);
        Self(shared)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.update(|busy| busy - 1);
    }
}
