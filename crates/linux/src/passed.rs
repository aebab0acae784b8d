//! Listening sockets that a service manager passes at the start, as [systemd does]: `LISTEN_FDS` descriptors
//! from 3 on, for the process `LISTEN_PID`.
//!
//! The service manager keeps them, so connections wait in them while the service is restarted.
//!
//! [systemd does]: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html

use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::io::{FdFlags, fcntl_setfd};

/// The first descriptor that is passed.
const FIRST: i32 = 3;

/// Takes the socket that is bound to `address`, if one was passed. Nobody gets it a second time.
pub fn take(address: SocketAddr) -> io::Result<Option<TcpListener>> {
    let Some(socket) = take_from(&mut sockets(), address) else { return Ok(None) };
    socket.set_nonblocking(true)?;
    Ok(Some(socket))
}

/// Takes the socket that is bound to `address` from these, if it is among them.
pub fn take_from(sockets: &mut Vec<TcpListener>, address: SocketAddr) -> Option<TcpListener> {
    let bound = sockets.iter().position(|socket| socket.local_addr().ok() == Some(address));
    bound.map(|place| sockets.swap_remove(place))
}

/// The addresses of those that nobody has taken.
pub fn left() -> Vec<SocketAddr> {
    sockets().iter().filter_map(|socket| socket.local_addr().ok()).collect()
}

fn sockets() -> MutexGuard<'static, Vec<TcpListener>> {
    static SOCKETS: OnceLock<Mutex<Vec<TcpListener>>> = OnceLock::new();
    let sockets = SOCKETS.get_or_init(|| Mutex::new(all()));
    sockets.lock().unwrap_or_else(PoisonError::into_inner)
}

fn all() -> Vec<TcpListener> {
    let number = |name| env::var(name).ok()?.parse::<i32>().ok();
    let is_ours = number("LISTEN_PID") == i32::try_from(std::process::id()).ok();
    let count = number("LISTEN_FDS").filter(|_| is_ours).unwrap_or(0).clamp(0, 1024);
    let descriptors = (FIRST..FIRST + count).map(|number| {
        // SAFETY: whoever started this process says that it is open, and meant for us; nothing else of this
        // program opens descriptors by number.
        unsafe { OwnedFd::from_raw_fd(number) }
    });
    let sockets = descriptors.filter(|descriptor| {
        // Programs that we start do not get it.
        fcntl_setfd(descriptor, FdFlags::CLOEXEC).is_ok()
    });
    sockets.map(TcpListener::from).collect()
}
