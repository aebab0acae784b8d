//! A network of the tests' own.

use imds_linux::signal::{self, Disposition};
use imds_linux::user_namespace::{self, Identity};
use imds_linux::{Batch, Namespace, Netlink};

/// The loopback interface's index, the same in every namespace.
const LOOPBACK: u32 = 1;

/// Signals that tests send, or that a terminal does. A shell that starts the tests in the background
/// has some of them ignored, and every program started from here would inherit that.
const SIGNALS: [i32; 9] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

/// Moves this process into a network with nothing but loopback; as root in a user namespace of its
/// own where it is not root. Must be called while there is one thread.
///
/// # Panics
/// If the kernel refuses: without isolation no test may run.
pub fn isolate() {
    for number in SIGNALS {
        signal::dispose(number, Disposition::Default);
    }
    let isolated = (|| {
        if !user_namespace::is_needless() {
            user_namespace::enter(Identity::Root)?;
        }
        Namespace::unshare()?;
        Netlink::open()?.commit(Batch::new().up(LOOPBACK))
    })();
    if let Err(error) = isolated {
        panic!("cannot isolate the tests from this machine's network: {error}");
    }
}
