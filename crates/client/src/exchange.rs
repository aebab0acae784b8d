//! One request and its response, on a connection of their own.

use std::fmt::Write as _;
use std::io;

use tokio::net::TcpStream;

use crate::clock;
use crate::connect::Connected;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::metadata_path::MetadataPath;
use crate::response::{self, ParseError, Response};
use crate::secret::Secret;

/// A request to the service. Has no `Debug`: it may hold a token.
#[derive(Clone)]
pub(crate) enum Request {
    /// For a token that lives so many seconds.
    Token(u32),
    /// For the value at a path, with a token (`IMDSv2`) or without (`IMDSv1`).
    Get(MetadataPath, Option<Secret>),
}

impl Request {
    /// Sends it on a new connection, and reads the response.
    pub(crate) async fn exchange(
        &self,
        connected: &Connected,
        endpoint: &Endpoint,
    ) -> Result<Response, Error> {
        // A failure to send shows when the response is read.
        let _ = send(&self.bytes(connected, endpoint), &connected.stream).await;
        self.receive(&connected.stream, endpoint).await
    }

    fn path(&self) -> MetadataPath {
        match self {
            Self::Token(_) => MetadataPath::token(),
            Self::Get(path, _) => path.clone(),
        }
    }

    fn bytes(&self, connected: &Connected, endpoint: &Endpoint) -> String {
        let method = if matches!(self, Self::Token(_)) { "PUT" } else { "GET" };
        let (prefix, path) = (endpoint.prefix(), self.path());
        let (host, version) = (endpoint.host_at(connected.address), env!("CARGO_PKG_VERSION"));
        let mut bytes = format!(
            "{method} {prefix}{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: imds-client/{version}\r\n\
             Accept: */*\r\nConnection: close\r\n",
        );
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Token(ttl) => write!(
                bytes,
                "X-aws-ec2-metadata-token-ttl-seconds: {ttl}\r\nContent-Length: 0\r\n"
            ),
            Self::Get(_, Some(token)) => {
                write!(bytes, "X-aws-ec2-metadata-token: {}\r\n", token.reveal())
            }
            Self::Get(_, None) => Ok(()),
        };
        bytes.push_str("\r\n");
        bytes
    }

    async fn receive(&self, stream: &TcpStream, endpoint: &Endpoint) -> Result<Response, Error> {
        let path = self.path();
        let limit = path.max_bytes();
        let mut bytes = Vec::with_capacity(4096);
        loop {
            let read = read(stream, &mut bytes).await;
            // A reset after the last byte is an end like any other.
            let is_all = !matches!(read, Ok(1..));
            match response::parse(&bytes, is_all, limit) {
                Ok(Some(response)) => return Ok(response),
                Ok(None) => {}
                Err(ParseError::Truncated) => {
                    return Err(Error::Broken {
                        endpoint: endpoint.to_string(),
                        received: bytes.len(),
                        was_reset: read.is_err(),
                    });
                }
                Err(ParseError::TooLong) => {
                    return Err(Error::TooLong { path: path.to_string(), limit });
                }
                Err(ParseError::Malformed(problem)) => {
                    let path = path.to_string();
                    return Err(Error::Malformed { path, problem: problem.to_owned() });
                }
            }
        }
    }

    /// The response if its status is 200, else the error that its status stands for.
    pub(crate) fn check_status(&self, response: Response) -> Result<Response, Error> {
        let path = self.path().to_string();
        match response.status {
            200 => Ok(response),
            404 => Err(Error::NotFound { path }),
            status => {
                let retry_after = response.retry_after(clock::wall());
                Err(Error::Status { path, status, retry_after })
            }
        }
    }
}

async fn send(bytes: &str, stream: &TcpStream) -> io::Result<()> {
    let mut rest = bytes.as_bytes();
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn read(stream: &TcpStream, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 4096];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
            Ok(count) => {
                bytes.extend_from_slice(&buffer[..count]);
                return Ok(count);
            }
        }
    }
}
