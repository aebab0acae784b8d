//! What stands between a host and etcd, and can be shut.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use testkit::Result;

/// A way to a server, as long as it is open. What is sent while it is shut arrives once it is open again.
pub(super) struct Door {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_shut: Mutex<bool>,
    changed: Condvar,
}

impl Door {
    pub(super) fn to(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (address, state) = (listener.local_addr()?, Arc::<State>::default());
        let door = Self { address, state: Arc::clone(&state) };
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                state.wait_until_open();
                let Ok(server) = TcpStream::connect(server) else { continue };
                let (Ok(to_client), Ok(to_server)) = (client.try_clone(), server.try_clone())
                else {
                    continue;
                };
                for (from, to) in [(client, to_server), (server, to_client)] {
                    let state = Arc::clone(&state);
                    thread::spawn(move || state.carry(from, to));
                }
            }
        });
        Ok(door)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn set_shut(&self, is_shut: bool) {
        *self.state.is_shut.lock().unwrap_or_else(PoisonError::into_inner) = is_shut;
        self.state.changed.notify_all();
    }
}

impl State {
    fn wait_until_open(&self) {
        let is_shut = self.is_shut.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(is_shut, |is_shut| *is_shut));
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            self.wait_until_open();
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        // The other side may have ended it.
        let _ = to.shutdown(std::net::Shutdown::Both);
    }
}
