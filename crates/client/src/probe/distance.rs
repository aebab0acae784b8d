//! How many routers lie on the way: connections with a TTL of 1, 2, 3, … An ordinary user may do
//! this, and it needs no guess at the TTL that the other side sends with.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::socket;

/// The nearest limits are tried at once, the others only if none of these reaches.
const WAVES: [std::ops::RangeInclusive<u8>; 3] = [1..=4, 5..=8, 9..=16];

/// How long one connection may take where there is no time. Routers answer within a few milliseconds;
/// but many say nothing, and Linux does not end an attempt over IPv6 when one does.
pub(crate) const HASTE: Duration = Duration::from_millis(30);
/// The same, where nobody waits for a token.
pub(crate) const LEISURE: Duration = Duration::from_millis(100);
/// How many connections are tried at a time with each limit, and how often: one packet may be lost.
const AT_A_TIME: u8 = 2;
const TRIES: u8 = 2;

/// What the connections showed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Measured {
    /// The smallest TTL (IPv6: hop limit) of a packet that reaches the address: one more than there
    /// are routers on the way, 1 to 16. `None` if none does.
    pub(crate) hops: Option<u8>,
    /// Whether a packet that should have arrived did not.
    pub(crate) had_loss: bool,
}

/// Measures the way to `address`, and assumes that the way back is as long. Each connection may take
/// as long as `patience`.
pub(crate) async fn measure(address: SocketAddr, patience: Duration) -> Measured {
    for wave in WAVES {
        let mut tries = JoinSet::new();
        for hops in wave {
            for _ in 0..AT_A_TIME {
                tries.spawn(async move { (hops, reaches(address, hops, patience).await) });
            }
        }
        let results = tries.join_all().await;
        let reaching = results.iter().filter(|(_, found)| found.is_reached).map(|(hops, _)| *hops);
        if let Some(nearest) = reaching.min() {
            let had_loss =
                results.iter().any(|(hops, found)| *hops >= nearest && found.had_silence);
            return Measured { hops: Some(nearest), had_loss };
        }
    }
    Measured { hops: None, had_loss: false }
}

struct Found {
    is_reached: bool,
    /// Whether nothing at all came back at first.
    had_silence: bool,
}

/// Whether a packet that may pass `hops` - 1 routers arrives.
async fn reaches(address: SocketAddr, hops: u8, patience: Duration) -> Found {
    for number in 0..TRIES {
        let connecting = async {
            let socket = socket::open(address)?;
            socket::limit_hops(&socket, address, hops)?;
            socket.connect(address).await
        };
        let is_reached = match timeout(patience, connecting).await {
            Ok(Ok(_)) => true,
            // A refusal comes from the other end; anything else from a router on the way.
            Ok(Err(error)) => error.kind() == std::io::ErrorKind::ConnectionRefused,
            // The packet was lost, or a router does not say that it threw it away.
            Err(_) => continue,
        };
        return Found { is_reached, had_silence: number > 0 };
    }
    Found { is_reached: false, had_silence: true }
}
