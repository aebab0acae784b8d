//! The service itself: what an instance's endpoint answers to a request. Pure: the same arguments
//! give the same bytes.
//!
//! Where AWS documents nothing and no capture shows it, the choice made here is listed in
//! `docs/choices.md`.

use std::borrow::Cow;

use crate::endpoint::Endpoint;
pub use crate::imds_version::ImdsVersion;
use crate::instance_type::FrontEnd;
use crate::options::HttpTokens;
use crate::pages;
use crate::reach::Reach;
use crate::refusal::Refusal;
use crate::request::{Field, Method, Path, Request, parse_decimal};
use crate::time::Moment;
use crate::token::{Keyring, KnownToken, MAX_TTL_SECONDS, Token};

/// A response, not yet bytes. [`Response::write`](crate::wire) makes it bytes.
pub struct Response<'a> {
    /// The status.
    pub status: Status,
    /// The body that a `GET` gets, also where `head_only` leaves it out.
    pub body: Body<'a>,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Which header fields there are, and in which order.
    pub shape: Shape<'a>,
    /// Whether only the head is sent: the response to a `HEAD`.
    pub head_only: bool,
    /// Whether the requested value is still being made (a signature of the identity document): this
    /// 503 is right now, and the same request may get the value a moment later.
    pub pending: bool,
    /// How far the response may travel.
    pub reach: Reach,
    /// Whether the request spoke IMDSv1 or IMDSv2.
    pub version: ImdsVersion,
    /// The front end that answers.
    pub front_end: FrontEnd,
    /// Why the request is refused; `None` for a value, a token, a path that does not exist, and a method
    /// that is not allowed.
    pub refusal: Option<Refusal>,
}

/// The statuses the service uses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// 200
    Ok = 200,
    /// 400: a `PUT` that is not valid, or no HTTP at all.
    BadRequest = 400,
    /// 401: no token where one is required, or one that is not valid.
    Unauthorized = 401,
    /// 403: not allowed, or the endpoint is disabled.
    Forbidden = 403,
    /// 404: no such category.
    NotFound = 404,
    /// 405: a method that this path does not support.
    NotAllowed = 405,
    /// 417: the client expects something (`Expect: 100-continue`).
    ExpectationFailed = 417,
    /// 429: too many requests. EC2 is not known to send it; only a [fault](crate::fault) does here.
    TooManyRequests = 429,
    /// 500: an error inside the service; only a [fault](crate::fault) has it here.
    InternalServerError = 500,
    /// 503: the requested value is still being made; SDKs try again.
    ServiceUnavailable = 503,
}

/// A body.
pub enum Body<'a> {
    /// Bytes of the metadata, or of an error page.
    Bytes(Cow<'a, [u8]>),
    /// A fresh session token.
    Token(Token),
}

/// The header fields of a response beside those that all have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape<'a> {
    /// Metadata: with `Last-Modified`, and with a token the seconds it has left.
    Value {
        /// When the metadata last changed, as an HTTP date.
        last_modified: &'a str,
        /// `X-Aws-Ec2-Metadata-Token-Ttl-Seconds`: seconds left, rounded up.
        token_ttl: Option<u32>,
    },
    /// A token, with its life in seconds.
    Token(u32),
    /// Nothing more, but perhaps the methods that are allowed.
    Short(Option<&'static str>),
    /// An XHTML page.
    Page,
    /// Nothing more, but the seconds after which to try again.
    RetryAfter(u32),
}

/// The only path that mints tokens; there is none under a dated version.
const TOKEN_PATH: &str = "latest/api/token";

/// Answers one request to the instance behind `endpoint`.
pub fn respond<'a>(
    endpoint: &'a Endpoint,
    keyring: &Keyring,
    request: &Request<'_>,
    now: Moment,
) -> Response<'a> {
    respond_again(endpoint, keyring, request, now, &mut KnownToken::default())
}

