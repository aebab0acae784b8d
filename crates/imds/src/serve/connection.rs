//! A connection: bytes become one request at a time, and answers become bytes.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use imds_core::answer::{self, Answer};
use imds_core::request::{Parsed, Request};
use imds_core::{Endpoint, Moment, Reach, wire};

use super::identify::Caller;
use super::input::Input;
use super::reactor::Source;
use super::shared::{Busy, Shared};
use super::{limits, send, stall};
use crate::identity;
use crate::telemetry::{Access, LoggedPath};

/// Room for nearly every answer.
const FIRST_ROOM: usize = 1024;

/// How often a request for a signature looks whether it is made; that takes about 100 ms, once.
const SIGNATURE_POLL: Duration = Duration::from_millis(10);

pub(super) struct Connection<'a> {
    stream: Source<TcpStream>,
    caller: Caller,
    shared: &'a Shared,
    input: Input,
    output: Vec<u8>,
}

/// A request that has an answer, which waits in `output`.
struct Turn {
    /// How many bytes of input the request was.
    length: usize,
    reach: Reach,
    after: wire::Connection,
    /// Whether another answer can be had by waiting a moment.
    is_pending: bool,
    /// Whether more may come that belongs to this request.
    body_follows: bool,
    access: Option<Access>,
}

/// How a connection ends.
enum End {
    /// All the client sent was read: it can be closed.
    Now,
    /// The client may still be sending. A close would reset the connection, and the reset could
    /// overtake the answer.
    AfterInput,
    /// The client never got its token, and is to hear so.
    InReset,
}

impl<'a> Connection<'a> {
    pub(super) fn new(stream: Source<TcpStream>, caller: Caller, shared: &'a Shared) -> Self {
        let output = Vec::with_capacity(FIRST_ROOM);
        Self { stream, caller, shared, input: Input::new(), output }
    }

    /// Answers requests until the connection ends.
    pub(super) async fn run(mut self) {
        let end = self.serve().await;
        // The end belongs to the last answer: whoever is told to stop waits for it as well.
        let _busy = Busy::new(self.shared);
        let ended = match end {
            Ok(End::Now) => Ok(()),
            Ok(End::AfterInput) => self.discard_input().await,
            Ok(End::InReset) => stall::reset_client(self.stream).await,
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            // The client went away or took too long: its own affair.
            tracing::debug!(%error, peer = %self.caller.address, "connection ended early");
        }
    }

    async fn serve(&mut self) -> io::Result<End> {
        let mut deadline = self.stream.reactor().now() + limits::IDLE;
        loop {
            if self.input.unread().is_empty() && !self.read(deadline).await? {
                return Ok(End::Now);
            }
            self.caller.identify(self.shared.table.borrow_mut().load());
            let Some(endpoint) = self.caller.endpoint() else { return Ok(End::Now) };
            let turn =
                take_turn(self.shared, &self.caller, endpoint, &self.input, &mut self.output);
            let Some(mut turn) = turn else {
                if self.read(deadline).await? {
                    continue;
                }
                return Ok(End::Now);
            };
            let _busy = Busy::new(self.shared);
            if turn.is_pending {
                self.wait_for_signatures(endpoint).await;
                let (input, output) = (&self.input, &mut self.output);
                turn =
                    take_turn(self.shared, &self.caller, endpoint, input, output).unwrap_or(turn);
            }
            // Before it is sent: whoever has read the answer finds it in the log, even where that is
            // the last thing that happens.
            if let (Some(log), Some(access)) = (&self.shared.service.access_log, turn.access) {
                log.record(access);
            }
            send::send(&self.stream, &mut self.input, &self.output, turn.reach).await?;
            self.input.consume(turn.length);
            if turn.reach != Reach::Anywhere
                && let Some(patience) = self.shared.service.policy.get().stall
                && stall::is_lost(&self.stream, patience).await?
            {
                return Ok(End::InReset);
            }
            if turn.after == wire::Connection::Close {
                let all_read = !turn.body_follows && self.input.unread().is_empty();
                return Ok(if all_read { End::Now } else { End::AfterInput });
            }
            deadline = self.stream.reactor().now() + limits::IDLE;
        }
    }

    /// Has the identity document signed, and waits until that is done or has failed.
    async fn wait_for_signatures(&self, endpoint: &Arc<Endpoint>) {
        let signer = self.shared.service.signers.of(endpoint.region());
        signer.start(endpoint);
        let reactor = self.stream.reactor();
        let deadline = reactor.now() + identity::PATIENCE;
        while signer.is_working() && reactor.now() < deadline {
            reactor.sleep(SIGNATURE_POLL).await;
        }
    }

    /// Reads more; `false` where the client has ended its side.
    async fn read(&mut self, deadline: Instant) -> io::Result<bool> {
        let count = self.stream.reactor().by(deadline, self.stream.read(self.input.room())).await?;
        self.input.keep(count);
        Ok(count > 0)
    }

    /// Ends our side, and reads what still comes for a moment.
    async fn discard_input(&mut self) -> io::Result<()> {
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

/// Parses a request from what was read, and writes its answer to `output`; `None` where the request
/// is not whole yet.
fn take_turn(
    shared: &Shared,
    caller: &Caller,
    endpoint: &Arc<Endpoint>,
    input: &Input,
    output: &mut Vec<u8>,
) -> Option<Turn> {
    let service = &shared.service;
    let (request, length) = match Request::parse(input.unread()) {
        Parsed::Partial => return None,
        Parsed::Complete(request, length) => (Some(request), length),
        Parsed::Malformed => (None, 0),
    };
    let now = shared.clock.now();
    let (answer, after) = match &request {
        Some(request) => (
            answer::answer(endpoint, &service.keyring, request, now),
            wire::Connection::after(service.policy.get().keep_alive, request, endpoint.flavour()),
        ),
        None => (answer::malformed(endpoint.flavour()), wire::Connection::Close),
    };
    let mut date = shared.date.borrow_mut();
    date.advance(now.unix_seconds());
    output.clear();
    answer.write(after, &date, output);
    let note = || note(caller, endpoint, request.as_ref(), &answer, now);
    Some(Turn {
        length,
        reach: answer.reach,
        after,
        is_pending: answer.pending,
        body_follows: request.as_ref().is_none_or(|request| request.has_body),
        access: service.access_log.is_some().then(note),
    })
}

/// The access log's record of a turn.
fn note(
    caller: &Caller,
    endpoint: &Arc<Endpoint>,
    request: Option<&Request<'_>>,
    answer: &Answer<'_>,
    now: Moment,
) -> Access {
    Access {
        unix_ms: now.unix_ms,
        peer: caller.address,
        endpoint: Arc::clone(endpoint),
        spoken: answer.spoken,
        method: request.map(|request| request.method),
        path: LoggedPath::new(request.map_or("", |request| request.path.as_str())),
        status: answer.status,
        hops_away: caller.hops_away,
        reach: answer.reach,
    }
}
