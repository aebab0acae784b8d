//! Others who ask the service while one request is not answered.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::distance;
use super::evidence::Testimony;
use crate::connect;
use crate::endpoint::Endpoint;
use crate::exchange::Request;
use crate::path::Path;
use crate::secret::Secret;
use crate::socket;

/// No token of any service. With it a request is answered at once, and tells nothing to anybody:
/// without it, where tokens are optional, it would count as a use of `IMDSv1`.
const FALSE_TOKEN: &str = "not-a-token-but-a-question-whether-anybody-is-there";

/// How long one try takes at the most, and how many there are.
const TRY: Duration = Duration::from_millis(100);
const TRIES: u32 = 8;

/// A task that finds out; ended when this is dropped.
pub(super) struct Witness {
    testimony: watch::Receiver<Testimony>,
    task: AbortHandle,
}

impl Witness {
    pub(super) fn call(endpoint: Endpoint, address: SocketAddr) -> Self {
        let (sender, testimony) = watch::channel(Testimony::default());
        let task = tokio::spawn(async move {
            tokio::join!(ask(&endpoint, address, &sender), measure(address, &sender));
        });
        Self { testimony, task: task.abort_handle() }
    }

    pub(super) fn testimony(&self) -> Testimony {
        *self.testimony.borrow()
    }

    /// Waits until it knows all it will.
    pub(super) async fn finished(&self) {
        let is_whole =
            |testimony: &Testimony| testimony.status.is_some() && testimony.hops.is_some();
        // An error is the task's end, after which it learns nothing more.
        let _ = self.testimony.clone().wait_for(is_whole).await;
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Measures in haste; where that tells nothing the link or this machine is slow, and it takes its time.
async fn measure(address: SocketAddr, sender: &watch::Sender<Testimony>) {
    for patience in [distance::HASTE, distance::LEISURE] {
        let measured = distance::measure(address, patience).await;
        sender.send_modify(|testimony| {
            testimony.hops = measured.hops;
            testimony.had_loss |= measured.had_loss || measured.hops.is_none();
        });
        if measured.hops.is_some() {
            return;
        }
    }
}

/// Asks with a false token until there is an answer, whatever it is.
async fn ask(endpoint: &Endpoint, address: SocketAddr, sender: &watch::Sender<Testimony>) {
    let Ok(path) = Path::new("/latest/meta-data/") else { return };
    let request = Request::get(endpoint, path, Some(&Secret::new(FALSE_TOKEN)));
    for number in 0..TRIES {
        let next = Instant::now() + TRY;
        let asking = async {
            let connected = connect::connect(&[address], TRY).await.ok()?;
            request.send(&connected.stream).await.ok()?;
            let response = request.receive(&connected.stream, endpoint).await.ok()?;
            let delivery = socket::delivery(&connected.stream);
            let had_loss = delivery.is_some_and(|delivery| delivery.retransmissions > 0);
            Some((response.status, had_loss))
        };
        if let Ok(Some((status, had_loss))) = timeout_at(next, asking).await {
            sender.send_modify(|testimony| {
                testimony.status = Some(status);
                testimony.had_loss |= had_loss || number > 0;
            });
            return;
        }
        sleep_until(next).await;
    }
}
