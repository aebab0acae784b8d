//! The tests cannot reach a network: not the machine's, and not a real metadata service.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use testkit::{Result, Trial, ensure, tests};

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[]; nothing_is_reachable_but_loopback]
}

fn nothing_is_reachable_but_loopback() -> Result<()> {
    for address in ["169.254.169.254:80", "[fd00:ec2::254]:80", "192.0.2.1:80"] {
        let address: SocketAddr = address.parse()?;
        let error = TcpStream::connect_timeout(&address, Duration::from_secs(5)).err();
        let unreachable = error.and_then(|error| error.raw_os_error());
        // ENETUNREACH: not even tried.
        ensure!(unreachable == Some(101), "{address}: {unreachable:?}");
    }
    Ok(())
}
