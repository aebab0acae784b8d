//! The connections of the control side: so many, and none of them for ever.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use super::seats::{Conduct, Place, Seats};

/// How many are held at a time. One more takes the place of another: see [`Seats::take`].
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
    let seats = Seats::new(CONNECTIONS);
    let graceful = GracefulShutdown::new();
    let (cut, is_cut) = watch::channel(());
    let begin = |stream, (place, leave): (Place, oneshot::Receiver<()>)| {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEAD);
        // Written by `route`: hyper's own date is for clocks between 1970 and 9999 only.
        http.auto_date_header(false);
        let (service, conduct) = (service.clone(), place.conduct());
        let service = service_fn(move |request| answer(request, service.clone(), conduct.clone()));
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        let mut is_cut = is_cut.clone();
        tokio::spawn(async move {
            tokio::select! {
                // What goes wrong with a connection is its client's business.
                _ = connection => {}
                _ = is_cut.changed() => {}
                _ = leave => {}
            }
            drop(place);
        });
    };
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => begin(stream, seats.take().await),
                Err(error) => {
                    tracing::warn!(%error, "the control side cannot accept a connection");
                    sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stopped => {}
    }
    // Those that have come are answered as well; new ones are refused at once.
    while let Ok(Ok((stream, _))) = timeout(Duration::ZERO, listener.accept()).await
        && let Some(place) = seats.try_take()
    {
        begin(stream, place);
    }
    drop(listener);
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests to the control side were not complete, and are not answered");
        drop(cut);
        // Once all connections are gone, their work knows that it is in vain.
        seats.all_left().await;
    }
}

/// Has `service` answer, and notes what that says of the connection.
async fn answer<S>(
    mut request: Request<Incoming>,
    service: S,
    conduct: Conduct,
) -> Result<S::Response, Infallible>
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible>,
{
    request.extensions_mut().insert(conduct.clone());
    let answer = service.call(request).await;
    conduct.answered(answer.as_ref().is_ok_and(|it| it.status().is_success()));
    answer
}
