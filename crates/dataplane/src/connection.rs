//! A connection: bytes become one request at a time, and answers become bytes.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use imds_core::{Endpoint, HopLimit, Reach, wire};
use imds_linux::send::Next;
use imds_linux::socket;

use crate::faulted::Outcome;
use crate::input::Input;
use crate::peer::Peer;
use crate::reactor::Source;
use crate::send::Travel;
use crate::shared::{Busy, OpenConnection, Shared};
use crate::turn::{Context, Turn};
use crate::{limits, send, stall};

/// How often a request for a signature looks whether it is made; that takes about 100 ms, once.
const SIGNATURE_POLL: Duration = Duration::from_millis(10);

pub(crate) struct Connection<'a> {
    /// Dropped before the stream, which it may have reset.
    open: OpenConnection,
    stream: Source<TcpStream>,
    peer: Peer,
    shared: &'a Shared,
    input: Input<'a>,
    output: Vec<u8>,
    /// The lowest hop limit that a token of this connection had.
    lowest_reach: Option<HopLimit>,
    /// Whether a token was sent that cannot arrive, as far as is known.
    is_lost: bool,
    /// Whether it had a request.
    had_request: bool,
}

/// How a connection ends.
enum End {
    /// All the client sent was read: it can be closed.
    Now,
    /// The client may still be sending. A close would reset the connection, and the reset could
    /// overtake the response.
    AfterInput,
    /// The client never got its token, and is to hear so.
    InReset,
    /// A fault withholds the response: the connection stays open.
    Withheld,
}

