//! Requests as they come, as server-sent events.
//!
//! A viewer that does not read holds nobody up: what it cannot take is lost, and it is told how much that
//! was as soon as it reads again.

use std::fmt::Write as _;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

use crate::feed::{Batch, Feed, Numbered, Watch};
use crate::response::{Body, Response, respond};

/// How many packs of events may wait for a viewer's connection.
const PACKS: usize = 2;

/// How long nothing is sent at most. A viewer that has gone is noticed by it.
const SILENCE: Duration = Duration::from_secs(15);

/// Answers with requests from now on; with those that were missed, where the browser comes back and says
/// what it saw last. `place` is given back at the end.
pub(crate) fn watch(feed: &Feed, head: &Parts, place: OwnedSemaphorePermit) -> Response {
    let last = head.headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let watch = feed.watch(last);
    let (sender, receiver) = mpsc::channel(PACKS);
    tokio::spawn(async move {
        pass_on(watch, &sender).await;
        drop(place);
    });
    respond(StatusCode::OK, "text/event-stream", Body::Live(receiver))
}

/// Ends when the viewer is gone, or the service ends.
async fn pass_on(watch: Watch, viewer: &mpsc::Sender<Bytes>) {
    let Watch { last, missed, newest, mut batches } = watch;
    // At once, so that the browser knows that it is connected.
    let mut pack = Pack { text: String::from(": requests as they come\n\n"), last };
    pack.add(&missed, newest);
    loop {
        if viewer.send(Bytes::from(std::mem::take(&mut pack.text))).await.is_err() {
            return;
        }
        let next = tokio::select! {
            next = timeout(SILENCE, batches.recv()) => next,
            () = viewer.closed() => return,
        };
        match next {
            Err(_) => pack.text.push_str(": still here\n\n"),
            Ok(Ok(Batch { requests, newest })) => pack.add(&requests, newest),
            // The numbers of the next batch tell how many were lost.
            Ok(Err(RecvError::Lagged(_))) => {}
            Ok(Err(RecvError::Closed)) => return,
        }
    }
}

/// Events that are sent together.
struct Pack {
    text: String,
    /// The number up to which the viewer knows what became of each request.
    last: u64,
}

impl Pack {
    /// Adds requests, the newest of which has the number `newest` or was lost.
    fn add(&mut self, requests: &[Numbered], newest: u64) {
        for request in requests {
            self.lose_up_to(request.number - 1);
            self.last = request.number;
            let json = serde_json::to_string(&request.facts()).unwrap_or_default();
            // A string takes whatever is written to it.
            let _ = write!(self.text, "id: {}\nevent: request\ndata: {json}\n\n", request.number);
        }
        self.lose_up_to(newest);
    }

    fn lose_up_to(&mut self, number: u64) {
        let lost = number.saturating_sub(self.last);
        if lost > 0 {
            let _ = write!(self.text, "event: lost\ndata: {{\"lost\":{lost}}}\n\n");
            self.last = number;
        }
    }
}

#[cfg(test)]
mod tests {
    use imds_core::response::{ImdsVersion, Status};
    use tokio::runtime::Builder;
    use tokio::sync::broadcast;

    use super::*;
    use crate::feed::Numbered;
    use crate::feed::tests::record;

    #[test]
    fn a_viewer_that_does_not_read_loses_requests_and_is_told() {
        let (feed, batches) = broadcast::channel(4);
        let (sender, mut receiver) = mpsc::channel(1);
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let watch = Watch { last: 0, missed: Vec::new(), newest: 0, batches };
            let passing = tokio::spawn(async move { pass_on(watch, &sender).await });
            assert!(receiver.recv().await.unwrap().starts_with(b": "));
            for number in (1..=20).step_by(2) {
                let request = Numbered::new(number, record(ImdsVersion::V1, Status::Ok, "curl"));
                let batch = Batch { requests: [request].into(), newest: number + 1 };
                assert!(feed.send(batch).is_ok(), "somebody watches");
                tokio::task::yield_now().await;
            }
            drop(feed);
            let mut all = String::new();
            while let Some(pack) = receiver.recv().await {
                all.push_str(std::str::from_utf8(&pack).unwrap());
            }
            passing.await.unwrap();
            let events = all.matches("event: request").count();
            let lost: usize = all
                .split("{\"lost\":")
                .skip(1)
                .map(|rest| rest.split('}').next().unwrap().parse::<usize>().unwrap())
                .sum();
            assert!(events < 10 && events + lost == 20, "{events} events, {lost} lost");
            assert!(all.contains("id: 19\n"), "the latest is not lost");
        });
    }
}
