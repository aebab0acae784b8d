//! Other requests to the service while one has no response.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::distance::{self, Routers};
use super::evidence::Liveness;
use crate::connect;
use crate::endpoint::Endpoint;
use crate::exchange::Request;
use crate::metadata_path::MetadataPath;
use crate::secret::Secret;
use crate::socket;

/// Not a token of any service. The service refuses a request with it at once. Without it, where tokens
/// are optional, the request would count as a use of `IMDSv1`.
const INVALID_TOKEN: &str = "not-a-token-but-a-question-whether-the-service-is-alive";

/// How long one attempt may take, and how many there are.
const ATTEMPT: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 8;

/// A task that sends them; it ends when this is dropped.
pub(super) struct LivenessCheck {
    observed: watch::Receiver<Liveness>,
    task: AbortHandle,
}

impl LivenessCheck {
    pub(super) fn start(endpoint: Endpoint, address: SocketAddr) -> Self {
        let (sender, observed) = watch::channel(Liveness::default());
        let task = tokio::spawn(async move {
            tokio::join!(request(&endpoint, address, &sender), measure(address, &sender));
        });
        Self { observed, task: task.abort_handle() }
    }

    pub(super) fn observed(&self) -> Liveness {
        *self.observed.borrow()
    }

    /// Waits until nothing more will be observed.
    pub(super) async fn finished(&self) {
        let is_complete =
            |liveness: &Liveness| liveness.status.is_some() && liveness.routers.is_some();
        // An error is the task's end, after which nothing changes.
        let _ = self.observed.clone().wait_for(is_complete).await;
    }
}

impl Drop for LivenessCheck {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Measures the distance, quickly first; where that shows nothing the link or this machine is slow.
async fn measure(address: SocketAddr, sender: &watch::Sender<Liveness>) {
    for patience in [distance::QUICK, distance::SLOW] {
        let measured = distance::measure(address, patience).await;
        sender.send_modify(|liveness| {
            liveness.routers = measured.routers.map(Routers::most);
            liveness.had_loss |= measured.had_loss || measured.routers.is_none();
        });
        if measured.routers.is_some() {
            return;
        }
    }
}

/// Sends requests with an invalid token until there is a response, whatever it is.
async fn request(endpoint: &Endpoint, address: SocketAddr, sender: &watch::Sender<Liveness>) {
    let Ok(path) = MetadataPath::new("/latest/meta-data/") else { return };
    let request = Request::Get(path, Some(Secret::new(INVALID_TOKEN)));
    for number in 0..ATTEMPTS {
        let next = Instant::now() + ATTEMPT;
        let exchange = async {
            let connected = connect::connect(&[address], ATTEMPT).await.ok()?;
            let response = request.exchange(&connected, endpoint).await.ok()?;
            let delivery = socket::delivery(&connected.stream);
            let had_loss = delivery.is_some_and(|delivery| delivery.retransmissions > 0);
            Some((response.status, had_loss))
        };
        if let Ok(Some((status, had_loss))) = timeout_at(next, exchange).await {
            sender.send_modify(|liveness| {
                liveness.status = Some(status);
                liveness.had_loss |= had_loss || number > 0;
            });
            return;
        }
        sleep_until(next).await;
    }
}
