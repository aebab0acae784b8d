//! A place is linked by one service: an abstract socket of the service's own network namespace, which
//! the kernel frees however the helper ends, says so.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use imds_linux::Namespace;

use crate::error::LinkError;
use crate::place::Place;

/// Takes places for this service.
pub(crate) enum Locks {
    /// The calling thread is in the service's namespace.
    Here,
    /// A thread is, and the calling one will not be.
    Elsewhere(Sender<Order>),
}

/// A name to bind, and who waits for it.
pub(crate) type Order = (String, Sender<io::Result<UnixListener>>);

impl Locks {
    /// Starts a thread that stays in the calling thread's namespace.
    pub(crate) fn elsewhere() -> Self {
        let (orders, taken): (_, Receiver<Order>) = channel();
        thread::spawn(move || {
            for (name, reply) in taken {
                // Nobody waits any more if the helper has ended.
                let _ = reply.send(bind(&name));
            }
        });
        Self::Elsewhere(orders)
    }

    /// Takes a place, until the result is dropped.
    pub(crate) fn take(
        &self,
        place: &Place,
        workload: Option<&Namespace>,
    ) -> Result<UnixListener, LinkError> {
        let name = match workload {
            Some(workload) => {
                let (device, inode) =
                    workload.identity().map_err(|error| LinkError::at(place, &error))?;
                format!("imds-link/net/{device}/{inode}")
            }
            None => format!("imds-link/{place}"),
        };
        let bound = match self {
            Self::Here => bind(&name),
            Self::Elsewhere(orders) => {
                let (reply, bound) = channel();
                // If the thread is gone its end of the reply is, too.
                let _ = orders.send((name, reply));
                bound.recv().map_err(|_| LinkError::Lost)?
            }
        };
        bound.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => LinkError::AlreadyLinked {
                place: place.to_string(),
                reason: "another link of this machine has it; remove that one first".into(),
            },
            _ => LinkError::of(place, "take the place", Some(&error)),
        })
    }
}

fn bind(name: &str) -> io::Result<UnixListener> {
    UnixListener::bind_addr(&SocketAddr::from_abstract_name(name)?)
}