/// How the socket of a connection is to be closed.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Close {
    Now,
    InReset,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(
        open: OpenConnection,
        stream: Source<TcpStream>,
        peer: Peer,
        shared: &'a Shared,
    ) -> Self {
        Self {
            open,
            stream,
            peer,
            shared,
            input: Input::new(&shared.service.held_input),
            output: Vec::new(),
            lowest_reach: None,
            is_lost: false,
            had_request: false,
        }
    }

    /// Answers requests until the connection is to be closed, or to be [`reset`](Self::reset).
    ///
    /// Ends that few connections have are in boxes: others need no room for what those wait for.
    pub(crate) async fn run(&mut self) -> Close {
        let ended = match self.serve().await {
            Ok(End::Now) if self.is_lost => {
                Box::pin(self.wait_for_client_to_leave()).await;
                Ok(())
            }
            Ok(End::Now) => Ok(()),
            Ok(End::Withheld) => {
                Box::pin(self.withhold()).await;
                Ok(())
            }
            Ok(End::AfterInput) => Box::pin(self.discard_input()).await,
            Ok(End::InReset) => return Close::InReset,
            Err(error) => Err(error),
        };
        note(ended, self.peer.address);
        Close::Now
    }

    /// Has the client hear at once that its token is lost.
    pub(crate) async fn reset(self) {
        // The end belongs to the last answer: whoever is told to stop waits for it as well.
        let _busy = Busy::new(self.shared);
        let (address, resetter) = (self.peer.address, self.open.link.resetter.as_ref());
        note(stall::reset_client(self.stream, resetter).await, address);
    }

    async fn serve(&mut self) -> io::Result<End> {
        let mut deadline = self.stream.reactor().now() + limits::IDLE;
        if !self.has_room() {
            return Ok(End::Now);
        }
        loop {
            if self.input.unread().is_empty() && !self.read(deadline).await? {
                return Ok(End::Now);
            }
            self.identify();
            let Some(instance) = self.peer.instance() else { return Ok(End::Now) };
            let now = self.stream.reactor().now();
            let context = Context {
                shared: self.shared,
                link: &self.open.link,
                peer: &self.peer,
                stream: self.stream.get_ref(),
                lowest_reach: self.lowest_reach,
                is_first: !self.had_request,
                began: now,
                now,
            };
            let Some(mut turn) = context.take(instance, &self.input, &mut self.output) else {
                if self.read(deadline).await? {
                    continue;
                }
                return Ok(End::Now);
            };
            let _busy = Busy::new(self.shared);
            if turn.is_pending {
                Box::pin(self.wait_for_signatures(&instance.endpoint)).await;
                let context = Context { now: self.stream.reactor().now(), ..context };
                turn = context.take_again(instance, &self.input, &mut self.output).unwrap_or(turn);
            }
            let travel = self.travel(turn.reach);
            self.had_request = true;
            let next = self.next(&turn);
            let (input, output) = (&mut self.input, &self.output);
            let end = send_response(&self.stream, input, output, &turn, (travel, next)).await?;
            self.input.consume(turn.length);
            if let Some(end) = end {
                return Ok(end);
            }
            if let Reach::Hops(limit) = turn.reach {
                self.lowest_reach = Some(self.lowest_reach.map_or(limit, |it| it.min(limit)));
                self.is_lost |= turn.is_undeliverable;
                if let Some(patience) = self.shared.policy().stall
                    && Box::pin(stall::is_lost(&self.stream, patience)).await?
                {
                    instance.counters.lost();
                    return Ok(End::InReset);
                }
            }
            if turn.after == wire::Connection::Close {
                return self.end(&turn, next);
            }
            deadline = self.stream.reactor().now() + limits::IDLE;
        }
    }

    /// How far the next response may travel.
    fn travel(&self, reach: Reach) -> Travel {
        let (is_first, peer) = (!self.had_request, self.peer.address.ip());
        Travel { reach, lowest: self.lowest_reach, is_first, peer }
    }

    /// What comes after a response: its connection's end, unless more is to be heard of it first.
    fn next(&self, turn: &Turn<'_>) -> Next {
        let is_watched = turn.reach != Reach::Anywhere && self.shared.policy().stall.is_some();
        match turn.after {
            wire::Connection::Close if !is_watched => Next::Soon,
            _ => Next::Unknown,
        }
    }

    /// How the connection ends after its last response was sent.
    fn end(&self, turn: &Turn<'_>, next: Next) -> io::Result<End> {
        let all_read = !turn.body_follows && self.input.unread().is_empty();
        if !all_read {
            return Ok(End::AfterInput);
        }
        if next == Next::Soon {
            // A close alone would drop what waits if the client has sent something meanwhile.
            rustix::net::shutdown(&self.stream, rustix::net::Shutdown::Write)?;
        }
        Ok(End::Now)
    }

    /// Whether the instance, if the connection is one's, may have another one.
    fn has_room(&mut self) -> bool {
        self.identify();
        let Some(instance) = self.peer.instance() else { return true };
        self.open.is_of(instance.endpoint.instance_id(), self.stream.reactor())
    }

    /// Looks up whose requests these are, and the faults that there are for them.
    fn identify(&mut self) {
        let shared = self.shared;
        let (mut table, mut faults) = (shared.table.borrow_mut(), shared.faults.borrow_mut());
        self.peer.identify(table.load(), faults.load(), &shared.counters);
    }

    /// Keeps the connection of a response that is withheld, until the client leaves or is reset as where a
    /// token was lost.
    ///
    /// A service that is told to stop does not wait for this.
    async fn withhold(&mut self) {
        let stall = self.shared.policy().stall;
        let deadline = self.stream.reactor().now() + stall.unwrap_or(limits::WITHHELD);
        let has_room = self.shared.open.get() < self.shared.most_connections / 4;
        let mut is_open = Ok(has_room);
        while let Ok(true) = is_open {
            self.input.consume(self.input.unread().len());
            is_open = self.read(deadline).await;
        }
        // A client that goes before that has not waited for its response. Where there is no room it cannot.
        let is_over = !has_room || is_open.is_err_and(|it| it.kind() == io::ErrorKind::TimedOut);
        if let (true, Some(_), Some(instance)) = (is_over, stall, self.peer.instance()) {
            instance.counters.lost();
        }
        // If this fails the client waits for longer.
        let _ = socket::reset_on_close(&self.stream);
    }

    /// Closes the connection of a lost token, and forgets it once the client has left. Otherwise the
    /// kernel would send the token again and again to nobody, for two minutes, in which whoever connects
    /// from the same port, or waits for the end of this connection, hears nothing: all that leaves has
    /// the token's TTL.
    ///
    /// A service that is told to stop does not wait for this.
    async fn wait_for_client_to_leave(&self) {
        let reactor = Rc::clone(self.stream.reactor());
        let has_room = self.shared.open.get() < self.shared.most_connections / 4;
        // Both directions: whatever the client still says is answered with a reset, as if it were closed.
        if !has_room || rustix::net::shutdown(&self.stream, rustix::net::Shutdown::Both).is_err() {
            return;
        }
        let left = pin!(async {
            while socket::is_other_side_open(&self.stream)? {
                self.stream.changed().await?;
            }
            Ok(())
        });
        if reactor.by(reactor.now() + limits::LOST, left).await.is_err() {
            return;
        }
        // It may have ended only its side, and still wait.
        if send::acknowledged(&self.stream, limits::LEFT).await.is_err() {
            // If this fails the kernel goes on for a while, as it would have.
            let _ = socket::reset_on_close(&self.stream);
        }
    }

    /// Has the identity document signed, and waits until that is done or has failed.
    async fn wait_for_signatures(&self, endpoint: &Arc<Endpoint>) {
        let signer = self.shared.service.signers.of(endpoint.region());
        signer.start(endpoint);
        let reactor = self.stream.reactor();
        let deadline = reactor.now() + imds_identity::PATIENCE;
        while signer.is_working() && reactor.now() < deadline {
            reactor.sleep(SIGNATURE_POLL).await;
        }
    }

    /// Reads more, once all responses were sent; `false` where the client has ended its side.
    async fn read(&mut self, deadline: Instant) -> io::Result<bool> {
        // It may take a while.
        self.output = Vec::new();
        let (stream, input) = (&self.stream, &mut self.input);
        let read = pin!(async {
            loop {
                stream.readable().await?;
                if let Some(count) = stream.try_read(input.room()?).await? {
                    return Ok(count);
                }
                // Who has nothing to say needs no room.
                input.give_back();
            }
        });
        let count = stream.reactor().by(deadline, read).await?;
        self.shared.arrivals.update(|arrivals| arrivals + 1);
        Ok(count > 0)
    }

    /// Ends our side, and reads what still comes for a moment.
    async fn discard_input(&mut self) -> io::Result<()> {
        let _busy = Busy::new(self.shared);
        rustix::net::shutdown(&self.stream, rustix::net::Shutdown::Write)?;
        let deadline = self.stream.reactor().now() + limits::LINGER;
        let mut discarded = 0;
        while discarded < limits::LINGER_BYTES {
            self.input.consume(self.input.unread().len());
            if !self.read(deadline).await? {
                break;
            }
            discarded += self.input.unread().len();
        }
        Ok(())
    }
}

/// Notes why a connection ended early: its client went away or took too long, which is its own affair.
fn note(ended: io::Result<()>, peer: SocketAddr) {
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "connection ended early");
    }
}

/// Sends what waits in `output` and what follows it, with its fault if it has one; returns how the
/// connection ends if the fault ends it.
async fn send_response(
    stream: &Source<TcpStream>,
    input: &mut Input<'_>,
    output: &[u8],
    turn: &Turn<'_>,
    (travel, next): (Travel, Next),
) -> io::Result<Option<End>> {
    let Some(faulted) = &turn.faulted else {
        let first = if turn.body.is_empty() { next } else { Next::Soon };
        send::send(stream, input, output, travel, first).await?;
        send::send_more(stream, turn.body, next).await?;
        return Ok(None);
    };
    // In a box: connections without a fault need no room for what it waits for.
    Ok(match Box::pin(faulted.send(stream, input, output, travel)).await? {
        Outcome::Sent => None,
        Outcome::Cut => Some(End::AfterInput),
        Outcome::Reset => Some(End::Now),
        Outcome::Withheld => Some(End::Withheld),
    })
}
