//! One turn of a connection: a request that was read becomes a response, a count and a record.

use std::cell::LazyCell;
use std::time::Instant;

use imds_core::request::{Parsed, PathGroup, Request};
use imds_core::response::{self, Response};
use imds_core::{Moment, Reach, wire};

use crate::input::Input;
use crate::peer::{Identified, Peer};
use crate::requests::{LoggedPath, RequestRecord, undeliverable};
use crate::shared::{AttachedLink, Shared};

/// A request that has a response, which waits in the connection's output.
pub(crate) struct Turn {
    /// How many bytes of input the request was.
    pub(crate) length: usize,
    pub(crate) reach: Reach,
    pub(crate) after: wire::Connection,
    /// Whether a better response can be had by waiting a moment.
    pub(crate) is_pending: bool,
    /// Whether more may come that belongs to this request.
    pub(crate) body_follows: bool,
}

/// Where a turn takes place.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) link: &'a AttachedLink,
    pub(crate) peer: &'a Peer,
    /// When the event came that brought the input.
    pub(crate) began: Instant,
}

impl Context<'_> {
    /// Parses a request from `input`, and writes its response to `output`; `None` where the request is
    /// not whole yet. A response that is pending is neither counted nor recorded: take it again.
    pub(crate) fn take(
        self,
        instance: &Identified,
        input: &Input,
        output: &mut Vec<u8>,
    ) -> Option<Turn> {
        self.respond(instance, input, output, false)
    }

    /// The same once waiting is over: the response counts, whatever it is.
    pub(crate) fn take_again(
        self,
        instance: &Identified,
        input: &Input,
        output: &mut Vec<u8>,
    ) -> Option<Turn> {
        self.respond(instance, input, output, true)
    }

    fn respond(
        self,
        instance: &Identified,
        input: &Input,
        output: &mut Vec<u8>,
        is_last: bool,
    ) -> Option<Turn> {
        let service = &self.shared.service;
        let (request, length) = match Request::parse(input.unread()) {
            Parsed::Partial => return None,
            Parsed::Complete(request, length) => (Some(request), length),
            Parsed::Malformed => (None, 0),
        };
        let now = self.shared.clock.now();
        let endpoint = &*instance.endpoint;
        let (response, after) = match &request {
            Some(request) => (
                response::respond(endpoint, &service.keyring, request, now),
                wire::Connection::after(
                    self.shared.policy().keep_alive,
                    request,
                    endpoint.front_end(),
                ),
            ),
            None => (response::malformed(endpoint.front_end()), wire::Connection::Close),
        };
        let mut date = self.shared.date.borrow_mut();
        date.advance(now.unix_seconds());
        output.clear();
        response.write(after, &date, output);
        // Before it is sent: whoever has read the response finds it counted and recorded, even where
        // that is the last thing that happens.
        if is_last || !response.pending {
            self.note(instance, request.as_ref(), &response, now, output.len());
        }
        Some(Turn {
            length,
            reach: response.reach,
            after,
            is_pending: response.pending,
            body_follows: request.as_ref().is_none_or(|request| request.has_body),
        })
    }

    fn note(
        self,
        instance: &Identified,
        request: Option<&Request<'_>>,
        response: &Response<'_>,
        now: Moment,
        bytes: usize,
    ) {
        let hops_away = self.peer.hops_away;
        let path = request.map_or("", |request| request.path.as_str());
        let micros = LazyCell::new(|| micros_since(self.began));
        instance.counters.request(response.version, response.status, bytes);
        let counters = &self.shared.counters;
        counters.request(PathGroup::of(path), response.version, response.status);
        if self.shared.service.measures_latency {
            counters.latency.observe(*micros);
        }
        self.link.counters.request(response.version);
        if response.reach != Reach::Anywhere {
            instance.counters.token(undeliverable(response.reach, hops_away).is_some());
        }

        self.shared.publisher.borrow_mut().publish(|| RequestRecord {
            unix_ms: now.unix_ms,
            link: self.link.id,
            peer: self.peer.address,
            endpoint: instance.endpoint.clone(),
            version: response.version,
            method: request.map(|request| request.method),
            path: LoggedPath::new(path),
            status: response.status,
            hops_away,
            reach: response.reach,
            micros: *micros,
        });
    }
}

fn micros_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}
