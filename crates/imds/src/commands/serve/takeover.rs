//! `--takeover`: a service takes the sockets of the one that runs with the same state, and its place.
//!
//! The running one stops as at SIGTERM, but for connections that wait to be accepted: those are left to the
//! sockets, which the new one has by then. It goes on as if nothing had happened where the new one fails before
//! it listens everywhere.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use imds_host::Host;
use imds_linux::handover::{self, Offer, Predecessor};
use imds_linux::process::send_signal;
use rustix::process::getpid;

use crate::error::{CommandError, Kind};
use crate::state::StateLocation;

/// How long the running service may take to end: more than it has.
const PATIENCE: Duration = Duration::from_secs(20);

/// The running service, and its sockets; nothing where none runs.
#[derive(Default)]
pub(super) struct Takeover {
    /// Those that are to be used are taken from here.
    pub(super) sockets: Vec<TcpListener>,
    predecessor: Option<Predecessor>,
}

/// Asks the running service for its sockets.
pub(super) fn begin(state: &StateLocation) -> Result<Takeover, CommandError> {
    if state.file().is_none() {
        return Err(CommandError::usage("--takeover needs a state that outlives the service")
            .hint("--state FILE, the file of the running service"));
    }
    // Without the file nobody runs with it.
    let Ok(name) = name(state) else { return Ok(Takeover::default()) };
    let taken = handover::take_over(&name).map_err(cannot)?;
    Ok(taken.map_or_else(Takeover::default, |(sockets, predecessor)| Takeover {
        sockets,
        predecessor: Some(predecessor),
    }))
}

impl Takeover {
    /// Has the running service end, and waits until it has. Closes the sockets that are left.
    pub(super) fn finish(self) -> Result<(), CommandError> {
        let Some(predecessor) = self.predecessor else { return Ok(()) };
        drop(self.sockets);
        // It ends in any case within its time; but it may be stopped, as by a debugger.
        let (done, ended) = mpsc::channel();
        let wait = move || drop(done.send(predecessor.end()));
        let waiting = thread::Builder::new().name("takeover".into()).spawn(wait);
        let waiting = waiting.map_err(super::super::cannot_start)?;
        match ended.recv_timeout(PATIENCE) {
            Ok(outcome) => outcome.map_err(cannot)?,
            Err(_) => {
                return Err(CommandError::new(
                    Kind::Unavailable,
                    "the running service does not end",
                ));
            }
        }
        // Privileges are given up while there is one thread.
        let _ = waiting.join();
        Ok(())
    }
}

fn cannot(error: imds_linux::Error) -> CommandError {
    CommandError::new(Kind::Unavailable, "cannot take over").caused_by(error)
}

/// Sockets that a successor may have. Once this is dropped, nobody listens on them because of it.
pub(super) struct Offered(Arc<Mutex<Vec<TcpListener>>>);

impl Drop for Offered {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Waits for a successor from now on, on a thread of its own. Without one all is as before.
pub(super) fn offer(state: &StateLocation, sockets: Vec<TcpListener>, host: &Host) -> Offered {
    let sockets = Arc::new(Mutex::new(sockets));
    let offer = Offered(Arc::clone(&sockets));
    if state.file().is_none() {
        return offer;
    }
    let offered = name(state).and_then(|name| Offer::new(&name)).and_then(|offer| {
        let hand_over = host.handover();
        let thread = thread::Builder::new().name("takeover".into());
        thread.spawn(move || match offer.wait(&sockets, hand_over) {
            Ok(successor) => {
                tracing::info!("another process takes over");
                send_signal(getpid(), rustix::process::Signal::TERM.as_raw());
                // It is told by the end of this process.
                std::mem::forget(successor);
            }
            Err(error) => tracing::warn!(%error, "nobody can take over"),
        })
    });
    if let Err(error) = offered {
        tracing::debug!(%error, "nobody can take over");
    }
    offer
}

/// Where services with this state meet.
fn name(state: &StateLocation) -> io::Result<String> {
    let path = state.file().ok_or(io::ErrorKind::NotFound)?;
    let file = fs::metadata(path)?;
    Ok(format!("imds-takeover-{}-{}", file.dev(), file.ino()))
}
