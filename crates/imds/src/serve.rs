//! The data path: from a packet in to a packet out.
//!
//! 1. [`listen`]: a listening socket, and whom it belongs to;
//! 2. [`connection`]: bytes ([`input`]) become one request at a time, and answers become bytes;
//! 3. [`identify`]: whose request it is, and how far away the client probably is;
//! 4. `imds_core`: the answer, and how far it may travel;
//! 5. [`send`]: the hop limit is set before the bytes that need it ([`stall`]: and a client whose
//!    token was lost is reset early, if that is asked for).

mod connection;
mod identify;
mod input;
mod limits;
mod listen;
mod reactor;
mod send;
mod shared;
mod stall;
#[cfg(test)]
mod tests;

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use imds_core::Keyring;
use rustix::event::{EventfdFlags, eventfd};

pub(crate) use limits::allow_many_connections;
pub(crate) use listen::Listener;

use crate::agent;
use crate::identity::Signers;
use crate::response_policy::ResponsePolicy;
use crate::telemetry::AccessLog;

/// All that a service needs to run.
pub(crate) struct Service {
    /// Where requests come in.
    pub(crate) listeners: Vec<Listener>,
    /// What mints and checks tokens.
    pub(crate) keyring: Keyring,
    /// Who is served.
    pub(crate) table: agent::Current,
    /// What signs identity documents.
    pub(crate) signers: Signers,
    /// How requests are answered.
    pub(crate) policy: ResponsePolicy,
    /// Where each request is noted, if anywhere.
    pub(crate) access_log: Option<AccessLog>,
    /// How many threads answer.
    pub(crate) threads: NonZeroUsize,
}

/// A running service.
pub(crate) struct Server {
    threads: Vec<JoinHandle<()>>,
    /// Can be read by every thread, and so by all of them, once they are to stop.
    stop: OwnedFd,
}

impl Service {
    /// Starts the threads that answer. Once this returns, every listener is served.
    pub(crate) fn start(self) -> io::Result<Server> {
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let service = Arc::new(self);
        let mut threads = Vec::with_capacity(service.threads.get());
        for number in 0..service.threads.get() {
            let worker = listen::Worker::new(&service, stop.try_clone()?)?;
            let thread = thread::Builder::new().name(format!("serve-{number}"));
            threads.push(thread.spawn(move || worker.run())?);
        }
        Ok(Server { threads, stop })
    }
}

impl Server {
    /// Takes no more connections, lets requests that have begun be answered, and ends.
    pub(crate) fn drain(self) {
        if let Err(error) = rustix::io::write(&self.stop, &1_u64.to_ne_bytes()) {
            return tracing::error!(%error, "cannot tell the threads to stop");
        }
        for thread in self.threads {
            // A thread that panicked serves nothing any more; the others are still drained.
            let _ = thread.join();
        }
    }
}

/// As many threads as processors, but no more than four: the kernel does most of the work.
pub(crate) fn default_threads() -> NonZeroUsize {
    const MOST: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).min(MOST)
}
