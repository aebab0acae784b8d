//! The console's connections: a thread of its own, and a few more for what may wait for the disk. Their
//! priority is below that of the threads that answer for metadata.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use imds_control::Control;
use imds_dataplane::{CounterReader, CurrentTable, Requests};
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::runtime;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::console::Console;
use crate::feed::Feed;
use crate::route::route;
use crate::session::SignIn;

/// How many connections are held at a time; more wait to be accepted.
const CONNECTIONS: usize = 128;

/// How many viewers watch requests at a time.
const VIEWERS: usize = 16;

/// How many requests are carried out at a time that may wait for the disk.
const THREADS: usize = 4;

/// How much less processor time its threads get, as `nice` has it, than those that answer for metadata.
const NICENESS: i32 = 10;

/// How long a request's head may take to arrive, and how long a connection may be idle.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a connection may take in all. A browser that watches comes back, and misses nothing.
const LIFE: Duration = Duration::from_secs(3600);

/// How many bytes may wait in the kernel for a client that does not read.
const SEND_BUFFER: usize = 64 << 10;

/// How long nobody is accepted when the system has no connection to spare.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the end waits for what is being carried out.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// What the console shows, and what it changes it with.
pub struct Sources {
    /// The account.
    pub control: Arc<Control>,
    /// What is served.
    pub table: CurrentTable,
    /// What was counted.
    pub counters: CounterReader,
    /// A subscription of its own, which holds [`CAPACITY`](crate::CAPACITY) records.
    pub requests: Requests,
    /// Who lets browsers in.
    pub sign_in: Arc<SignIn>,
    /// The program's version.
    pub version: &'static str,
}

/// Serves the console until it is dropped.
pub struct ConsoleServer {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl ConsoleServer {
    /// Answers whoever connects to `listener`, which should be on loopback: whoever reaches it can try codes
    /// and see the sign-in page.
    pub fn start(sources: Sources, listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let Sources { control, table, counters, requests, sign_in, version } = sources;
        let feed = Feed::start(requests)?;
        let viewers = Arc::new(Semaphore::new(VIEWERS));
        let console = Console { control, table, counters, feed, sign_in, viewers, version };
        let (stop, mut stopped) = watch::channel(false);
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(THREADS)
            .on_thread_start(yield_to_metadata)
            .build()?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let thread = thread::Builder::new().name("console".to_owned()).spawn(move || {
            yield_to_metadata();
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, Arc::new(console)) => {}
                    // An error means that the sender is gone, which is the same.
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
            });
            runtime.shutdown_timeout(LAST_WAIT);
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for ConsoleServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // One that panicked answers nothing any more.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, console: Arc<Console>) {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    // It is never closed.
    while let Ok(place) = Arc::clone(&free).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        // Without it, events come late.
        let _ = stream.set_nodelay(true);
        // What a viewer does not read is to be lost early, instead of filling memory of the kernel.
        let _ = set_socket_send_buffer_size(&stream, SEND_BUFFER);
        let console = Arc::clone(&console);
        let service = service_fn(move |request| {
            let console = Arc::clone(&console);
            async move { Ok::<_, Infallible>(route(console, request).await) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            // What goes wrong with a connection is its client's business.
            let _ = timeout(LIFE, connection).await;
            drop(place);
        });
    }
}

fn yield_to_metadata() {
    // Without this it is as urgent as metadata.
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "cannot lower the priority of a thread");
    }
}
