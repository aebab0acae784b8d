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
    /// What the server has sent, where that is kept.
    heard: Option<Mutex<Vec<u8>>>,
}

impl Door {
    pub(super) fn to(server: SocketAddr) -> Result<Self> {
        Self::with(server, State::default())
    }

    /// The same, and it keeps what the server sends.
    pub(super) fn that_hears(server: SocketAddr) -> Result<Self> {
        Self::with(server, State { heard: Some(Mutex::default()), ..State::default() })
    }

    fn with(server: SocketAddr, state: State) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (address, state) = (listener.local_addr()?, Arc::new(state));
        let door = Self { address, state: Arc::clone(&state) };
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                state.wait_until_open();
                let Ok(server) = TcpStream::connect(server) else { continue };
                // What waits for more to send would wait for an acknowledgement.
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let (Ok(to_client), Ok(to_server)) = (client.try_clone(), server.try_clone())
                else {
                    continue;
                };
                for (from, to, is_answer) in [(client, to_server, false), (server, to_client, true)]
                {
                    let state = Arc::clone(&state);
                    thread::spawn(move || state.carry(from, to, is_answer));
                }
            }
        });
        Ok(door)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that the server has sent so far.
    pub(super) fn heard(&self) -> Vec<u8> {
        let heard = self.state.heard.iter();
        heard.flat_map(|it| it.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
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

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, is_answer: bool) {
        let mut bytes = [0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if let Some(heard) = self.heard.as_ref().filter(|_| is_answer) {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.extend_from_slice(&bytes[..count]);
            }
            self.wait_until_open();
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        // The other side may have ended it.
        let _ = to.shutdown(std::net::Shutdown::Both);
    }
}
