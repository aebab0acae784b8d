//! One request and its answer, on a connection of their own.

use std::fmt::Write as _;
use std::io;

use tokio::net::TcpStream;

use crate::clock;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::path::Path;
use crate::response::{self, Refusal, Response};
use crate::secret::Secret;

/// A request to the service. Has no `Debug`: it may hold a token.
pub(crate) struct Request {
    pub(crate) path: Path,
    bytes: String,
}

impl Request {
    /// Asks for a token that lives `ttl` seconds.
    pub(crate) fn token(endpoint: &Endpoint, ttl: u32) -> Self {
        let mut request = Self::begin("PUT", endpoint, Path::token());
        let _ = write!(
            request.bytes,
            "X-aws-ec2-metadata-token-ttl-seconds: {ttl}\r\nContent-Length: 0\r\n\r\n"
        );
        request
    }

    /// Asks for what is at `path`, with a token (`IMDSv2`) or without (`IMDSv1`).
    pub(crate) fn get(endpoint: &Endpoint, path: Path, token: Option<&Secret>) -> Self {
        let mut request = Self::begin("GET", endpoint, path);
        if let Some(token) = token {
            let _ = write!(request.bytes, "X-aws-ec2-metadata-token: {}\r\n", token.reveal());
        }
        request.bytes.push_str("\r\n");
        request
    }

    fn begin(method: &str, endpoint: &Endpoint, path: Path) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let bytes = format!(
            "{method} {}{path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: imds-client/{version}\r\n\
             Accept: */*\r\nConnection: close\r\n",
            endpoint.prefix(),
            endpoint.host(),
        );
        Self { path, bytes }
    }

    /// Sends it.
    pub(crate) async fn send(&self, stream: &TcpStream) -> io::Result<()> {
        let mut rest = self.bytes.as_bytes();
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

    /// Reads the answer.
    pub(crate) async fn receive(
        &self,
        stream: &TcpStream,
        endpoint: &Endpoint,
    ) -> Result<Response, Error> {
        let most = self.path.most_bytes();
        let mut bytes = Vec::with_capacity(4096);
        loop {
            let read = read(stream, &mut bytes).await;
            // A reset after the last byte is an end like any other.
            let is_all = !matches!(read, Ok(1..));
            match response::parse(&bytes, is_all, most) {
                Ok(Some(response)) => return Ok(response),
                Ok(None) => {}
                Err(Refusal::Truncated) => {
                    return Err(Error::Broken {
                        endpoint: endpoint.to_string(),
                        received: bytes.len(),
                        was_reset: read.is_err(),
                    });
                }
                Err(Refusal::TooLong) => {
                    return Err(Error::TooLong { path: self.path.to_string(), limit: most });
                }
                Err(Refusal::Malformed(problem)) => {
                    let path = self.path.to_string();
                    return Err(Error::Malformed { path, problem: problem.to_owned() });
                }
            }
        }
    }

    /// What an answer means: 200 is the answer asked for, everything else an error.
    pub(crate) fn judge(&self, response: Response) -> Result<Response, Error> {
        let path = self.path.to_string();
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
