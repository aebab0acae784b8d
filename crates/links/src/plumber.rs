//! The service's side of the helper process.

use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Mutex, PoisonError};

use imds_linux::descriptor;
use imds_linux::process::{self, Child, Isolation};
use rustix::net::Shutdown;

use crate::helper::Helper;
use crate::request::{MAX_LEN, Request, Response};
use crate::{LinkError, LinkNumber, Place};

/// How links are made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PlumberSettings {
    /// Link a place also where another service has the metadata address, and the host or its devices
    /// also on EC2.
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
    socket: Mutex<OwnedFd>,
    helper: Child,
}

impl Plumber {
    /// Forks the helper. Nothing of the machine changes before the first [`attach`](Self::attach).
    ///
    /// Must be called while the process has one thread, and before it opens what the helper should not
    /// inherit. The network namespace of the caller is what [`Place::Host`] and [`Place::Device`] mean.
    pub fn start(settings: PlumberSettings) -> Result<Self, LinkError> {
        let failed = |error: imds_linux::Error| LinkError::System {
            operation: "start the helper process that makes links".into(),
            reason: error.to_string(),
        };
        let (ours, theirs) = descriptor::message_pair().map_err(failed)?;
        let mut ours = Some(ours);
        let helper = process::fork(Isolation::None, || {
            // Else the helper would never see that the service has ended.
            drop(ours.take());
            // Nor would sockets that a service manager passed ever be closed.
            descriptor::close_all_but(&theirs);
            Helper::run(theirs, settings.replace_others)
        })
        .map_err(failed)?;
        let socket = Mutex::new(ours.take().ok_or(LinkError::Lost)?);
        Ok(Self { socket, helper })
    }

    /// Brings a link up: the workload at `place` reaches the metadata addresses from now on.
    ///
    /// Leaves nothing behind where it fails. What a killed predecessor left in the place is removed.
    pub fn attach(&self, number: LinkNumber, place: &Place) -> Result<Attached, LinkError> {
        let called = self.call(&Request::Attach { number, place: place.clone() });
        // The helper may have made what did not arrive here.
        let (response, descriptors) = called.inspect_err(|_| drop(self.detach(number)))?;
        let mut descriptors = descriptors.into_iter();
        match (response, descriptors.next()) {
            (Response::Attached { device }, Some(gone)) => {
                let listeners = descriptors.map(TcpListener::from).collect();
                Ok(Attached { listeners, gone, device })
            }
            (response, _) => Err(unexpected(response)),
        }
    }

    /// Takes a link down: devices, addresses and routes are removed. Succeeds also for a link that is
    /// down already. The caller closes the listeners itself.
    pub fn detach(&self, number: LinkNumber) -> Result<(), LinkError> {
        match self.call(&Request::Detach { number })? {
            (Response::Detached, _) => Ok(()),
            (response, _) => Err(unexpected(response)),
        }
    }

    /// A new TCP socket in the link's network, bound to its device and to port 80 of the metadata
    /// address: for `imds_linux::socket::provoke_reset_on`, by which the data path resets a client
    /// (`--stall`).
    pub fn socket(&self, number: LinkNumber, ipv6: bool) -> Result<OwnedFd, LinkError> {
        match self.call(&Request::Socket { number, ipv6 })? {
            (Response::Socket, mut descriptors) => descriptors.pop().ok_or(LinkError::Lost),
            (response, _) => Err(unexpected(response)),
        }
    }

    fn call(&self, request: &Request) -> Result<(Response, Vec<OwnedFd>), LinkError> {
        let failed = |reason| {
            let operation = "ask the helper process that makes links".into();
            LinkError::System { operation, reason }
        };
        let request = serde_json::to_vec(request).map_err(|error| failed(error.to_string()))?;
        if request.len() > MAX_LEN {
            return Err(failed("the name of the place is too long".into()));
        }
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        descriptor::send_message(&*socket, &request, &[]).map_err(|_| LinkError::Lost)?;
        let received = descriptor::receive_message(&*socket, MAX_LEN).map_err(|error| {
            let reason = error.io().map_or_else(String::new, |source| format!(": {source}"));
            failed(format!("{error}{reason}"))
        })?;
        let (bytes, descriptors) = received.ok_or(LinkError::Lost)?;
        let response = serde_json::from_slice(&bytes).map_err(|_| LinkError::Lost)?;
        Ok((response, descriptors))
    }
}

fn unexpected(response: Response) -> LinkError {
    match response {
        Response::Failed { error } => error,
        _ => LinkError::Lost,
    }
}

impl Drop for Plumber {
    fn drop(&mut self) {
        let socket = self.socket.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = rustix::net::shutdown(socket.as_fd(), Shutdown::Both);
        // It removes all links first, so they are gone when this returns.
        let _ = self.helper.wait();
    }
}
