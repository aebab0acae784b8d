//! The thread that deletes the keys of leases that have ended.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::error::KvError;
use crate::lease::Lease;
use crate::lease_table::LeaseTable;
use crate::lock::lock;

/// Runs from the first lease until it is dropped.
#[derive(Debug)]
pub(crate) struct Reaper {
    leases: Arc<LeaseTable>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Reaper {
    pub(crate) fn new(leases: Arc<LeaseTable>) -> Self {
        Self { leases, thread: Mutex::default() }
    }

    /// Starts the thread, unless it runs already. `delete` deletes the keys of a lease that has ended.
    pub(crate) fn start(
        &self,
        delete: impl Fn(Lease) -> Result<(), KvError> + Send + 'static,
    ) -> Result<(), KvError> {
        let mut thread = lock(&self.thread);
        if thread.is_some() {
            return Ok(());
        }
        let leases = Arc::clone(&self.leases);
        let run = move || {
            while let Some(lease) = leases.wait_for_ended() {
                if delete(lease).is_err() {
                    leases.wait_for_retry();
                }
            }
        };
        let started = thread::Builder::new().name("leases".to_owned()).spawn(run);
        *thread = Some(started.map_err(no_thread)?);
        Ok(())
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.leases.close();
        if let Some(thread) = lock(&self.thread).take() {
            // Its panic was printed, and dropping must not panic.
            let _ = thread.join();
        }
    }
}

fn no_thread(error: io::Error) -> KvError {
    let what = "cannot start the thread that ends leases".to_owned();
    KvError::Unavailable { what, retry: true, source: error.into() }
}
