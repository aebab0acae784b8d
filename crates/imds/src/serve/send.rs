//! Packets out: the hop limit is set before the bytes that need it, and never raised again.
//!
//! The kernel reads a socket's TTL at each transmission and retransmission. Whoever raises it again
//! after a token lets the token's retransmission out.

use std::io;
use std::time::Duration;

use imds_core::Reach;
use imds_linux::socket;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::input::Input;
use super::limits;

/// Sends `bytes` so that they travel no further than `reach`. What came since is put into `input`.
pub(super) async fn send(
    stream: &TcpStream,
    input: &mut Input,
    bytes: &[u8],
    reach: Reach,
) -> io::Result<()> {
    if let Reach::Hops(limit) = reach {
        // Answers before this one may travel anywhere, also when they have to be sent again.
        acknowledged(stream, limits::SEND).await?;
        // The request's acknowledgement too, and the kernel gives it only once all was taken.
        input.take_waiting(stream)?;
        socket::lower_ttl(stream, limit.get())?;
    }
    match stream.try_write(bytes) {
        Ok(count) if count == bytes.len() => Ok(()),
        Ok(count) => write_rest(stream, &bytes[count..]).await,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => write_rest(stream, bytes).await,
        Err(error) => Err(error),
    }
}

/// Waits until the client has acknowledged all that was sent, and fails where it never will: the
/// connection is gone, or `patience` at its end.
///
/// The kernel tells nobody when that happens, so it is asked, less and less often.
pub(super) async fn acknowledged(stream: &TcpStream, patience: Duration) -> io::Result<()> {
    let wait = async {
        let mut pause = Duration::from_millis(1);
        while socket::unacknowledged(stream)? > 0 {
            // A connection that was reset has no peer any more.
            stream.peer_addr()?;
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
        Ok(())
    };
    timeout(patience, wait).await?
}

async fn write_rest(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    let write = async {
        while !bytes.is_empty() {
            stream.writable().await?;
            match stream.try_write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    timeout(limits::SEND, write).await?
}
