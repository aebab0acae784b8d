//! One turn of a connection: a request that was read becomes a response, a count and a record.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use imds_core::fault::Concern;
use imds_core::request::{Field, Parsed, PathGroup, Request};
use imds_core::response::{self, Body, Response, Status};
use imds_core::{HopLimit, Moment, Reach, Refusal, wire};

use crate::faulted::{FaultNote, Faulted, PACKETS_OF_FIRST, PACKETS_OF_NEXT};
use crate::faults::{ActiveFault, Origin, Struck, strike};
use crate::input::Input;
use crate::logged_text::LoggedText;
use crate::peer::{Identified, Peer};
use crate::requests::{RequestRecord, undeliverable};
use crate::shared::{AttachedLink, Shared};

/// Room for nearly every answer.
const FIRST_ROOM: usize = 1024;

/// The largest body that is copied to a connection's output, in bytes. A larger one is sent from the
/// endpoint, however many clients take it at a time.
const MOST_COPIED: usize = 4096;

/// A request that has a response, which waits in the connection's output.
pub(crate) struct Turn<'a> {
    /// What follows the output.
    pub(crate) body: &'a [u8],
    /// How many bytes of input the request was.
    pub(crate) length: usize,
    pub(crate) reach: Reach,
    /// Whether the response, a token, cannot arrive as far as is known.
    pub(crate) is_undeliverable: bool,
    pub(crate) after: wire::Connection,
    /// Whether a better response can be had by waiting a moment.
    pub(crate) is_pending: bool,
    /// Whether more may come that belongs to this request.
    pub(crate) body_follows: bool,
    /// What sends the response instead, where a fault hit the request.
    pub(crate) faulted: Option<Box<Faulted>>,
}

/// Where a turn takes place.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) link: &'a AttachedLink,
    pub(crate) peer: &'a Peer,
    pub(crate) stream: &'a TcpStream,
    /// The lowest hop limit that a token of this connection had.
    pub(crate) lowest_reach: Option<HopLimit>,
    /// Whether it is the connection's first.
    pub(crate) is_first: bool,
    /// When the event came that brought the input.
    pub(crate) began: Instant,
    /// When the events came that are worked on.
    pub(crate) now: Instant,
}

