//! Keeps the sandbox from the real machine itself. `pasta` connects from there, so whatever the real machine
//! takes for its own would be its services: addresses that it has or gets later, and whole networks (`AnyIP`).

use std::collections::HashSet;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::thread;

use imds_linux::local::RouteWatch;
use imds_linux::route::Destination;
use imds_linux::{Batch, Error, Netlink};

use crate::warning::warn;

/// The real machine's local destinations, and what is refused because of them.
pub(super) struct HostGuard {
    host: Netlink,
    watch: RouteWatch,
    refused: HashSet<Destination>,
}

impl HostGuard {
    /// Watches the network namespace that the calling thread is in, the real machine's.
    pub(super) fn open() -> Result<Self, Error> {
        // The watch comes first: no change is missed between the two.
        let watch = RouteWatch::open()?;
        Ok(Self { host: Netlink::open()?, watch, refused: HashSet::new() })
    }

    /// Refuses these destinations in the service's namespace, to which `service` belongs; then goes on doing so
    /// in a thread of its own.
    pub(super) fn start(mut self, mut service: Netlink) -> Result<(), Error> {
        self.refuse_new(&mut service)?;
        let guard = move || {
            let mut step = || self.watch.wait().and_then(|()| self.refuse_new(&mut service));
            loop {
                if let Err(error) = step() {
                    warn(format_args!("new addresses of this machine can be reached: {error}"));
                    return;
                }
            }
        };
        thread::Builder::new()
            .name("host-guard".into())
            .spawn(guard)
            .map_err(|source| Error::Process { operation: "start a thread", source })?;
        Ok(())
    }

    fn refuse_new(&mut self, service: &mut Netlink) -> Result<(), Error> {
        for local in self.host.local_destinations()? {
            for destination in refusals(local) {
                if !self.refused.insert(destination) {
                    continue;
                }
                match service.commit(Batch::new().unreachable(destination)) {
                    // The sandbox has a network of the same numbers, which comes first.
                    Err(error) if error.io().is_some_and(exists) => {}
                    outcome => outcome?,
                }
            }
        }
        Ok(())
    }
}

fn exists(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::AlreadyExists
}

/// The routes that keep packets from a local destination: none where there is one already; two for everything,
/// which has the default route.
fn refusals(local: Destination) -> Vec<Destination> {
    let half = |first| Destination { address: Ipv4Addr::new(first, 0, 0, 0).into(), prefix_len: 1 };
    match local {
        Destination { prefix_len: 0, .. } => vec![half(0), half(128)],
        Destination { address: IpAddr::V4(address), .. }
            if address.is_loopback() || address.is_link_local() =>
        {
            Vec::new()
        }
        _ => vec![local],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_local_destination_has_its_refusals() {
        for (local, expected) in [
            ("127.0.0.0/8", &[][..]),
            ("169.254.7.7/32", &[]),
            ("192.0.2.7/32", &["192.0.2.7/32"]),
            ("10.0.0.0/8", &["10.0.0.0/8"]),
            ("0.0.0.0/0", &["0.0.0.0/1", "128.0.0.0/1"]),
        ] {
            let (address, prefix_len) = local.split_once('/').unwrap();
            let local = Destination {
                address: address.parse().unwrap(),
                prefix_len: prefix_len.parse().unwrap(),
            };
            let refusals: Vec<_> = refusals(local).iter().map(Destination::to_string).collect();
            assert_eq!(refusals, expected);
        }
    }
}
