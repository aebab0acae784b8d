//! A response with a fault: how its bytes are sent, if they are.
//!
//! Whatever it waits for, it waits as any connection does, and no thread with it.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use imds_core::fault::{FaultKinds, FaultResponse};
use imds_core::response::Response;
use imds_core::time::HttpDate;
use imds_core::{Moment, wire};
use imds_linux::send::Next;
use imds_linux::socket;

use crate::faults::Struck;
use crate::input::Input;
use crate::limits;
use crate::reactor::Source;
use crate::send::{self, Travel};

/// How soon a client's kernel sends a packet again, at first: of a new connection (RFC 6298, 2.1), and of
/// an open one (Linux's `TCP_RTO_MIN`). Each time it waits twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(200);

/// How often a slow body gets more bytes, if it is not so slow that one comes less often.
const TICK: Duration = Duration::from_millis(100);

/// Requests of a new connection and of an open one take so many packets of the client: SYN, ACK, request,
/// ACK, FIN, ACK; and request, ACK.
pub(crate) const PACKETS_OF_FIRST: u32 = 6;
/// See [`PACKETS_OF_FIRST`].
pub(crate) const PACKETS_OF_NEXT: u32 = 2;

/// A response with a fault.
pub(crate) struct Faulted {
    struck: Struck,
    /// The whole body, also where less of it is sent.
    body: Vec<u8>,
}

/// What became of a response with a fault.
pub(crate) enum Outcome {
    /// It was sent.
    Sent,
    /// A part of it was sent, and the connection is to be closed.
    Cut,
    /// Nothing was sent, and the connection is to be closed, which resets it.
    Reset,
    /// Nothing was sent, and the connection is to stay open.
    Withheld,
}

/// Which fault hit a request, and what it did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FaultNote {
    /// The fault's id; of several, that of the one that was added first.
    pub id: u32,
    /// What was done.
    pub kinds: FaultKinds,
}

impl Faulted {
    /// Writes the head of `response`, as `struck` has it, to `output`, and keeps its body.
    pub(crate) fn write(
        struck: Struck,
        response: &Response<'_>,
        after: wire::Connection,
        now: Moment,
        output: &mut Vec<u8>,
    ) -> Box<Self> {
        response.write_head(after, &HttpDate::new(struck.interference.date(now)), output);
        let body = if response.head_only { &[] } else { response.body.as_bytes() };
        Box::new(Self { body: body.to_vec(), struck })
    }

    pub(crate) fn note(&self) -> FaultNote {
        FaultNote { id: self.struck.id, kinds: self.struck.kinds() }
    }

    /// How many bytes are sent, with this head.
    pub(crate) fn bytes_to_send(&self, head: &[u8]) -> usize {
        match self.struck.interference.response {
            Some(FaultResponse::Lost | FaultResponse::Reset) => 0,
            Some(FaultResponse::Status(..)) | None => head.len() + self.body_to_send().len(),
        }
    }

    fn body_to_send(&self) -> &[u8] {
        let truncate = self.struck.interference.truncate;
        truncate.map_or(&self.body, |truncation| &self.body[..truncation.kept(self.body.len())])
    }

    /// Sends what is to be sent.
    pub(crate) async fn send(
        &self,
        stream: &Source<TcpStream>,
        input: &mut Input<'_>,
        head: &[u8],
        travel: Travel,
    ) -> io::Result<Outcome> {
        self.wait_for_allowance(stream).await?;
        let interference = &self.struck.interference;
        stream.reactor().sleep(interference.delay).await;
        match interference.response {
            Some(FaultResponse::Lost) => return Ok(Outcome::Withheld),
            Some(FaultResponse::Reset) => {
                socket::reset_on_close(stream)?;
                return Ok(Outcome::Reset);
            }
            Some(FaultResponse::Status(..)) | None => {}
        }
        send::send(stream, input, head, travel, Next::Unknown).await?;
        let body = self.body_to_send();
        match interference.rate {
            Some(rate) => send_slowly(stream, body, rate.get()).await?,
            None => send::send_more(stream, body, Next::Unknown).await?,
        }
        Ok(if body.len() < self.body.len() { Outcome::Cut } else { Outcome::Sent })
    }

    /// Waits as often as the client's kernel would have to send the dropped packets again.
    async fn wait_for_allowance(&self, stream: &Source<TcpStream>) -> io::Result<()> {
        let Some((fault, origin)) = &self.struck.dropped else { return Ok(()) };
        let reactor = stream.reactor();
        let end = reactor.now() + limits::WITHHELD;
        let mut pause = if origin.packets == PACKETS_OF_FIRST { FIRST_RETRY } else { RETRY };
        loop {
            reactor.sleep(pause).await;
            if fault.lets_through(*origin, reactor.now()) {
                return Ok(());
            }
            if reactor.now() > end {
                return Err(io::ErrorKind::TimedOut.into());
            }
            pause *= 2;
        }
    }
}

/// Sends so many bytes a second.
async fn send_slowly(stream: &Source<TcpStream>, body: &[u8], rate: u64) -> io::Result<()> {
    let reactor = stream.reactor();
    let start = reactor.now();
    let mut sent = 0;
    while sent < body.len() {
        let due = due(rate, reactor.now() - start).min(body.len());
        if due > sent {
            send::send_more(stream, &body[sent..due], Next::Unknown).await?;
            sent = due;
        } else {
            reactor
                .sleep(TICK.max(Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX)))
                .await;
        }
    }
    Ok(())
}

/// How many bytes may have been sent after so long.
fn due(rate: u64, elapsed: Duration) -> usize {
    let bytes = u128::from(rate) * elapsed.as_nanos() / 1_000_000_000;
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
