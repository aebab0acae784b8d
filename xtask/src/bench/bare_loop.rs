//! A server that parses nothing: one thread that waits, reads, and writes the same response again and
//! again. What it takes is the kernel's part of a request on a connection that stays.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use anyhow::Result;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::net::listen;

/// What tells the listener from connections, which are known by their place.
const LISTENER: u64 = u64::MAX;
/// How many events are taken at a time, and how much of a request.
const EVENTS: usize = 512;
const REQUEST: usize = 4096;
/// How many connections may wait to be accepted.
const BACKLOG: i32 = 4096;

/// Serves on `address` until it is ended; the response is read from standard input.
pub(crate) fn serve(address: &str) -> Result<()> {
    let mut response = Vec::new();
    io::stdin().read_to_end(&mut response)?;
    let listener = TcpListener::bind(address)?;
    // The standard library's 128 is too short for clients that come at the same time.
    listen(&listener, BACKLOG)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut connections: Vec<Option<TcpStream>> = Vec::new();
    let mut events =
        vec![Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; EVENTS];
    let mut buffer = [0; REQUEST];
    loop {
        let count = epoll::wait(&epoll, &mut events, None)?;
        for event in &events[..count] {
            if event.data.u64() == LISTENER {
                let (connection, _) = listener.accept()?;
                let data = EventData::new_u64(connections.len().try_into()?);
                epoll::add(&epoll, &connection, data, EventFlags::IN)?;
                connections.push(Some(connection));
                continue;
            }
            let Some(place) = connections.get_mut(usize::try_from(event.data.u64())?) else {
                continue;
            };
            if !place.as_mut().is_some_and(|it| answer(it, &mut buffer, &response)) {
                *place = None;
            }
        }
    }
}

/// One request, however long it is, gets its response; `false` if the client has left.
fn answer(connection: &mut TcpStream, buffer: &mut [u8], response: &[u8]) -> bool {
    connection.read(buffer).is_ok_and(|length| length > 0) && connection.write_all(response).is_ok()
}
