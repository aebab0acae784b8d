//! Responses: their bodies, and the header fields that all of them have.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::StatusCode;
use hyper::body::{Bytes, Frame};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use maud::Markup;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::error::Refused;

pub(crate) type Response = hyper::Response<Body>;

/// What follows a head.
pub(crate) enum Body {
    /// All of it; empty once it was taken.
    Whole(Bytes),
    /// What comes, until its sender is gone.
    Live(mpsc::Receiver<Bytes>),
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(std::mem::take(bytes))),
            Self::Live(receiver) => receiver.poll_recv(context),
        };
        data.map(|data| data.map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(bytes) => hyper::body::SizeHint::with_exact(bytes.len() as u64),
            Self::Live(_) => hyper::body::SizeHint::default(),
        }
    }
}

/// Nothing is loaded from elsewhere, no script is in a page, no page is in a frame, and nothing is kept.
///
/// The referrer policy is not `no-referrer`: with that, browsers send `Origin: null` with a form.
const FIELDS: [(HeaderName, &str); 8] = [
    (CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("content-security-policy"),
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (HeaderName::from_static("x-frame-options"), "DENY"),
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("referrer-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("vary"), "Cookie, Accept-Language"),
];

/// A response with what all have.
pub(crate) fn respond(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.extend(FIELDS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

pub(crate) fn bytes(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response {
    respond(status, kind, Body::Whole(body.into()))
}

pub(crate) fn text(status: StatusCode, body: impl Into<String>) -> Response {
    bytes(status, "text/plain; charset=utf-8", body.into() + "\n")
}

pub(crate) fn page(status: StatusCode, page: Markup) -> Response {
    bytes(status, "text/html; charset=utf-8", page.into_string())
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let body = serde_json::to_string(value).unwrap_or_default() + "\n";
    bytes(status, "application/json", body)
}

/// An error of the API.
pub(crate) fn refuse(refused: &Refused) -> Response {
    let status = StatusCode::from_u16(refused.status);
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, &serde_json::json!({ "error": refused }))
}

/// Has the browser get another page, whatever the method was.
pub(crate) fn see_other(place: &str) -> Response {
    let mut response = text(StatusCode::SEE_OTHER, "");
    if let Ok(place) = HeaderValue::from_str(place) {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}
