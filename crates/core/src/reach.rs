//! How far a response may travel.

use crate::options::HopLimit;

/// How many routers a response's packets may cross before the network drops them.
///
/// Decided here, in pure code; enforced by the kernel through the socket's TTL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// As far as any packet.
    Anywhere,
    /// The response carries a session token: its packets leave with this TTL.
    Hops(HopLimit),
}

impl Reach {
    /// Whether a client behind `routers` routers can receive the response: each router takes one off
    /// the TTL and drops the packet at 0.
    pub fn covers(self, routers: u8) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Hops(limit) => routers < limit.get(),
        }
    }
}

/// How many routers a packet has probably crossed that arrived with `ttl`: the distance to the
/// nearest initial TTL in use (64, 128 or 255).
///
/// Evidence, never proof: a client may choose any initial TTL.
pub fn routers_crossed(ttl: u8) -> u8 {
    [64, 128, 255].into_iter().find_map(|initial: u8| initial.checked_sub(ttl)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_arrives_if_there_are_fewer_routers_than_the_limit() {
        for (limit, routers, arrives) in
            [(1, 0, true), (1, 1, false), (2, 1, true), (2, 2, false), (64, 63, true)]
        {
            let reach = Reach::Hops(HopLimit::try_from(limit).unwrap());
            assert_eq!(reach.covers(routers), arrives, "limit {limit}, {routers} routers");
        }
        assert!(Reach::Anywhere.covers(255));
    }

    #[test]
    fn hops_are_counted_from_the_nearest_initial_ttl() {
        for (ttl, routers) in [(64, 0), (63, 1), (128, 0), (127, 1), (255, 0), (250, 5), (65, 63)] {
            assert_eq!(routers_crossed(ttl), routers, "{ttl}");
        }
    }
}
