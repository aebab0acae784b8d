//! HTTP: a thread of its own, and one more for each request that is being carried out.

mod body;
mod connections;
mod seats;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, DATE, HeaderValue, SERVER};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use tokio::runtime::{self, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Abandoned, Control, Reply};
use imds_account::clock::unix_ms;
use imds_account::sweep::Sweeper;
use imds_core::time::HttpDate;
use imds_ec2::Fault;

/// How long what is over may still be shown.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(60);

const MINUTE_MS: u64 = 60_000;

/// How many requests are carried out at a time; others wait. They share processors with the metadata
/// service, and commits that come together share a flush of the disk.
const THREADS: usize = 16;

/// How much less processor time those threads get, as `nice` has it, than those that answer for metadata.
const NICENESS: i32 = 10;

/// How long the end waits for work that nobody waits for.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Where the program's own commands ask what EC2 has no operation for.
const ADMINISTRATION: &str = "/imds";

type Response = hyper::Response<Full<Bytes>>;

/// A running control side; ended when it is dropped.
pub struct ControlServer {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl ControlServer {
    /// Answers whoever connects to `listener`.
    pub fn start(control: Arc<Control>, listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let (stop, mut stopped) = watch::channel(false);
        let runtime = runtime()?;
        let serve = async move {
            tokio::spawn(sweep_now_and_then(Arc::clone(&control)));
            tokio::spawn(sample_each_minute(Arc::clone(&control)));
            let service = service_fn(move |request| {
                let control = Arc::clone(&control);
                async move { Ok::<_, Infallible>(route(control, request).await) }
            });
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let stopped = async move {
                // An error means that the sender is gone, which is the same.
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            connections::serve(listener, service, stopped).await;
            io::Result::Ok(())
        };
        let thread = thread::Builder::new().name("control".to_owned()).spawn(move || {
            if let Err(error) = run(runtime, serve) {
                tracing::error!(%error, "the control side has ended");
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl ControlServer {
    /// Takes no more connections from now on; what has begun is answered for 5 s at most. Does not wait
    /// for it.
    pub fn begin_to_end(&self) {
        self.stop.send_replace(true);
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.begin_to_end();
        if let Some(thread) = self.thread.take() {
            // One that panicked answers nothing any more.
            let _ = thread.join();
        }
    }
}

fn runtime() -> io::Result<Runtime> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(THREADS)
        .on_thread_start(yield_to_metadata)
        .build()
}

/// Serves until that ends.
fn run<Outcome>(runtime: Runtime, serve: impl Future<Output = Outcome>) -> Outcome {
    let outcome = runtime.block_on(serve);
    // Work that nobody waits for ends by itself, but for what waits for the disk.
    runtime.shutdown_timeout(LAST_WAIT);
    outcome
}

/// Has the calling thread wait while others of this process have work to do.
fn yield_to_metadata() {
    // Without this it is served as before.
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "cannot lower the priority of a thread");
    }
}

/// Forgets what is over, for as long as the runtime lives.
async fn sweep_now_and_then(control: Arc<Control>) {
    let mut sweeper = Sweeper::new(control.store.clone());
    loop {
        tokio::time::sleep(BETWEEN_SWEEPS).await;
        let sweep = move || {
            if let Err(error) = sweeper.sweep(unix_ms() / 1000) {
                tracing::error!(%error, "cannot forget what is over");
            }
            sweeper
        };
        let swept = tokio::task::spawn_blocking(sweep).await;
        // One that panicked is gone.
        sweeper = swept.unwrap_or_else(|_| Sweeper::new(control.store.clone()));
    }
}

/// Reads all counts at once, then at the end of each minute, for as long as the runtime lives.
async fn sample_each_minute(control: Arc<Control>) {
    loop {
        let sampled = Arc::clone(&control);
        let sample = move || sampled.history.sample(unix_ms() / 1000);
        if let Err(error) = tokio::task::spawn_blocking(sample).await {
            tracing::error!(%error, "cannot read the counts of requests");
        }
        tokio::time::sleep(Duration::from_millis(MINUTE_MS - unix_ms() % MINUTE_MS)).await;
    }
}

async fn route(control: Arc<Control>, request: Request<Incoming>) -> Response {
    let mut response = operate(control, request).await;
    let date = HttpDate::new(unix_ms() / 1000);
    if let Ok(date) = HeaderValue::from_str(date.as_str()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

async fn operate(control: Arc<Control>, request: Request<Incoming>) -> Response {
    match (request.uri().path(), request.method()) {
        (ADMINISTRATION, &Method::POST) => administer(control, request).await,
        (ADMINISTRATION, _) => {
            let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            response
        }
        _ => answer(control, request).await,
    }
}

async fn answer(control: Arc<Control>, request: Request<Incoming>) -> Response {
    let (head, body) = request.into_parts();
    let refused = Control::refusals(&head);
    let answered = on_a_thread((head, body), move |head, body, now, abandoned| {
        control.answer_unless(head, body, now, abandoned)
    });
    let answered = answered.await.unwrap_or_else(|fault| refused(&fault));
    let Reply { status, content_type, headers, body } = answered;
    let mut response = respond(status, content_type, body);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn administer(control: Arc<Control>, request: Request<Incoming>) -> Response {
    let answered = on_a_thread(request.into_parts(), move |head, body, now, _| {
        control.administer(head, body, now)
    });
    let outcome = answered.await.unwrap_or_else(|fault| Err(fault.into()));
    let status = outcome.as_ref().err().map_or(200, |refusal| refusal.status);
    respond(status, "application/json", serde_json::to_string(&outcome).unwrap_or_default())
}

/// Lets a request be carried out where it may wait for the disk. The work is told when the client is gone,
/// or the service ends.
async fn on_a_thread<Outcome: Send + 'static>(
    (mut head, body): (Parts, Incoming),
    work: impl FnOnce(&Parts, &[u8], u64, &Abandoned) -> Outcome + Send + 'static,
) -> Result<Outcome, Fault> {
    let conduct = head.extensions.remove::<seats::Conduct>();
    // A large body keeps its place until it is worked on.
    let late = |_| Fault::new(408, "RequestTimeout", "The request's body did not come in time");
    let collected = timeout(connections::PATIENCE, body::collect(body)).await;
    let (body, place) = collected.map_err(late)??;
    if let Some(conduct) = conduct {
        conduct.works();
    }
    let abandoned = Abandoned::default();
    let _waiting = abandoned.on_drop();
    let working = tokio::task::spawn_blocking(move || {
        // It may have waited for a thread until nobody waited for it.
        let outcome =
            (!abandoned.is_set()).then(|| work(&head, &body, unix_ms() / 1000, &abandoned));
        drop(place);
        outcome
    });
    let outcome = working.await.inspect_err(|error| tracing::error!(%error, "an operation failed"));
    outcome.ok().flatten().ok_or_else(Fault::internal)
}

fn respond(status: u16, kind: &str, body: impl Into<Bytes>) -> Response {
    hyper::Response::builder()
        .status(status)
        .header(CONTENT_TYPE, kind)
        .header(SERVER, "AmazonEC2")
        .body(Full::new(body.into()))
        .unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR))
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
