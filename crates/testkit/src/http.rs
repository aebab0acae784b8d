//! HTTP as bytes: no client that could hide what is on the wire.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result};
use socket2::{Domain, Protocol, Socket, Type};

use crate::SOON;

/// An answer, taken apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// The status line, without line end.
    pub status_line: String,
    /// The header fields, in order.
    pub headers: Vec<(String, String)>,
    /// All that came after the head.
    pub body: Vec<u8>,
}

impl Response {
    /// Takes an answer apart.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end =
            end.with_context(|| format!("no head in {:?}", String::from_utf8_lossy(bytes)))?;
        let head = std::str::from_utf8(&bytes[..end])?;
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").context("a field without colon")?;
                Ok((name.to_owned(), value.to_owned()))
            })
            .collect::<Result<_>>()?;
        Ok(Self { status_line, headers, body: bytes[end + 4..].to_vec() })
    }

    /// Takes apart answers that follow each other, by their `Content-Length`. Also tells how
    /// many bytes are left over, of an answer that is not whole.
    pub fn parse_all(mut bytes: &[u8]) -> Result<(Vec<Self>, usize)> {
        let mut answers = Vec::new();
        while bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            let mut answer = Self::parse(bytes)?;
            let length = answer.header("Content-Length").context("no Content-Length")?.parse()?;
            if answer.body.len() < length {
                break;
            }
            bytes = &bytes[bytes.len() - (answer.body.len() - length)..];
            answer.body.truncate(length);
            answers.push(answer);
        }
        Ok((answers, bytes.len()))
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        let code = self.status_line.split(' ').nth(1);
        code.and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    /// A header field, by its exact name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The body as text.
    pub fn text(&self) -> Result<String> {
        Ok(String::from_utf8(self.body.clone())?)
    }
}

/// Sends bytes on a new connection, and reads until the other side closes it.
pub fn exchange(address: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    exchange_within(SOON, address, request)
}

/// The same with so much time to connect, and for each read.
pub fn exchange_within(time: Duration, to: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let stream = TcpStream::connect_timeout(&to, time)?;
    stream.set_read_timeout(Some(time))?;
    exchange_on(stream, request)
}

/// The same from one of this machine's addresses.
pub fn exchange_from(from: IpAddr, to: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let stream = connect_from(from, to)?;
    stream.set_read_timeout(Some(SOON))?;
    exchange_on(stream, request)
}

/// Connects from one of this machine's addresses.
pub fn connect_from(from: IpAddr, to: SocketAddr) -> Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect_timeout(&to.into(), SOON)?;
    Ok(socket.into())
}

fn exchange_on(mut stream: TcpStream, request: &[u8]) -> Result<Vec<u8>> {
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
