//! Bytes out: a [`Response`] in the order of header fields that each front end uses.

use crate::instance_type::FrontEnd;
use crate::request::{Persistence, Request};
use crate::response::{Response, Shape};
use crate::time::HttpDate;

/// When a connection stays open after a response.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum KeepAlive {
    /// As EC2 does it: only if the client asks for it with `Connection: keep-alive`.
    #[default]
    Ec2,
    /// As HTTP/1.1 has it: unless the client sends `Connection: close`.
    Http,
}

/// What happens to the connection after a response, and the header field that announces it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Connection {
    /// It is closed, with `Connection: close`.
    Close,
    /// It stays open; between HTTP/1.1 peers that goes without saying.
    Open,
    /// It stays open, with `Connection: keep-alive`, because one side speaks HTTP/1.0.
    KeepAlive,
}

impl Connection {
    /// Decides for one request. A request with a body, or one that expects something, is the last
    /// on its connection: what follows the head would be read as another request.
    pub fn after(policy: KeepAlive, request: &Request<'_>, front_end: FrontEnd) -> Self {
        let stays = match (request.persistence, policy) {
            (Persistence::KeepAlive, _) => true,
            (Persistence::Close, _) | (Persistence::Unsaid, KeepAlive::Ec2) => false,
            (Persistence::Unsaid, KeepAlive::Http) => request.minor_version > 0,
        };
        if !stays || request.has_body || request.expects {
            Self::Close
        } else if request.minor_version == 0 || front_end == FrontEnd::Xen {
            Self::KeepAlive
        } else {
            Self::Open
        }
    }
}

#[derive(Clone, Copy)]
enum HeaderField {
    AcceptRanges,
    Allow,
    Connection,
    ContentLength,
    ContentType,
    Date,
    LastModified,
    RetryAfter,
    Server,
    TokenTtl,
}

/// The order of header fields, by front end and shape of the response, as captured. A field that an
/// answer does not have is passed over.
fn order(front_end: FrontEnd, shape: Shape<'_>) -> &'static [HeaderField] {
    use HeaderField::{
        AcceptRanges, Allow, Connection, ContentLength, ContentType, Date, LastModified,
        RetryAfter, Server, TokenTtl,
    };
    match (front_end, shape) {
        (FrontEnd::Nitro, Shape::Value { .. }) => &[
            TokenTtl,
            ContentType,
            AcceptRanges,
            LastModified,
            ContentLength,
            Date,
            Server,
            Connection,
        ],
        (FrontEnd::Nitro, Shape::Token(_) | Shape::Short(_)) => {
            &[TokenTtl, Allow, ContentLength, Date, Server, Connection, ContentType]
        }
        (FrontEnd::Nitro, Shape::RetryAfter(_)) => {
            &[RetryAfter, ContentLength, Date, Server, Connection, ContentType]
        }
        (FrontEnd::Nitro, Shape::Page) => &[ContentType, ContentLength, Date, Server, Connection],
        (FrontEnd::Xen, Shape::Value { .. }) => &[
            AcceptRanges,
            ContentLength,
            ContentType,
            Date,
            LastModified,
            TokenTtl,
            Connection,
            Server,
        ],
        (FrontEnd::Xen, Shape::RetryAfter(_)) => {
            &[ContentLength, ContentType, Date, RetryAfter, Connection, Server]
        }
        (FrontEnd::Xen, Shape::Token(_) | Shape::Short(_) | Shape::Page) => {
            &[Allow, ContentLength, ContentType, Date, TokenTtl, Connection, Server]
        }
    }
}

impl Response<'_> {
    /// Appends the response to `out`.
    pub fn write(&self, connection: Connection, date: &HttpDate, out: &mut Vec<u8>) {
        self.write_head(connection, date, out);
        if !self.head_only {
            out.extend_from_slice(self.body.as_bytes());
        }
    }

    /// Appends the response without its body to `out`.
    pub fn write_head(&self, connection: Connection, date: &HttpDate, out: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        let version = match self.front_end {
            FrontEnd::Nitro => "HTTP/1.1 ",
            FrontEnd::Xen => "HTTP/1.0 ",
        };
        let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
        put(version);
        put(digits.format(self.status.code()));
        put(" ");
        put(self.status.reason());
        for field in order(self.front_end, self.shape) {
            if let Some((name, value)) = self.field(*field, connection, date, &mut digits) {
                put(name);
                put(value);
            }
        }
        out.extend_from_slice(b"\r\n\r\n");
    }

    /// A header field's name, with what stands around it on the wire, and its value, where this
    /// answer has the field. `digits` holds a number's text.
    fn field<'v>(
        &'v self,
        field: HeaderField,
        connection: Connection,
        date: &'v HttpDate,
        digits: &'v mut itoa::Buffer,
    ) -> Option<(&'static str, &'v str)> {
        Some(match (field, self.shape) {
            (HeaderField::AcceptRanges, _) => match self.front_end {
                FrontEnd::Nitro => ("\r\nAccept-Ranges: ", "none"),
                FrontEnd::Xen => ("\r\nAccept-Ranges: ", "bytes"),
            },
            (HeaderField::Allow, Shape::Short(Some(methods))) => ("\r\nAllow: ", methods),
            (HeaderField::Connection, _) => match connection {
                Connection::Close => ("\r\nConnection: ", "close"),
                Connection::KeepAlive => ("\r\nConnection: ", "keep-alive"),
                Connection::Open => return None,
            },
            (HeaderField::ContentLength, _) => {
                ("\r\nContent-Length: ", digits.format(self.body.as_bytes().len()))
            }
            (HeaderField::ContentType, _) => ("\r\nContent-Type: ", self.content_type),
            (HeaderField::Date, _) => ("\r\nDate: ", date.as_str()),
            (HeaderField::LastModified, Shape::Value { last_modified, .. }) => {
                ("\r\nLast-Modified: ", last_modified)
            }
            (HeaderField::RetryAfter, Shape::RetryAfter(seconds)) => {
                ("\r\nRetry-After: ", digits.format(seconds))
            }
            (HeaderField::Server, _) => ("\r\nServer: ", "EC2ws"),
            (
                HeaderField::TokenTtl,
                Shape::Value { token_ttl: Some(seconds), .. } | Shape::Token(seconds),
            ) => ("\r\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: ", digits.format(seconds)),
            (
                HeaderField::Allow
                | HeaderField::LastModified
                | HeaderField::RetryAfter
                | HeaderField::TokenTtl,
                _,
            ) => return None,
        })
    }
}
