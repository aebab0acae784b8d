//! The kernel's objects behind a place: its namespace, its process, and the lock on it.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use imds_linux::{Error, Namespace, process};

use crate::container;
use crate::error::LinkError;
use crate::place::Place;

/// A namespace, which a device has none of; and the process that the place ends with, readable once it
/// has ended.
pub(crate) type Target = (Option<Namespace>, Option<OwnedFd>);

/// The namespace of a place, and the process that it ends with. A device has none of its own.
pub(crate) fn find(place: &Place, home: &Namespace) -> Result<Target, LinkError> {
    let (path, pid) = match place {
        Place::Device(_) => return Ok((None, None)),
        Place::Host => {
            let home = home.try_clone();
            let home = home.map_err(|error| LinkError::of(place, "link", Some(&error)))?;
            return Ok((Some(home), None));
        }
        Place::Netns(path) => (path.clone(), None),
        Place::Pid(pid) => (namespace_of(*pid), Some(*pid)),
        Place::Container(name) => {
            let pid = container::process(place, name)?;
            (namespace_of(pid), Some(pid))
        }
    };
    // Before the namespace is opened, so that a number that is used again is noticed.
    let process = pid.map(process::watch_process).transpose().map_err(|error| {
        match error.raw_os_error() {
            Some(ESRCH) => LinkError::no_such(place, "no process has this number"),
            _ => LinkError::of(place, "watch the process", Some(&error)),
        }
    })?;
    let namespace = Namespace::open(&path).map_err(|error| match error.io() {
        Some(reason) if reason.kind() == std::io::ErrorKind::NotFound => {
            LinkError::no_such(place, format!("{} does not exist", path.display()))
        }
        _ => LinkError::at(place, &error),
    })?;
    Ok((Some(namespace), process))
}

/// Why a namespace could not be entered.
pub(crate) fn not_a_namespace(place: &Place, error: &Error) -> LinkError {
    match error.io().and_then(std::io::Error::raw_os_error) {
        Some(EINVAL) => LinkError::no_such(place, "it is not a network namespace"),
        _ => LinkError::at(place, error),
    }
}

const ESRCH: i32 = rustix::io::Errno::SRCH.raw_os_error();
const EINVAL: i32 = rustix::io::Errno::INVAL.raw_os_error();

fn namespace_of(pid: u32) -> PathBuf {
    format!("/proc/{pid}/ns/net").into()
}
