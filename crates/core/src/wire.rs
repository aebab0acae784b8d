//! Bytes out: an [`Answer`] in the order of header fields that each front end uses.

use crate::answer::{Answer, Shape};
use crate::instance_type::Flavour;
use crate::request::{Persistence, Request};
use crate::time::HttpDate;

/// When a connection stays open after an answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum KeepAlive {
    /// As EC2 does it: only if the client asks for it with `Connection: keep-alive`.
    #[default]
    Ec2,
    /// As HTTP/1.1 has it: unless the client sends `Connection: close`.
    Http,
}

/// What happens to the connection after an answer, and the header field that announces it.
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
    pub fn after(policy: KeepAlive, request: &Request<'_>, flavour: Flavour) -> Self {
        let stays = match (request.persistence, policy) {
            (Persistence::KeepAlive, _) => true,
            (Persistence::Close, _) | (Persistence::Unsaid, KeepAlive::Ec2) => false,
            (Persistence::Unsaid, KeepAlive::Http) => request.minor_version > 0,
        };
        if !stays || request.has_body || request.expects {
            Self::Close
        } else if request.minor_version == 0 || flavour == Flavour::Xen {
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
    Server,
    TokenTtl,
}

/// The order of header fields, by front end and shape of the answer, as captured. A field that an
/// answer does not have is passed over.
fn order(flavour: Flavour, shape: Shape<'_>) -> &'static [HeaderField] {
    use HeaderField::{
        AcceptRanges, Allow, Connection, ContentLength, ContentType, Date, LastModified, Server,
        TokenTtl,
    };
    match (flavour, shape) {
        (Flavour::Nitro, Shape::Value { .. }) => &[
            TokenTtl,
            ContentType,
            AcceptRanges,
            LastModified,
            ContentLength,
            Date,
            Server,
            Connection,
        ],
        (Flavour::Nitro, Shape::Token(_) | Shape::Short(_)) => {
            &[TokenTtl, Allow, ContentLength, Date, Server, Connection, ContentType]
        }
        (Flavour::Nitro, Shape::Page) => &[ContentType, ContentLength, Date, Server, Connection],
        (Flavour::Xen, Shape::Value { .. }) => &[
            AcceptRanges,
            ContentLength,
            ContentType,
            Date,
            LastModified,
            TokenTtl,
            Connection,
            Server,
        ],
        (Flavour::Xen, Shape::Token(_) | Shape::Short(_) | Shape::Page) => {
            &[Allow, ContentLength, ContentType, Date, TokenTtl, Connection, Server]
        }
    }
}

impl Answer<'_> {
    /// Appends the answer to `out`.
    pub fn write(&self, connection: Connection, date: &HttpDate, out: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        let version = match self.flavour {
            Flavour::Nitro => "HTTP/1.1 ",
            Flavour::Xen => "HTTP/1.0 ",
        };
        let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
        put(version);
        put(digits.format(self.status.code()));
        put(" ");
        put(self.status.reason());
        for field in order(self.flavour, self.shape) {
            if let Some((name, value)) = self.field(*field, connection, date, &mut digits) {
                put(name);
                put(value);
            }
        }
        out.extend_from_slice(b"\r\n\r\n");
        if !self.head_only {
            out.extend_from_slice(self.body.as_bytes());
        }
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
            (HeaderField::AcceptRanges, _) => match self.flavour {
                Flavour::Nitro => ("\r\nAccept-Ranges: ", "none"),
                Flavour::Xen => ("\r\nAccept-Ranges: ", "bytes"),
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
            (HeaderField::Server, _) => ("\r\nServer: ", "EC2ws"),
            (
                HeaderField::TokenTtl,
                Shape::Value { token_ttl: Some(seconds), .. } | Shape::Token(seconds),
            ) => ("\r\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: ", digits.format(seconds)),
            (HeaderField::Allow | HeaderField::LastModified | HeaderField::TokenTtl, _) => {
                return None;
            }
        })
    }
}
