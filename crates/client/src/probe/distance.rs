//! How many routers are on the path: connections with a TTL of 1, 2, 3, … This takes no privilege, and
//! no guess of the TTL that the other side sends with.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::socket;

/// The nearest limits are tried at once, the others only if none of these reaches.
const WAVES: [std::ops::RangeInclusive<u8>; 3] = [1..=4, 5..=8, 9..=16];

/// How long one connection may take while a caller waits for a token. Routers answer within a few
/// milliseconds; but many say nothing, and Linux does not end an attempt over IPv6 when one does.
pub(crate) const QUICK: Duration = Duration::from_millis(30);
/// The same, where no caller waits.
pub(crate) const SLOW: Duration = Duration::from_millis(100);
/// How many connections are tried at a time with each limit, and how often: one packet may be lost.
const AT_A_TIME: u8 = 2;
const TRIES: u8 = 2;

/// What the connections showed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Measured {
    /// The smallest TTL (IPv6: hop limit) of a packet that reaches the address: the number of routers on
    /// the path plus 1, 1 to 16. `None` if none does.
    pub(crate) hops: Option<u8>,
    /// Whether a packet that should have arrived did not.
    pub(crate) had_loss: bool,
}

/// Measures the path to `address`, and assumes that the path back is as long. Each connection may take
/// `connect_timeout`.
pub(crate) async fn measure(address: SocketAddr, connect_timeout: Duration) -> Measured {
    for wave in WAVES {
        let mut tries = JoinSet::new();
        for hops in wave {
            for _ in 0..AT_A_TIME {
                tries.spawn(async move { (hops, reaches(address, hops, connect_timeout).await) });
            }
        }
        let results = tries.join_all().await;
        let reaching = results.iter().filter(|(_, reply)| reply.is_reached).map(|(hops, _)| *hops);
        if let Some(nearest) = reaching.min() {
            let had_loss =
                results.iter().any(|(hops, reply)| *hops >= nearest && reply.had_silence);
            return Measured { hops: Some(nearest), had_loss };
        }
    }
    Measured { hops: None, had_loss: false }
}

struct ProbeResult {
    is_reached: bool,
    /// Whether nothing at all came back at first.
    had_silence: bool,
}

/// Whether a packet that may pass `hops` - 1 routers arrives.
async fn reaches(address: SocketAddr, hops: u8, connect_timeout: Duration) -> ProbeResult {
    for number in 0..TRIES {
        let connecting = async {
            let socket = socket::open(address)?;
            socket::limit_hops(&socket, address, hops)?;
            socket.connect(address).await
        };
        let is_reached = match timeout(connect_timeout, connecting).await {
            Ok(Ok(_)) => true,
            // A refusal comes from the other end; anything else from a router on the way.
            Ok(Err(error)) => error.kind() == std::io::ErrorKind::ConnectionRefused,
            // The packet was lost, or a router does not say that it discarded it.
            Err(_) => continue,
        };
        return ProbeResult { is_reached, had_silence: number > 0 };
    }
    ProbeResult { is_reached: false, had_silence: true }
}
