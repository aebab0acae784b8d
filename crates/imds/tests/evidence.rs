//! What was on the wire.

use testkit::packet::Segment;
use testkit::{Lab, Result, ensure};

/// How every token begins: `AQAE` on a Nitro type, `AQAA` on a Xen one.
const TOKEN: &[u8] = b"AQA";

/// How a request for a token begins.
const PUT: &[u8] = b"PUT /latest/api/token";

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
            // What the client sends behind the request, or its end, may come between the lowering and the
            // token: then its acknowledgement comes from the lowered side. The request's must not.
            let is_of_more = segment.payload.is_empty()
                && before[..index].iter().any(|earlier| {
                    earlier.ttl == ANYWHERE && self.acknowledges_put(earlier.acknowledgement)
                });
            ensure!(
                segment.ttl == ANYWHERE || is_of_more,
                "before the token: {segment:?} behind {:?}, of {:?}",
                &before[..index],
                self.came
            );
        }
        // For a connection that is over, the kernel speaks at the normal TTL: with resets, and with
        // acknowledgements that carry nothing.
        for segment in after.iter().filter(|it| !it.payload.is_empty() || it.has(Segment::FIN)) {
            ensure!(segment.ttl == hop_limit, "from the token on: {segment:?}");
        }
        Ok(())
    }

    /// Whether that covers the segment with the first request for a token.
    fn acknowledges_put(&self, acknowledgement: u32) -> bool {
        let is_put = |it: &&Segment| it.payload.windows(PUT.len()).any(|window| window == PUT);
        self.came.iter().find(is_put).is_some_and(|put| {
            // Numbers go round: what is behind is less than half a circle away.
            let length = u32::try_from(put.payload.len()).unwrap_or(u32::MAX);
            let end = put.sequence.wrapping_add(length);
            acknowledgement.wrapping_sub(end) < u32::MAX / 2
        })
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
