//! All that is done to one response.

use std::num::NonZeroU64;
use std::time::Duration;

use super::draw::Draw;
use super::effects::{FaultEffects, FaultResponse, FaultyBody, FaultyCredentials, Truncation};
use super::kind::FaultKinds;
use super::limits::MAX_DELAY;
use crate::credentials::{expired, unauthorized};
use crate::response::{Body, Response, with_status};
use crate::time::Moment;

/// The page of [`FaultyBody::Html`].
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
                    <body><h1>Sign in to the network</h1></body></html>\n";

/// What all rules together do to one response: delays add up; of anything else, the rule that was added
/// first decides.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interference {
    /// How long the response is held back.
    pub delay: Duration,
    /// What there is instead of it.
    pub response: Option<FaultResponse>,
    /// How much of its body is sent.
    pub truncate: Option<Truncation>,
    /// How fast its body is sent, in bytes a second.
    pub rate: Option<NonZeroU64>,
    /// The kinds of all that is done.
    pub kinds: FaultKinds,
    body: Option<(FaultyBody, Draw)>,
    credentials: Option<FaultyCredentials>,
    date: Option<i64>,
}

impl Interference {
    /// Adds what one more rule does. Its allowance of packets is not decided here: it depends on requests
    /// before this one.
    pub fn add(&mut self, effects: &FaultEffects, draw: Draw) {
        let delay = effects.latency.map_or(Duration::ZERO, |latency| latency.delay(draw));
        self.delay = (self.delay + delay).min(MAX_DELAY);
        self.response = self.response.or(effects.response);
        self.truncate = self.truncate.or(effects.truncate);
        self.rate = self.rate.or(effects.rate);
        self.body = self.body.or(effects.body.map(|body| (body, draw)));
        self.credentials = self.credentials.or(effects.credentials);
        self.date = self.date.or(effects.date);
        effects.kinds().iter().for_each(|kind| self.kinds.insert(kind));
    }

    /// The response that is sent instead of `response`, or of which a part is sent.
    pub fn change<'a>(&self, response: Response<'a>, path: &str, now: Moment) -> Response<'a> {
        let mut response = match self.response {
            Some(FaultResponse::Status(status, retry_after)) => {
                with_status(&response, status, retry_after)
            }
            Some(FaultResponse::Lost | FaultResponse::Reset) | None => response,
        };
        let bytes = response.body.as_bytes();
        let now = now.unix_seconds();
        let credentials = self.credentials.and_then(|credentials| match credentials {
            FaultyCredentials::Expired => expired(bytes, now),
            FaultyCredentials::Unauthorized => {
                let role = path.rsplit('/').next().unwrap_or_default();
                Some(unauthorized(role, now).into_bytes())
            }
        });
        let body = self.body.map(|(body, draw)| match body {
            FaultyBody::Empty => Vec::new(),
            FaultyBody::Garbage => draw.letters(bytes.len()),
            FaultyBody::Html => PAGE.into(),
        });
        if matches!(self.body, Some((FaultyBody::Html, _))) {
            response.content_type = "text/html";
        }
        if let Some(body) = body.or(credentials) {
            response.body = Body::Bytes(body.into());
        }
        response
    }

    /// The second that the `Date` header shows.
    pub fn date(&self, now: Moment) -> u64 {
        now.unix_seconds().saturating_add_signed(self.date.unwrap_or(0))
    }
}
