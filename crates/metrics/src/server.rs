//! `GET /metrics`, on an address of its own and in a thread of its own.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::runtime;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::collector::{Format, Metrics};

/// How many connections are held at a time; more wait to be accepted.
const CONNECTIONS: usize = 256;

/// How long a request's head may take to arrive, and how long a connection may be idle.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection may take in all, so that those who read nothing make room for others.
const LIFE: Duration = Duration::from_secs(600);

/// How long nobody is accepted when the system has no connection to spare.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is dropped.
pub struct MetricsServer {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl MetricsServer {
    /// Answers whoever connects to `listener`.
    pub fn start(metrics: Arc<Metrics>, listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let (stop, mut stopped) = watch::channel(false);
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let thread = thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, metrics) => {}
                    // An error means that the sender is gone, which is the same.
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
            });
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // One that panicked answers nothing any more.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, metrics: Arc<Metrics>) {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    // It is never closed.
    while let Ok(place) = Arc::clone(&free).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let metrics = Arc::clone(&metrics);
        let service = service_fn(move |request| {
            let metrics = Arc::clone(&metrics);
            async move { Ok::<_, Infallible>(answer(&metrics, &request)) }
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

fn answer(metrics: &Metrics, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
        *response.body_mut() = Full::from("metrics are at /metrics\n");
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    } else {
        let format = Format::accepted(request.headers());
        let kind = HeaderValue::from_static(format.media_type());
        response.headers_mut().insert(CONTENT_TYPE, kind);
        *response.body_mut() = Full::from(metrics.text(format));
    }
    response
}
