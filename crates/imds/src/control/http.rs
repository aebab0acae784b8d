//! HTTP: a thread of its own, and one more for each request that is being carried out.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, SERVER};
use axum::response::{IntoResponse as _, Response};
use tokio::runtime;
use tokio::sync::watch;

use super::{Control, Reply};
use crate::clock::unix_ms;

/// The largest body: far more than user data in base64 and fifty tags need.
const MAX_BODY: usize = 1 << 20;

/// A running control side; ended when it is dropped.
pub(crate) struct ControlServer {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl ControlServer {
    /// Answers whoever connects to `listener`.
    pub(crate) fn start(control: Control, listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let (stop, mut stopped) = watch::channel(false);
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let router = Router::new().fallback(answer).with_state(Arc::new(control));
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let stopped = async move {
                // An error means that the sender is gone, which is the same.
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            axum::serve(listener, router).with_graceful_shutdown(stopped).await
        };
        let thread = thread::Builder::new().name("control".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(serve) {
                tracing::error!(%error, "the control side has ended");
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // One that panicked answers nothing any more.
            let _ = thread.join();
        }
    }
}

async fn answer(State(control): State<Arc<Control>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    // It waits for the disk.
    let answered =
        tokio::task::spawn_blocking(move || control.answer(&head, &body, unix_ms() / 1000));
    match answered.await {
        Ok(Reply { status, body }) => Response::builder()
            .status(status)
            .header(CONTENT_TYPE, "text/xml;charset=UTF-8")
            .header(SERVER, "AmazonEC2")
            .body(Body::from(body))
            .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        Err(error) => {
            tracing::error!(%error, "an operation failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
