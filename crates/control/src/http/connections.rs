//! The connections of the control side: so many, and none of them for ever.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

/// How many are held at a time; more wait to be accepted.
const CONNECTIONS: usize = 1024;

/// The longest head, in bytes; what is read of a body at a time is as long.
const HEAD: usize = 16 << 10;

/// How long a request's head may take to arrive, and its body; and how long a connection may be idle.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How long requests that have begun may take once the service is told to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// How long nobody is accepted when the system has no connection to spare.
const PAUSE: Duration = Duration::from_millis(100);

/// Has `service` answer whoever connects, until `stopped`; those who are being answered then are still
/// answered.
pub(super) async fn serve<S>(listener: TcpListener, service: S, stopped: impl Future<Output = ()>)
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let (cut, is_cut) = watch::channel(());
    let begin = |stream, place: OwnedSemaphorePermit| {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEAD);
        // Written by `route`: hyper's own date is for clocks between 1970 and 9999 only.
        http.auto_date_header(false);
        let connection = http.serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection);
        let mut is_cut = is_cut.clone();
        tokio::spawn(async move {
            tokio::select! {
                // What goes wrong with a connection is its client's business.
                _ = connection => {}
                _ = is_cut.changed() => {}
            }
            drop(place);
        });
    };
    let accepting = async {
        // It is never closed.
        while let Ok(place) = Arc::clone(&free).acquire_owned().await {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the control side cannot accept a connection");
                    sleep(PAUSE).await;
                    continue;
                }
            };
            begin(stream, place);
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stopped => {}
    }
    // Those that have come are answered as well; new ones are refused at once.
    while let Ok(place) = Arc::clone(&free).try_acquire_owned()
        && let Ok(Ok((stream, _))) = timeout(Duration::ZERO, listener.accept()).await
    {
        begin(stream, place);
    }
    drop(listener);
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests to the control side were not complete, and are not answered");
        drop(cut);
        // All places are free once all connections are gone, and their work knows that it is in vain.
        let places = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        let _ = free.acquire_many(places).await;
    }
}
