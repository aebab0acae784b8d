//! What a service manager is told, in the datagrams of [sd_notify]: that the service is ready, reloads, stops,
//! and lives.
//!
//! [sd_notify]: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The service manager that started this process. Without one, what it is told goes nowhere.
pub(crate) struct ServiceManager {
    socket: Option<UnixDatagram>,
    /// How long it waits for a sign of life before it starts the service anew; `None`: for ever.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that `NOTIFY_SOCKET` and `WATCHDOG_USEC` name. Its socket is connected now: later the process
    /// may not have the right to.
    pub(crate) fn of_environment() -> Self {
        let socket = env::var_os("NOTIFY_SOCKET").and_then(|name| {
            connect(&name)
                .inspect_err(|error| {
                    tracing::warn!(%error, "cannot tell the service manager ($NOTIFY_SOCKET) anything");
                })
                .ok()
        });
        let number = |name| env::var(name).ok()?.parse::<u64>().ok();
        // Inherited from a parent that is watched itself, it is not about this process.
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0);
        Self { watchdog: watchdog.map(Duration::from_micros).filter(|_| socket.is_some()), socket }
    }

    /// It serves, or serves again after a reload.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// The same, with a line for people who ask for the state of the service.
    pub(crate) fn ready_as(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// It reads its settings again; [`ready`](Self::ready) says that it has.
    pub(crate) fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// It takes no new connections.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=Answers requests that have begun");
    }

    /// It lives.
    pub(crate) fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// How often a sign of life is due, with time to spare; `None` if nobody waits for one.
    pub(crate) fn period(&self) -> Option<Duration> {
        self.watchdog.map(|watchdog| watchdog / 3)
    }

    fn tell(&self, text: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = socket.send(text.as_bytes()) {
            tracing::warn!(%error, "cannot tell the service manager ($NOTIFY_SOCKET) anything");
        }
    }
}

/// `@name` is an abstract socket.
fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    // A service manager that does not read holds nothing up.
    socket.set_nonblocking(true)?;
    Ok(socket)
}
