//! How many routers lie on the way: connections with a TTL of 1, 2, 3, … An ordinary user may do
//! this, and it needs no guess at the TTL that the other side sends with.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::socket;

/// The nearest limits are tried at once, the others only if none of these reaches.
const WAVES: [std::ops::RangeInclusive<u8>; 3] = [1..=4, 5..=8, 9..=16];

/// How long one connection may take, and how often it is tried where nothing at all comes back.
const TRY: Duration = Duration::from_millis(40);
const TRIES: u32 = 3;

/// The smallest TTL (IPv6: hop limit) of a packet that reaches `address`: one more than there are
/// routers on the way, 1 to 16. `None` if none does.
///
/// Assumes that the way back is as long.
pub(crate) async fn hops_needed(address: SocketAddr) -> Option<u8> {
    for wave in WAVES {
        let mut tries = JoinSet::new();
        for hops in wave {
            tries.spawn(async move { (hops, reaches(address, hops).await) });
        }
        let results = tries.join_all().await;
        let reaching = results.into_iter().filter(|(_, reaches)| *reaches).map(|(hops, _)| hops);
        if let Some(nearest) = reaching.min() {
            return Some(nearest);
        }
    }
    None
}

/// Whether a packet that may pass `hops` - 1 routers arrives.
async fn reaches(address: SocketAddr, hops: u8) -> bool {
    for _ in 0..TRIES {
        let connecting = async {
            let socket = socket::open(address)?;
            socket::limit_hops(&socket, address, hops)?;
            socket.connect(address).await
        };
        match timeout(TRY, connecting).await {
            Ok(Ok(_)) => return true,
            // A refusal comes from the other end; anything else from a router on the way.
            Ok(Err(error)) => return error.kind() == std::io::ErrorKind::ConnectionRefused,
            // The packet was lost, or a router does not say that it threw it away.
            Err(_) => {}
        }
    }
    false
}