/// The same for the requests of one connection, which show one token again and again: `known` spares most
/// of the checks, and changes no answer.
pub fn respond_again<'a>(
    endpoint: &'a Endpoint,
    keyring: &Keyring,
    request: &Request<'_>,
    now: Moment,
    known: &mut KnownToken,
) -> Response<'a> {
    let mut response = dispatch(endpoint, keyring, request, now, known);
    response.head_only = request.method == Method::Head;
    if request.method == Method::Put || request.token != Field::Absent {
        response.version = ImdsVersion::V2;
    }
    response
}

fn dispatch<'a>(
    endpoint: &'a Endpoint,
    keyring: &Keyring,
    request: &Request<'_>,
    now: Moment,
    known: &mut KnownToken,
) -> Response<'a> {
    let refuse = |why| refused(endpoint.front_end(), why);
    if !endpoint.options().http_endpoint.is_enabled() {
        return refuse(Refusal::EndpointDisabled);
    }
    if request.expects {
        return refuse(Refusal::Expectation);
    }
    let on_token_path = request.path.as_str() == TOKEN_PATH;
    match request.method {
        Method::Put if on_token_path && !request.path.has_trailing_slash() => {
            put_token(endpoint, keyring, request, now)
        }
        Method::Put => refuse(Refusal::NotTokenPath),
        Method::Options => allowed(endpoint.front_end(), Status::Ok, on_token_path),
        _ if on_token_path => allowed(endpoint.front_end(), Status::NotAllowed, true),
        // A proxy must not use a token either, in whoever's name.
        Method::Get | Method::Head if request.forwarded && request.token != Field::Absent => {
            refuse(Refusal::Forwarded)
        }
        Method::Get | Method::Head => {
            match check_token(endpoint, keyring, request.token, now, known) {
                Ok(token_ttl) => value(endpoint, &request.path, token_ttl, now),
                Err(why) => refuse(why),
            }
        }
        Method::Other => allowed(endpoint.front_end(), Status::NotAllowed, false),
    }
}

fn put_token(
    endpoint: &Endpoint,
    keyring: &Keyring,
    request: &Request<'_>,
    now: Moment,
) -> Response<'static> {
    if request.forwarded {
        // A proxy in front of the instance must never hand the token on.
        return refused(endpoint.front_end(), Refusal::Forwarded);
    }
    let ttl_seconds = match token_ttl(request.token_ttl) {
        Ok(seconds) => seconds,
        Err(why) => return refused(endpoint.front_end(), why),
    };
    let token = keyring.mint(endpoint.instance_id(), endpoint.front_end(), ttl_seconds, now);
    Response {
        body: Body::Token(token),
        shape: Shape::Token(ttl_seconds),
        reach: Reach::Hops(endpoint.options().hop_limit),
        ..plain(endpoint.front_end(), Status::Ok)
    }
}

/// 1 to 21600 whole seconds, in digits only.
fn token_ttl(field: Field<'_>) -> Result<u32, Refusal> {
    let digits = match field {
        Field::Absent => return Err(Refusal::TtlMissing),
        Field::Repeated => return Err(Refusal::TtlRepeated),
        Field::Given(digits) => digits,
    };
    let seconds = parse_decimal(digits).and_then(|number| u32::try_from(number).ok());
    seconds.filter(|it| (1..=MAX_TTL_SECONDS).contains(it)).ok_or(Refusal::TtlInvalid)
}

/// The seconds the shown token has left; `None` where none was shown and none is needed.
///
/// A token that is shown must be good even where none is required: SDKs learn from the 401 that
/// theirs has died.
fn check_token(
    endpoint: &Endpoint,
    keyring: &Keyring,
    token: Field<'_>,
    now: Moment,
    known: &mut KnownToken,
) -> Result<Option<u32>, Refusal> {
    match token {
        Field::Absent => match endpoint.options().http_tokens {
            HttpTokens::Optional => Ok(None),
            HttpTokens::Required => Err(Refusal::TokenMissing),
        },
        Field::Given(token) => {
            let left = keyring.check_again(endpoint.instance_id(), token, now, known);
            left.map(Some).ok_or(Refusal::TokenInvalid)
        }
        Field::Repeated => Err(Refusal::TokenRepeated),
    }
}

