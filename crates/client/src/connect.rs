//! A new connection, straight to the endpoint: proxies are for the internet, and the service
//! refuses requests that came through one.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep_until};

use crate::error::Unreachable;
use crate::socket;

/// How much later than an address the next one is tried (RFC 8305 recommends 100 to 250 ms).
const STAGGER: Duration = Duration::from_millis(100);
/// How often each address is tried within one timeout, and how long after each other: a lost packet
/// would be sent again by the kernel only after a second.
const TRIES: u32 = 4;
const RESEND: Duration = Duration::from_millis(60);
/// How much longer other addresses may take once one has refused the connection; all their tries start
/// then.
const AFTER_REFUSAL: Duration = Duration::from_millis(15);

/// A connection, and how long it took.
pub(crate) struct Connected {
    pub(crate) stream: TcpStream,
    pub(crate) address: SocketAddr,
    pub(crate) took: Duration,
}

type Outcome = (SocketAddr, Result<Connected, Unreachable>);

/// Connects to the first of `addresses` that accepts, within `timeout`. An address that fails is not
/// tried again, and makes the next one start at once. The failure is the first address's.
pub(crate) async fn connect(
    addresses: &[SocketAddr],
    timeout: Duration,
) -> Result<Connected, Unreachable> {
    let Some(&first) = addresses.first() else { return Err(Unreachable::UnknownHost) };
    let start = Instant::now();
    let mut deadline = start + timeout;
    let mut plan = schedule(addresses);
    let mut running = JoinSet::<Outcome>::new();
    let mut first_failure = None;
    loop {
        if running.is_empty() {
            // Nothing is in progress that could be waited for.
            let Some((_, address)) = plan.pop_front() else { break };
            running.spawn(connect_one(address));
        }
        let next_at = plan.front().map_or(deadline, |(delay, _)| start + *delay);
        tokio::select! {
            biased;
            Some(Ok((address, outcome))) = running.join_next() => match outcome {
                Ok(connected) => return Ok(connected),
                Err(failure) => {
                    if address == first {
                        first_failure = Some(failure);
                    }
                    if failure == Unreachable::Prohibited {
                        // A policy is not to be evaded by another address.
                        return Err(failure);
                    }
                    plan.retain(|(_, planned)| *planned != address);
                    if failure == Unreachable::Refused {
                        deadline = deadline.min(Instant::now() + AFTER_REFUSAL);
                        for (_, address) in plan.drain(..) {
                            running.spawn(connect_one(address));
                        }
                    }
                }
            },
            () = sleep_until(deadline) => break,
            () = sleep_until(next_at) => {
                if let Some((_, address)) = plan.pop_front() {
                    running.spawn(connect_one(address));
                }
            }
        }
    }
    // This process may have stood still, and the time be over although there is a connection.
    yield_now().await;
    while let Some(finished) = running.try_join_next() {
        if let Ok((_, Ok(connected))) = finished {
            return Ok(connected);
        }
    }
    Err(first_failure.unwrap_or(Unreachable::TimedOut))
}

/// When to try which address, earliest first.
fn schedule(addresses: &[SocketAddr]) -> VecDeque<(Duration, SocketAddr)> {
    let staggered = (0..).map(|index| STAGGER * index).zip(addresses);
    let mut plan: Vec<_> = staggered
        .flat_map(|(delay, address)| (0..TRIES).map(move |n| (delay + RESEND * n, *address)))
        .collect();
    plan.sort_by_key(|(delay, _)| *delay);
    plan.into()
}

async fn connect_one(address: SocketAddr) -> Outcome {
    let start = Instant::now();
    let connecting = async { socket::open(address)?.connect(address).await };
    let outcome = match connecting.await {
        Ok(stream) => Ok(Connected { stream, address, took: start.elapsed() }),
        Err(error) => Err(Unreachable::of(&error)),
    };
    (address, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_are_tried_more_than_once_within_a_quarter_of_a_second() {
        let addresses = [([127, 0, 0, 1], 1).into(), ([0; 16], 1).into()];
        let plan = schedule(&addresses);
        let starts: Vec<_> =
            plan.iter().map(|(delay, address)| (delay.as_millis(), address.is_ipv4())).collect();
        let (v4, v6) = (true, false);
        let expected =
            [(0, v4), (60, v4), (100, v6), (120, v4), (160, v6), (180, v4), (220, v6), (280, v6)];
        assert_eq!(starts, expected);
    }
}
