//! Resets a client whose token was lost, for those who do not want to wait as long as on EC2.
//!
//! There, and here by default, the client hangs: its answer died at a router, and the connection is
//! closed on our side. After two minutes its keep-alive probes meet a kernel that knows no such
//! connection and says so. With a patience set, the client hears the same after that time.

use std::io;
use std::net::TcpStream;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use imds_linux::socket;

use crate::link::Resetter;
use crate::reactor::Source;
use crate::send;

/// How long the client's kernel has to answer our knock.
const KNOCK: Duration = Duration::from_secs(2);

/// How long the kernel may take beyond a client's patience to send a token again.
const AGAIN: Duration = Duration::from_secs(10);

/// How often it is asked.
const POLL: Duration = Duration::from_millis(10);

/// Whether the client has not acknowledged the token after `patience`, though all of it was sent: a
/// client that takes nothing for a while has lost nothing.
///
/// Nor has one that is far away, or on a busy machine, where acknowledgements are late for longer than that:
/// it is lost once the kernel, which knows how long they take, has sent it in vain.
pub(crate) async fn is_lost(stream: &Source<TcpStream>, patience: Duration) -> io::Result<bool> {
    let deadline = stream.reactor().now() + patience + AGAIN;
    let mut pause = patience;
    loop {
        match send::acknowledged(stream, pause).await {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => pause = POLL,
            acknowledged => return acknowledged.map(|()| false),
        }
        if socket::unsent(stream)? > 0 {
            return Ok(false);
        }
        // What the kernel does not tell is left to patience alone.
        if socket::was_sent_again(stream).unwrap_or(true) || stream.reactor().now() >= deadline {
            return Ok(true);
        }
    }
}

/// Ends the connection at once on both sides, without raising the TTL that the token went with.
///
/// Our side forgets the connection, token and all; its own reset dies where the token died. Then
/// a fresh socket, at the normal TTL, knocks at the client, whose kernel asks back, and ours answers
/// that it knows nothing of such a connection. Does not work through address translation. A link into
/// another network has a `resetter`, which knocks from there.
pub(crate) async fn reset_client(
    stream: Source<TcpStream>,
    resetter: Option<&Resetter>,
) -> io::Result<()> {
    let (local, peer) = (stream.get_ref().local_addr()?, stream.get_ref().peer_addr()?);
    let reactor = Rc::clone(stream.reactor());
    socket::reset_on_close(&stream)?;
    drop(stream);
    if let Some(resetter) = resetter {
        resetter.reset(local, peer);
        return Ok(());
    }
    let knock = Source::new(&reactor, socket::provoke_reset(local, peer)?);
    // The knock is never let in: it is over once the client, reset by then, refuses it.
    let _ = reactor.by(reactor.now() + KNOCK, pin!(knock.writable())).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use imds_linux::send::Next;

    use super::*;
    use crate::reactor::Reactor;

    #[test]
    fn a_client_that_takes_nothing_is_not_reset() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let reactor = Reactor::jumping();
        let main = {
            let reactor = Rc::clone(&reactor);
            async move {
                let stream = Source::ready(&reactor, stream);
                while socket::unsent(&stream).unwrap() == 0 {
                    stream.write(&[b'x'; 4096], Next::Unknown).await.unwrap();
                }
                assert!(!is_lost(&stream, Duration::from_secs(1)).await.unwrap());
                drop(client);
            }
        };
        reactor.run(main).unwrap();
    }
}
