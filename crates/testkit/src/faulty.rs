//! A service that does what a test wants.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What is done with a connection once its request is read.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answer with these bytes, and close.
    Respond(String),
    /// Something after this time.
    After(Duration, Box<Act>),
    /// Answer with packets that pass this router at the most, and close.
    Swallowed(String),
    /// The same, but keep the connection open.
    SwallowedAndOpen(String),
    /// Say nothing, and keep the connection open.
    Mute,
    /// Close at once.
    Close,
}

/// A running service; its threads end with the test binary.
#[derive(Debug)]
pub struct Faulty {
    puts: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Faulty {
    /// Answers on `listener` as `script` says for the head of a request, and how many of its method
    /// there were before.
    pub fn start(
        listener: TcpListener,
        script: impl Fn(&str, usize) -> Act + Send + Sync + 'static,
    ) -> Self {
        let puts = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (script, counter, log) = (Arc::new(script), Arc::clone(&puts), Arc::clone(&requests));
        // More than the usual 128 may come at once, and the kernel drops the rest without an answer.
        let _ = socket2::SockRef::from(&listener).listen(4096);
        thread::spawn(move || {
            let gets = Arc::new(AtomicUsize::new(0));
            for stream in listener.incoming().map_while(Result::ok) {
                let (script, puts, gets) =
                    (Arc::clone(&script), Arc::clone(&counter), Arc::clone(&gets));
                let log = Arc::clone(&log);
                thread::spawn(move || {
                    let Some(head) = read_head(&stream) else { return };
                    let count = if head.starts_with("PUT") { &puts } else { &gets };
                    let act = script(&head, count.fetch_add(1, Ordering::SeqCst));
                    if let Ok(mut log) = log.lock() {
                        log.push(head);
                    }
                    // A client that is gone is its own affair.
                    let _ = perform(act, stream);
                });
            }
        });
        Self { puts, requests }
    }

    /// How many tokens were requested.
    pub fn puts(&self) -> usize {
        self.puts.load(Ordering::SeqCst)
    }

    /// The heads of all requests.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().map(|requests| requests.clone()).unwrap_or_default()
    }
}

/// Whether a request is one for a token.
pub fn is_put(head: &str) -> bool {
    head.starts_with("PUT /latest/api/token ")
}

/// An answer with a body.
pub fn answer(status: u16, fields: &[&str], body: &str) -> String {
    let fields: Vec<_> = fields.iter().flat_map(|field| [field, "\r\n"]).collect();
    let fields = fields.concat();
    format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// A token, as the real service gives it.
pub fn token() -> String {
    answer(200, &["X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600"], "AQAEAFAKE==")
}

fn perform(act: Act, mut stream: TcpStream) -> std::io::Result<()> {
    match act {
        Act::Respond(bytes) => stream.write_all(bytes.as_bytes()),
        Act::After(delay, act) => {
            // Time is what this is about.
            let until = Instant::now() + delay;
            while let Some(left) = until.checked_duration_since(Instant::now()) {
                thread::park_timeout(left);
            }
            perform(*act, stream)
        }
        Act::Swallowed(bytes) => {
            imds_linux::socket::lower_ttl(&stream, stream.peer_addr()?.ip(), 1)?;
            stream.write_all(bytes.as_bytes())
        }
        Act::SwallowedAndOpen(bytes) => {
            imds_linux::socket::lower_ttl(&stream, stream.peer_addr()?.ip(), 1)?;
            stream.write_all(bytes.as_bytes())?;
            stay(&mut stream)
        }
        Act::Mute => stay(&mut stream),
        Act::Close => Ok(()),
    }
}

/// Keeps the connection until the other side ends it.
fn stay(stream: &mut TcpStream) -> std::io::Result<()> {
    std::io::copy(stream, &mut std::io::sink()).map(|_| ())
}

fn read_head(mut stream: &TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}
