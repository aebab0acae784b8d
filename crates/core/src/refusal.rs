//! Why a request is refused, for logs. The client gets the status alone, as on EC2.

/// Why a request is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The bytes are not a request of HTTP/1.0 or HTTP/1.1.
    NotHttp,
    /// The request line and the header fields take over [`MAX_HEAD`](crate::request::MAX_HEAD) bytes.
    HeadTooLong,
    /// Over [`MAX_HEADERS`](crate::request::MAX_HEADERS) header fields.
    TooManyFields,
    /// `Content-Length` is not a number, or there are two that differ.
    ContentLength,
    /// A `PUT` for a token without `X-aws-ec2-metadata-token-ttl-seconds`.
    TtlMissing,
    /// The same with two of these fields.
    TtlRepeated,
    /// The TTL is not a whole number from 1 to 21600.
    TtlInvalid,
    /// No token where one is required.
    TokenMissing,
    /// Two `X-aws-ec2-metadata-token` fields.
    TokenRepeated,
    /// The token has expired, is another instance's, or never was one.
    TokenInvalid,
    /// `HttpEndpoint` is `disabled`.
    EndpointDisabled,
    /// A proxy forwarded a request for a token, or one with a token.
    Forwarded,
    /// A `PUT` to a path other than the token's.
    NotTokenPath,
    /// The client sent `Expect`.
    Expectation,
    /// The identity document is not signed yet.
    NotSigned,
    /// This host is cut off from the state that it shares with others, and is set to refuse then.
    CutOff,
    /// Only a page in a browser sends such a request, and those are refused on loopback.
    Page,
}

impl Refusal {
    /// One line of ASCII without quotes, and without anything that the client sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotHttp => "not an HTTP/1 request",
            Self::HeadTooLong => "request line and header fields over 16 KiB",
            Self::TooManyFields => "over 64 header fields",
            Self::ContentLength => "Content-Length is not one number",
            Self::TtlMissing => "no X-aws-ec2-metadata-token-ttl-seconds",
            Self::TtlRepeated => "X-aws-ec2-metadata-token-ttl-seconds twice",
            Self::TtlInvalid => "TTL is not 1 to 21600 seconds",
            Self::TokenMissing => "no token",
            Self::TokenRepeated => "two tokens",
            Self::TokenInvalid => "token is expired or not this instance's",
            Self::EndpointDisabled => "HttpEndpoint is disabled",
            Self::Forwarded => "X-Forwarded-For",
            Self::NotTokenPath => "PUT is for /latest/api/token only",
            Self::Expectation => "Expect",
            Self::NotSigned => "identity document is not signed yet",
            Self::CutOff => "this host is cut off from the state",
            Self::Page => "page in a browser",
        }
    }
}
