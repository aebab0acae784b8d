//! What was on the wire.

use testkit::packet::Segment;
use testkit::{Lab, Result, ensure};

/// How every token begins: `AQAE` on a Nitro type, `AQAA` on a Xen one.
const TOKEN: &[u8] = b"AQA";

/// The TTL of a packet that may travel anywhere.
const ANYWHERE: u8 = 64;

/// The packets of one connection.
pub(crate) struct Evidence {
    /// What the service sent, as it left.
    pub(crate) left: Vec<Segment>,
    /// What of that crossed the last link.
    crossed: Vec<Segment>,
    /// What the client sent, as it came to the service.
    came: Vec<Segment>,
    /// How many packets to the client routers said they dropped.
    pub(crate) died: usize,
}

impl Evidence {
    pub(crate) fn gather(lab: &Lab, port: u16) -> Result<Self> {
        let is_to_client = |segment: &Segment| segment.to.port() == port;
        let (left, came) = lab.near_service.segments(port)?.into_iter().partition(is_to_client);
        let mut crossed = lab.near_client.segments(port)?;
        crossed.retain(is_to_client);
        Ok(Self { left, crossed, came, died: lab.near_service.dropped(port)?.len() })
    }

    pub(crate) fn an_answer_left(&self) -> bool {
        self.left.iter().any(|segment| !segment.payload.is_empty())
    }

    pub(crate) fn the_window_is_closed(&self) -> bool {
        self.came.last().is_some_and(|segment| segment.window == 0)
    }

    pub(crate) fn tokens_sent(&self) -> usize {
        self.left.iter().filter(|segment| Self::has_token(segment)).count()
    }

    pub(crate) fn tokens_arrived(&self) -> usize {
        self.crossed.iter().filter(|segment| Self::has_token(segment)).count()
    }

    /// Whether the client was told that there is no such connection.
    pub(crate) fn a_reset_arrived(&self) -> bool {
        self.crossed.iter().any(|segment| segment.has(Segment::RST))
    }

    /// Whatever left before the first token may travel anywhere; from the token on, no byte of the
    /// connection, nor its end, travels further than the token may.
    pub(crate) fn check_ttl(&self, hop_limit: u8) -> Result<()> {
        let first = self.left.iter().position(Self::has_token).unwrap_or(self.left.len());
        let (before, after) = self.left.split_at(first);
        for (index, segment) in before.iter().enumerate() {
            // A client that ends its side may do so between the lowering and the token: then that
            // end's acknowledgement comes from the lowered side. The request's must not.
            let is_end_alone = segment.payload.is_empty()
                && before[..index].iter().any(|earlier| {
                    earlier.ttl == ANYWHERE
                        && segment.acknowledgement.wrapping_sub(earlier.acknowledgement) <= 1
                });
            ensure!(segment.ttl == ANYWHERE || is_end_alone, "before the token: {segment:?}");
        }
        // For a connection that is over, the kernel speaks at the normal TTL: with resets, and with
        // acknowledgements that carry nothing.
        for segment in after.iter().filter(|it| !it.payload.is_empty() || it.has(Segment::FIN)) {
            ensure!(segment.ttl == hop_limit, "from the token on: {segment:?}");
        }
        Ok(())
    }

    /// No byte of a token crossed the last link.
    pub(crate) fn check_nothing_leaked(&self) -> Result<()> {
        for crossed in &self.crossed {
            ensure!(!Self::has_token(crossed), "leaked: {crossed:?}");
            let of_token =
                self.left.iter().filter(|it| Self::has_token(it)).any(|it| crossed.overlaps(it));
            ensure!(!of_token, "leaked in part: {crossed:?}");
        }
        Ok(())
    }

    pub(crate) fn has_token(segment: &Segment) -> bool {
        segment.payload.windows(TOKEN.len()).any(|window| window == TOKEN)
    }
}
