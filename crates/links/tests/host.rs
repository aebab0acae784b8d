//! What clients in namespaces are told by the service.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use imds_linux::Namespace;
pub(crate) use testkit::workloads::*;
use testkit::{Context as _, Result, SOON, ensure};

/// The metadata addresses with their port.
pub(crate) const V4: &str = "169.254.169.254:80";
pub(crate) const V6: &str = "[fd00:ec2::254]:80";

/// How long a client waits for what is not to come.
const NEVER: Duration = Duration::from_millis(400);

/// What a client in `namespace` is told that asks to be answered with `ttl`: which link, and from where.
pub(crate) fn ask(namespace: &Namespace, service: &str, ttl: u8) -> Result<String> {
    ask_within(namespace, service, ttl, SOON)
}

/// Fails unless a client gets a connection and no answer.
pub(crate) fn assert_lost(namespace: &Namespace, service: &str, ttl: u8) -> Result<()> {
    let error = ask_within(namespace, service, ttl, NEVER).err().context("it was answered")?;
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    ensure!(kind == Some(std::io::ErrorKind::WouldBlock), "{error:?}");
    Ok(())
}

fn ask_within(namespace: &Namespace, service: &str, ttl: u8, patience: Duration) -> Result<String> {
    let address: SocketAddr = service.parse()?;
    namespace.run(|| {
        let mut stream = TcpStream::connect_timeout(&address, SOON)?;
        stream.set_read_timeout(Some(patience))?;
        writeln!(stream, "{ttl}")?;
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    })?
}
