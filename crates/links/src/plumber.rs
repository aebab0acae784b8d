//! The service's side of the helper process.

use std::net::TcpListener;
use std::os::fd::OwnedFd;

use crate::{LinkError, Place};

/// The number of a link: chosen by the caller, unique among the links of a [`Plumber`].
#[derive(
    Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Serialize, serde::Deserialize,
)]
pub struct LinkNumber(pub u32);

/// How links are made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PlumberSettings {
    /// Link a place also where another service has the metadata address, and `host` also on EC2.
    pub replace_others: bool,
}

/// A link that is up.
#[derive(Debug)]
pub struct Attached {
    /// Sockets that listen at port 80 of the metadata addresses, IPv4 first, and accept from this
    /// link alone. IPv6 is there if the place has it. They are non-blocking, as the data path wants
    /// them.
    pub listeners: Vec<TcpListener>,
    /// Hangs up (`POLLHUP`) once the place is gone or its device was removed, or the helper has ended.
    /// The link should be detached then. There is never anything to read.
    pub gone: OwnedFd,
    /// The device by which the workload reaches the metadata addresses, by its name there: `imds0`, or
    /// the device of [`Place::Device`].
    pub device: String,
}

/// The privileged helper process, and the way to talk to it. All methods can be called from any
/// thread; calls wait for each other.
///
/// The helper ends, and removes all links, when this value is dropped or its process ends for any
/// reason.
#[derive(Debug)]
pub struct Plumber {
    _private: (),
}

impl Plumber {
    /// Forks the helper. Nothing of the machine changes before the first [`attach`](Self::attach).
    ///
    /// Must be called while the process has one thread, and before it opens what the helper should not
    /// inherit. The network namespace of the caller is what [`Place::Host`] and [`Place::Device`] mean.
    pub fn start(_settings: PlumberSettings) -> Result<Self, LinkError> {
        Err(unsupported())
    }

    /// Brings a link up: the workload at `place` reaches the metadata addresses from now on.
    ///
    /// Leaves nothing behind where it fails. What a killed predecessor left in the place is removed.
    pub fn attach(&self, _number: LinkNumber, _place: &Place) -> Result<Attached, LinkError> {
        Err(unsupported())
    }

    /// Takes a link down: devices, addresses and routes are removed. Succeeds also for a link that is
    /// down already. The caller closes the listeners itself.
    pub fn detach(&self, _number: LinkNumber) -> Result<(), LinkError> {
        Err(unsupported())
    }

    /// A new TCP socket in the link's network, bound to its device but not to an address: for the
    /// connection by which the data path resets a client (`--stall`).
    pub fn socket(&self, _number: LinkNumber, _ipv6: bool) -> Result<OwnedFd, LinkError> {
        Err(unsupported())
    }
}

fn unsupported() -> LinkError {
    LinkError::System { operation: "make links".into(), reason: "not implemented yet".into() }
}
