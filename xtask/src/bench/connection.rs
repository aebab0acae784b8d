//! A connection of a client that keeps it, and asks for one value.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context as _, Result, ensure};

/// What is asked for.
pub(super) const VALUE: &str = "i-1234567890abcdef0";
/// More than a response takes.
const RESPONSE: usize = 4096;

pub(super) struct Connection {
    stream: TcpStream,
}

impl Connection {
    pub(super) fn open(address: &str) -> Result<Self> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        Ok(Self { stream })
    }

    pub(super) fn send(&mut self, request: &str) -> Result<()> {
        Ok(self.stream.write_all(request.as_bytes())?)
    }

    /// The whole response, which servers send at once.
    pub(super) fn receive(&mut self) -> Result<Vec<u8>> {
        let mut buffer = [0; RESPONSE];
        let length = self.stream.read(&mut buffer)?;
        let response = &buffer[..length];
        let is_whole =
            response.starts_with(b"HTTP/1.1 200") && response.ends_with(VALUE.as_bytes());
        ensure!(is_whole, "no response: {:?}", String::from_utf8_lossy(response));
        Ok(response.to_vec())
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// A request for the value, after which the connection stays.
pub(super) fn request(address: &str, token: &str) -> String {
    format!(
        "GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: {address}\r\nConnection: keep-alive\r\n\
         X-aws-ec2-metadata-token: {token}\r\n\r\n"
    )
}