fn value<'a>(
    endpoint: &'a Endpoint,
    path: &Path<'_>,
    token_ttl: Option<u32>,
    now: Moment,
) -> Response<'a> {
    let version = if token_ttl.is_some() { ImdsVersion::V2 } else { ImdsVersion::V1 };
    let Some(found) = endpoint.tree().find_for(path.as_str(), now, version) else {
        return error(endpoint.front_end(), Status::NotFound);
    };
    if found.pending {
        let unavailable = refused(endpoint.front_end(), Refusal::NotSigned);
        return Response { pending: true, ..unavailable };
    }
    Response {
        body: Body::Bytes(found.body),
        content_type: found.content_type,
        shape: Shape::Value { last_modified: endpoint.last_modified(), token_ttl },
        ..plain(endpoint.front_end(), Status::Ok)
    }
}

fn allowed(front_end: FrontEnd, status: Status, on_token_path: bool) -> Response<'static> {
    let methods = if on_token_path { "OPTIONS, PUT" } else { "GET, HEAD, OPTIONS" };
    Response { shape: Shape::Short(Some(methods)), ..plain(front_end, status) }
}

/// The response to a request that is refused, or to bytes that are none.
pub fn refused(front_end: FrontEnd, why: Refusal) -> Response<'static> {
    Response { refusal: Some(why), ..error(front_end, why.status()) }
}

/// A response with another status instead of `response`, to the same request.
pub(crate) fn with_status(
    response: &Response<'_>,
    status: Status,
    retry_after: Option<u32>,
) -> Response<'static> {
    let error = error(response.front_end, status);
    Response {
        shape: retry_after.map_or(error.shape, Shape::RetryAfter),
        head_only: response.head_only,
        version: response.version,
        ..error
    }
}

/// An error answer: with a page or without a body, as on each front end.
fn error(front_end: FrontEnd, status: Status) -> Response<'static> {
    let page = match (status, front_end) {
        (Status::NotFound, _) => pages::NOT_FOUND,
        (Status::Unauthorized, FrontEnd::Xen) => pages::UNAUTHORIZED,
        (Status::BadRequest, FrontEnd::Xen) => pages::BAD_REQUEST,
        (Status::ExpectationFailed, FrontEnd::Xen) => pages::EXPECTATION_FAILED,
        _ => return plain(front_end, status),
    };
    Response {
        body: Body::Bytes(page.as_bytes().into()),
        content_type: "text/html",
        shape: Shape::Page,
        ..plain(front_end, status)
    }
}

fn plain(front_end: FrontEnd, status: Status) -> Response<'static> {
    Response {
        status,
        body: Body::Bytes(Cow::Borrowed(b"")),
        content_type: "text/plain",
        shape: Shape::Short(None),
        head_only: false,
        pending: false,
        reach: Reach::Anywhere,
        version: ImdsVersion::V1,
        front_end,
        refusal: None,
    }
}

impl Refusal {
    /// The status of the response.
    pub fn status(self) -> Status {
        match self {
            Self::NotHttp
            | Self::HeadTooLong
            | Self::TooManyFields
            | Self::ContentLength
            | Self::TtlMissing
            | Self::TtlRepeated
            | Self::TtlInvalid => Status::BadRequest,
            Self::TokenMissing | Self::TokenRepeated | Self::TokenInvalid => Status::Unauthorized,
            Self::EndpointDisabled | Self::Forwarded | Self::NotTokenPath | Self::Page => {
                Status::Forbidden
            }
            Self::Expectation => Status::ExpectationFailed,
            Self::NotSigned | Self::CutOff => Status::ServiceUnavailable,
        }
    }
}

impl Body<'_> {
    /// The bytes as they go over the wire.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Token(token) => token.as_bytes(),
        }
    }
}

impl Status {
    /// The status code.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The reason phrase as EC2 writes it: a 405 is `Not Allowed`, not `Method Not Allowed`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::BadRequest => "Bad Request",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::NotAllowed => "Not Allowed",
            Self::ExpectationFailed => "Expectation Failed",
            Self::TooManyRequests => "Too Many Requests",
            Self::InternalServerError => "Internal Server Error",
            Self::ServiceUnavailable => "Service Unavailable",
        }
    }
}
