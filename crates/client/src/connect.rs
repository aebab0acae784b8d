//! A new connection, straight to the endpoint: proxies are for the internet, and the service
//! refuses what came through one.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::error::Unreachable;
use crate::socket;

/// How much later a second address is tried (RFC 8305 recommends 100 to 250 ms).
const STAGGER: Duration = Duration::from_millis(150);

/// A connection, and what it took.
pub(crate) struct Connected {
    pub(crate) stream: TcpStream,
    pub(crate) address: SocketAddr,
    pub(crate) took: Duration,
}

/// Connects to whichever of `addresses` answers first; the earlier ones have a lead, which ends
/// when they fail. The failure is the first address's.
pub(crate) async fn connect(
    addresses: &[SocketAddr],
    patience: Duration,
) -> Result<Connected, Unreachable> {
    let Some((&address, rest)) = addresses.split_first() else {
        return Err(Unreachable::UnknownHost);
    };
    if rest.is_empty() {
        return connect_one(address, patience).await;
    }
    let mut first = std::pin::pin!(connect_one(address, patience));
    tokio::select! {
        biased;
        connected = &mut first => match connected {
            Ok(connected) => return Ok(connected),
            Err(failure) => return boxed(rest, patience).await.map_err(|_| failure),
        },
        () = sleep(STAGGER) => {}
    }
    let mut second = boxed(rest, patience);
    tokio::select! {
        connected = &mut first => match connected {
            Ok(connected) => Ok(connected),
            Err(failure) => second.await.map_err(|_| failure),
        },
        connected = &mut second => match connected {
            Ok(connected) => Ok(connected),
            Err(_) => first.await,
        },
    }
}

type Connecting<'a> = Pin<Box<dyn Future<Output = Result<Connected, Unreachable>> + Send + 'a>>;

fn boxed(addresses: &[SocketAddr], patience: Duration) -> Connecting<'_> {
    Box::pin(connect(addresses, patience))
}

async fn connect_one(address: SocketAddr, patience: Duration) -> Result<Connected, Unreachable> {
    let started = Instant::now();
    let connecting = async { socket::open(address)?.connect(address).await };
    match timeout(patience, connecting).await {
        Ok(Ok(stream)) => Ok(Connected { stream, address, took: started.elapsed() }),
        Ok(Err(error)) => Err(Unreachable::of(&error)),
        Err(_) => Err(Unreachable::TimedOut),
    }
}