impl<'a> Context<'a> {
    /// Parses a request from `input`, and writes its response to `output`; `None` where the request is
    /// not whole yet. A response that is pending is neither counted nor recorded: take it again.
    pub(crate) fn take(
        self,
        instance: &'a Identified,
        input: &Input<'_>,
        output: &mut Vec<u8>,
    ) -> Option<Turn<'a>> {
        self.respond(instance, input, output, false)
    }

    /// The same once waiting is over: the response counts, whatever it is.
    pub(crate) fn take_again(
        self,
        instance: &'a Identified,
        input: &Input<'_>,
        output: &mut Vec<u8>,
    ) -> Option<Turn<'a>> {
        self.respond(instance, input, output, true)
    }

    fn respond(
        self,
        instance: &'a Identified,
        input: &Input<'_>,
        output: &mut Vec<u8>,
        is_last: bool,
    ) -> Option<Turn<'a>> {
        let (request, length) = match Request::parse(input.unread()) {
            Parsed::Partial => return None,
            Parsed::Complete(request, length) => (Ok(request), length),
            Parsed::Malformed(why) => (Err(why), 0),
        };
        let now = self.shared.clock.at(self.now);
        let endpoint = &*instance.endpoint;
        let mut response = match &request {
            Ok(request) => self.decide(instance, request, now),
            Err(why) => response::refused(endpoint.front_end(), *why),
        };
        let counts = is_last || !response.pending;
        let mut struck = None;
        if let (Some(faults), Ok(request), true) = (&instance.faults, &request, counts) {
            struck = self.strike(faults, request, &response);
            if let Some(struck) = &struck {
                response = struck.interference.change(response, request.path.as_str(), now);
            }
        }
        let after = self.after(request.as_ref().ok(), &response);
        output.clear();
        output.reserve(FIRST_ROOM);
        let (body, faulted) = match struck {
            None => (self.write(&response, after, now, output), None),
            Some(struck) => (&[][..], Some(Faulted::write(struck, &response, after, now, output))),
        };
        let is_undeliverable = self.is_undeliverable(response.reach);
        // Before it is sent: whoever has read the response finds it counted and recorded, even where
        // that is the last thing that happens.
        if counts {
            let bytes = match &faulted {
                None => output.len() + body.len(),
                Some(faulted) => faulted.bytes_to_send(output),
            };
            let fault = faulted.as_ref().map(|faulted| faulted.note());
            let request = request.as_ref().ok();
            self.note(instance, request, (&response, bytes), (is_undeliverable, fault), now);
        }
        Some(Turn {
            body,
            length,
            reach: response.reach,
            is_undeliverable,
            after,
            is_pending: response.pending,
            body_follows: request.as_ref().ok().is_none_or(|request| request.has_body),
            faulted,
        })
    }

    /// The response if there were no faults.
    fn decide(self, instance: &'a Identified, request: &Request<'_>, now: Moment) -> Response<'a> {
        let endpoint = &*instance.endpoint;
        if self.shared.service.lease.refuses() {
            return response::refused(endpoint.front_end(), Refusal::CutOff);
        }
        if self.link.refuses_pages && request.sender.is_page() {
            return response::refused(endpoint.front_end(), Refusal::Page);
        }
        let known = &mut instance.known.borrow_mut();
        response::respond_again(endpoint, &self.shared.service.keyring, request, now, known)
    }

    /// What faults do to the request.
    fn strike(
        self,
        faults: &[Arc<ActiveFault>],
        request: &Request<'_>,
        response: &Response<'_>,
    ) -> Option<Struck> {
        let is_value = response.status == Status::Ok && !response.head_only;
        let value = if is_value { response.body.as_bytes() } else { &[] };
        let packets = if self.is_first { PACKETS_OF_FIRST } else { PACKETS_OF_NEXT };
        let interface = (self.link.id, self.peer.address.ip().to_canonical());
        let concern = Concern { path: request.path.as_str(), value };
        strike(faults, &concern, Origin { interface, packets }, self.began)
    }

    /// Writes a response to `output`; returns what follows that is better not copied.
    fn write(
        self,
        response: &Response<'a>,
        after: wire::Connection,
        now: Moment,
        output: &mut Vec<u8>,
    ) -> &'a [u8] {
        let mut date = self.shared.date.borrow_mut();
        date.advance(now.unix_seconds());
        let body = large_body(response);
        if body.is_empty() {
            response.write(after, &date, output);
        } else {
            response.write_head(after, &date, output);
        }
        body
    }

    /// Whether a response cannot arrive, as far as is known. That is asked only of those that may not.
    fn is_undeliverable(self, reach: Reach) -> bool {
        reach != Reach::Anywhere && undeliverable(reach, self.peer.hops_away(self.stream)).is_some()
    }

    /// What becomes of the connection.
    fn after(self, request: Option<&Request<'_>>, response: &Response<'_>) -> wire::Connection {
        let Some(request) = request else { return wire::Connection::Close };
        // The TTL of a connection never rises. Where the limit has, the next token needs another
        // connection.
        let is_below = |limit| self.lowest_reach.is_some_and(|lowest| lowest < limit);
        match response.reach {
            Reach::Hops(limit) if is_below(limit) => wire::Connection::Close,
            _ if self.shared.is_draining.get() => wire::Connection::Close,
            _ => {
                let keep_alive = self.shared.policy().keep_alive;
                wire::Connection::after(keep_alive, request, response.front_end)
            }
        }
    }

    fn note(
        self,
        instance: &Identified,
        request: Option<&Request<'_>>,
        (response, bytes): (&Response<'_>, usize),
        (is_undeliverable, fault): (bool, Option<FaultNote>),
        now: Moment,
    ) {
        let path = request.map_or("", |request| request.path.as_str());
        let micros = LazyCell::new(|| micros_since(self.began));
        instance.counters.request(response.version, response.status, bytes);
        let counters = &self.shared.counters;
        counters.request(PathGroup::of(path), response.version, response.status);
        if let Some(fault) = fault {
            counters.faults.count(fault.kinds);
        }
        if self.shared.service.measures_latency {
            counters.latency.observe(*micros);
        }
        self.link.counters.request(response.version);
        if response.reach != Reach::Anywhere {
            instance.counters.token(is_undeliverable);
        }

        self.shared.publisher.borrow_mut().publish(response.version, || RequestRecord {
            unix_ms: now.unix_ms,
            link: self.link.id,
            peer: self.peer.address,
            endpoint: instance.endpoint.clone(),
            version: response.version,
            method: request.map(|request| request.method),
            path: LoggedText::new(path),
            sent: request
                .and_then(|it| it.path.sent_otherwise())
                .map(|sent| LoggedText::as_sent(sent.as_bytes())),
            agent: request.and_then(agent),
            status: response.status,
            refusal: response.refusal,
            fault,
            hops_away: self.peer.hops_away(self.stream),
            reach: response.reach,
            micros: *micros,
        });
    }
}

/// The body, if it is better not copied; else nothing.
fn large_body<'a>(response: &Response<'a>) -> &'a [u8] {
    match response.body {
        Body::Bytes(Cow::Borrowed(body)) if !response.head_only && body.len() > MOST_COPIED => body,
        _ => &[],
    }
}

/// What the client calls itself.
fn agent(request: &Request<'_>) -> Option<LoggedText> {
    match request.agent {
        Field::Given(agent) => Some(LoggedText::as_sent(agent)),
        Field::Absent | Field::Repeated => None,
    }
}

fn micros_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}
