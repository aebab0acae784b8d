//! What crowds do.

use std::collections::HashSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::net::sockopt;
use testkit::{Result, SOON};

/// A way to attack.
pub(super) struct Load {
    pub(super) name: &'static str,
    /// How many connections it has in the long form.
    pub(super) crowd: usize,
    /// Whether it goes to the EC2 API, instead of another listener than the good client's.
    pub(super) is_for_the_api: bool,
    /// Attacks until it is stopped; how many requests, or connections, it made.
    pub(super) run: fn(&Attack<'_>) -> Result<u64>,
}

/// One run of it.
pub(super) struct Attack<'a> {
    pub(super) target: SocketAddr,
    pub(super) size: usize,
    /// Set once all connections are there.
    pub(super) ready: &'a AtomicBool,
    pub(super) stop: &'a AtomicBool,
}

const fn load(name: &'static str, crowd: usize, run: fn(&Attack<'_>) -> Result<u64>) -> Load {
    Load { name, crowd, is_for_the_api: false, run }
}

const fn on_the_api(name: &'static str, crowd: usize, run: fn(&Attack<'_>) -> Result<u64>) -> Load {
    Load { name, crowd, is_for_the_api: true, run }
}

pub(super) const LOADS: [Load; 11] = [
    load("busy_neighbours", 4000, |attack| requests(attack, 1)),
    load("neighbours_that_pipeline", 1800, |attack| requests(attack, 16)),
    load("idle_connections", 8000, |attack| attack.crowd(|_| Ok(0))),
    load("heads_that_drip", 4000, |attack| attack.crowd(drip)),
    load("large_heads", 2000, |attack| attack.crowd(large_head)),
    load("answers_that_nobody_takes", 4000, |attack| attack.crowd(take_nothing)),
    load("one_connection_per_request", 0, one_by_one),
    load("resets", 0, resets),
    load("no_requests", 0, no_requests),
    on_the_api("silent_callers", 1500, |attack| attack.crowd(|_| Ok(0))),
    on_the_api("bodies_that_do_not_end", 900, |attack| attack.crowd(endless_body)),
];

const GET: &[u8] =
    b"GET /latest/meta-data/ HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n";

impl Attack<'_> {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Holds many connections, and does something on each in turn; those that are closed are made anew.
    fn crowd(&self, mut act: impl FnMut(&mut TcpStream) -> std::io::Result<u64>) -> Result<u64> {
        let mut streams = (0..self.size).map(|_| self.connect()).collect::<Result<Vec<_>>>()?;
        self.ready.store(true, Ordering::Relaxed);
        let mut done = u64::try_from(streams.len())?;
        while self.goes_on() {
            let mut is_busy = false;
            for stream in &mut streams {
                match act(stream) {
                    Ok(count) => {
                        done += count;
                        is_busy |= count > 0;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => *stream = self.connect()?,
                }
                if !self.goes_on() {
                    break;
                }
            }
            if !is_busy {
                std::thread::park_timeout(Duration::from_millis(10));
            }
        }
        Ok(done)
    }

    fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.target, SOON)?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

/// Sends the next requests as soon as there is an answer, `depth` of them at a time.
fn requests(attack: &Attack<'_>, depth: usize) -> Result<u64> {
    let request = GET.repeat(depth);
    let mut room = vec![0; 64 << 10];
    // Connections that have asked, by their ports.
    let mut asked = HashSet::new();
    attack.crowd(|stream| {
        let port = stream.local_addr()?.port();
        if !asked.insert(port) && stream.read(&mut room)? == 0 {
            asked.remove(&port);
            return Err(ErrorKind::ConnectionReset.into());
        }
        let sent = stream.write_all(&request);
        if sent.is_err() {
            asked.remove(&port);
        }
        sent?;
        Ok(depth as u64)
    })
}

fn drip(stream: &mut TcpStream) -> std::io::Result<u64> {
    stream.write_all(b"x")?;
    Ok(0)
}

fn large_head(stream: &mut TcpStream) -> std::io::Result<u64> {
    // Nearly all that a head may have, without its end.
    stream.write_all(&[b'x'; 4096])?;
    Ok(1)
}

/// Asks for tokens until there is no room for answers; such an answer waits for the earlier ones.
fn take_nothing(stream: &mut TcpStream) -> std::io::Result<u64> {
    const PUT: &[u8] =
        b"PUT /latest/api/token HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\
                         X-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";
    sockopt::set_socket_recv_buffer_size(&*stream, 4096)?;
    stream.write_all(PUT)?;
    Ok(1)
}

fn endless_body(stream: &mut TcpStream) -> std::io::Result<u64> {
    stream.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")?;
    stream.write_all(&[b'x'; 8192])?;
    Ok(1)
}

/// As fast as it goes, on a few threads.
fn storm(attack: &Attack<'_>, act: impl Fn(TcpStream, u64) -> Result<()> + Sync) -> Result<u64> {
    const THREADS: usize = 4;
    std::thread::scope(|scope| {
        let storm = || -> Result<u64> {
            let mut done = 0;
            while attack.goes_on() {
                let stream = TcpStream::connect_timeout(&attack.target, SOON)?;
                stream.set_read_timeout(Some(SOON))?;
                // Whatever becomes of it.
                let _ = act(stream, done);
                done += 1;
                attack.ready.store(true, Ordering::Relaxed);
            }
            Ok(done)
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(storm)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

fn one_by_one(attack: &Attack<'_>) -> Result<u64> {
    storm(attack, |mut stream, _| {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    })
}

fn resets(attack: &Attack<'_>) -> Result<u64> {
    storm(attack, |mut stream, _| {
        stream.write_all(GET)?;
        sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
        Ok(())
    })
}

/// What no client means to send. Answers to it are looked at in `robustness`.
fn no_requests(attack: &Attack<'_>) -> Result<u64> {
    const BYTES: [&[u8]; 16] = [
        b"\r\n\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n: no name\r\n\r\n",
        b"GET / HTTP/1.1\r\nno value\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET /%zz%00/../../.. HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://elsewhere.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 99999999999\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    ];
    storm(attack, |mut stream, number| {
        let bytes = BYTES[usize::try_from(number)? % BYTES.len()];
        stream.write_all(bytes)?;
        stream.shutdown(std::net::Shutdown::Write)?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    })
}
