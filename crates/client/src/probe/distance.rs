//! How many routers are on the path. The way there: connections with a TTL of 1, 2, 3, … The way back:
//! connections that accept only packets with a TTL of 64, 63, 62, … left. Neither takes a privilege.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::socket;

/// The nearest limits are tried at once, the others only if none of these reaches.
const WAVES: [RangeInclusive<u8>; 3] = [1..=4, 5..=8, 9..=16];
/// Tried only if the last of them, EC2's largest hop limit, reaches: else the link stands still.
const FAR_WAVES: [RangeInclusive<u8>; 2] = [17..=32, 33..=64];

/// What systems send packets with: Linux and most others 64, some gateways 255.
const INITIAL_TTLS: [u8; 2] = [64, 255];
/// How much longer or shorter the way back may be: a TTL that says otherwise began with another value.
const MAX_DIFFERENCE: u8 = 2;

/// How long one connection may take while a caller waits for a token. Routers answer within a few
/// milliseconds; but many say nothing, and Linux does not end an attempt over IPv6 when one does.
pub(crate) const QUICK: Duration = Duration::from_millis(30);
/// The same, where no caller waits.
pub(crate) const SLOW: Duration = Duration::from_millis(100);
/// How many connections are tried at a time with each limit, and how often: one packet may be lost.
const AT_A_TIME: u8 = 2;
const TRIES: u8 = 2;

/// The number of routers that connections show on the path, there and back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Routers {
    /// On the way there, 0 to 63. A relay that accepts connections ends this way: what is beyond it
    /// does not show.
    pub there: u8,
    /// On the way back, if this system and the other end's TTL show it.
    pub back: Option<u8>,
}

impl Routers {
    /// On the longer of the two ways.
    pub fn most(self) -> u8 {
        self.there.max(self.back.unwrap_or_default())
    }
}

/// What the connections showed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Measured {
    /// `None` if no connection with any TTL was made.
    pub(crate) routers: Option<Routers>,
    /// Whether a packet that should have arrived did not.
    pub(crate) had_loss: bool,
}

/// Measures the path to `address`. Each connection may take `connect_timeout`.
pub(crate) async fn measure(address: SocketAddr, connect_timeout: Duration) -> Measured {
    let (nearest, back) =
        tokio::join!(there(address, connect_timeout), back(address, 0, connect_timeout));
    let Some((hops, had_loss)) = nearest else {
        return Measured { routers: None, had_loss: false };
    };
    let there = hops - 1;
    let back = match back {
        None if there > 0 => self::back(address, there, connect_timeout).await,
        back => back,
    };
    // A lost packet looks like a TTL that is too small.
    let back = back.filter(|back| !had_loss && back.abs_diff(there) <= MAX_DIFFERENCE);
    Measured { routers: Some(Routers { there, back }), had_loss }
}

/// The smallest TTL that reaches `address`, and whether a packet with it or more was lost.
async fn there(address: SocketAddr, connect_timeout: Duration) -> Option<(u8, bool)> {
    for wave in WAVES {
        if let Some(found) = nearest(address, wave, connect_timeout).await {
            return Some(found);
        }
    }
    if !reaches(address, *FAR_WAVES[1].end(), connect_timeout).await.is_reached {
        return None;
    }
    for wave in FAR_WAVES {
        if let Some(found) = nearest(address, wave, connect_timeout).await {
            return Some(found);
        }
    }
    None
}

async fn nearest(
    address: SocketAddr,
    wave: RangeInclusive<u8>,
    connect_timeout: Duration,
) -> Option<(u8, bool)> {
    let mut tries = JoinSet::new();
    for hops in wave {
        for _ in 0..AT_A_TIME {
            tries.spawn(async move { (hops, reaches(address, hops, connect_timeout).await) });
        }
    }
    let results = tries.join_all().await;
    let reaching = results.iter().filter(|(_, reply)| reply.is_reached).map(|(hops, _)| *hops);
    let nearest = reaching.min()?;
    let had_loss = results.iter().any(|(hops, reply)| *hops >= nearest && reply.had_silence);
    Some((nearest, had_loss))
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

/// How many routers the answers of `address` have passed, if that is about `expected`.
async fn back(address: SocketAddr, expected: u8, connect_timeout: Duration) -> Option<u8> {
    for initial in INITIAL_TTLS {
        let fewest = expected.saturating_sub(MAX_DIFFERENCE);
        let most = initial - fewest;
        let mut tries = JoinSet::new();
        // One more than can be expected shows that the sender did not begin with a greater TTL.
        let least = initial.saturating_sub(expected + MAX_DIFFERENCE).max(1);
        for least in least..=most.saturating_add(1) {
            for _ in 0..AT_A_TIME {
                let socket = accepting(address, least)?;
                tries.spawn(async move {
                    let connected = timeout(connect_timeout, socket.connect(address)).await;
                    matches!(connected, Ok(Ok(_))).then_some(least)
                });
            }
        }
        match tries.join_all().await.into_iter().flatten().max() {
            Some(left) if left <= most => return Some(initial - left),
            Some(_) => {}
            None => return None,
        }
    }
    None
}

/// A socket that drops packets with a TTL below `least`.
fn accepting(address: SocketAddr, least: u8) -> Option<TcpSocket> {
    let socket = socket::open(address).ok()?;
    socket::require_ttl(&socket, address, least).then_some(socket)
}
