//! The way out of the sandbox, for those who ask for one: `pasta` carries connections between the
//! service's network and the real one, as ordinary sockets of the real machine.
//!
//! It must start in the real machine's namespaces, and those are gone once we have made ours. So a
//! child is forked first; it waits to be handed the service's namespace and then becomes `pasta`.
//! IPv4 only: IPv6 stays as unreachable as it is without a way out.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use std::{env, io};

use imds_linux::process::{self, Child, Environment, Isolation};
use imds_linux::route::Destination;
use imds_linux::signal::{self, Disposition};
use imds_linux::{Batch, Error, Netlink, descriptor, sysctl};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{PidfdFlags, pidfd_open, setsid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use crate::error::{SandboxError, SandboxErrorKind};
use crate::names::RESOLVER;
use crate::refusal;
use crate::request::FAILED;

const PASTA: &str = "pasta";
const INTERFACE: &str = "egress";

/// How long `pasta` may take to make its interface.
const PATIENCE: Duration = Duration::from_secs(10);

/// A router that only exists as a neighbour of the service: `pasta` takes every packet.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const GATEWAY_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 1];

/// Networks that never have a way out: what answers there on EC2 is ours to answer or nobody's.
pub(super) const NEVER: [Destination; 2] = [
    Destination { address: IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), prefix_len: 16 },
    Destination {
        address: IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0)),
        prefix_len: 32,
    },
];

/// The child that will become `pasta`, and what must be known of the real network.
pub(super) struct Egress {
    child: Child,
    line: UnixStream,
    /// What `pasta` says when it fails.
    complaints: File,
    /// Addresses of the real machine, whose services are not for the sandbox.
    host_addresses: Vec<IpAddr>,
}

impl Egress {
    /// Prepares the way while the process still is in the real machine's namespaces and has one
    /// thread. `source` is the address that the instance's packets come from.
    pub(super) fn prepare(source: Ipv4Addr) -> Result<Self, SandboxError> {
        if !is_installed() {
            return Err(SandboxError::new(
                SandboxErrorKind::Unavailable,
                format!("--egress needs {PASTA}, which is not installed"),
            )
            .hint("sudo apt-get install passt")
            .hint("sudo dnf install passt"));
        }
        let host_addresses =
            Netlink::open().and_then(|mut real| real.addresses()).map_err(refusal::explain)?;
        let (line, far_end) = UnixStream::pair().map_err(failed)?;
        let complaints = memfd_create("complaints", MemfdFlags::CLOEXEC).map_err(failed)?;
        let complaints = File::from(complaints);

        let mut ours = Some(line);
        let child = process::fork(Isolation::None, || {
            drop(ours.take());
            // It only returns if it did not become `pasta`; the service notices that it ended.
            if let Err(error) = become_pasta(&far_end, &complaints, source) {
                let _ = io::Write::write_all(&mut &complaints, error.to_string().as_bytes());
            }
            FAILED
        })
        .map_err(refusal::explain)?;
        let line = ours.expect("only the child took it");
        Ok(Self { child, line, complaints, host_addresses })
    }

    /// Joins the calling thread's network, the service's, with the real one.
    pub(super) fn connect(mut self) -> Result<(), SandboxError> {
        let namespace = |kind: &str| File::open(format!("/proc/self/ns/{kind}")).map_err(failed);
        let (network, user) = (namespace("net")?, namespace("user")?);
        descriptor::send(&self.line, &[network.as_fd(), user.as_fd()]).map_err(refusal::explain)?;

        let mut socket = Netlink::open().map_err(refusal::explain)?;
        let index = self.wait_for_interface(&mut socket)?;
        self.lead_out(&mut socket, index).map_err(refusal::explain)
    }

    fn wait_for_interface(&mut self, socket: &mut Netlink) -> Result<u32, SandboxError> {
        let ended = pidfd_open(self.child.pid(), PidfdFlags::empty()).map_err(failed)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let links = socket.links().map_err(refusal::explain)?;
            if let Some((_, index)) = links.iter().find(|(name, _)| name == INTERFACE) {
                return Ok(*index);
            }
            let pause = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
            let gone = poll(&mut [PollFd::new(&ended, PollFlags::IN)], Some(&pause)) == Ok(1);
            if gone || Instant::now() > deadline {
                return Err(self.complaint());
            }
        }
    }

    fn complaint(&mut self) -> SandboxError {
        let mut text = String::new();
        let read =
            self.complaints.rewind().and_then(|()| self.complaints.read_to_string(&mut text));
        let last =
            text.lines().rev().find(|line| !line.contains("syslog")).unwrap_or("no reason given");
        let error = SandboxError::new(
            SandboxErrorKind::Unavailable,
            format!("{PASTA} gives no way out: {last}"),
        );
        let error = if read.is_ok() && text.contains("tun") {
            error.hint("it takes a /dev/net/tun that its user may open: sudo modprobe tun")
        } else {
            error
        };
        self.child.kill();
        error
    }

    fn lead_out(&self, socket: &mut Netlink, index: u32) -> Result<(), Error> {
        sysctl::forward_ipv4()?;
        sysctl::unlimited_icmp_errors_ipv4()?;
        let mut batch = Batch::new();
        batch
            .up(index)
            .neighbour(GATEWAY.into(), GATEWAY_MAC, index)
            .via(Destination::DEFAULT_V4, GATEWAY.into(), index)
            .via(Destination::host(RESOLVER.into()), GATEWAY.into(), index);
        for network in NEVER {
            if network.address.is_ipv4() || sysctl::has_ipv6() {
                batch.unreachable(network);
            }
        }
        for address in self.host_addresses.iter().filter(|address| is_route_worthy(**address)) {
            batch.unreachable(Destination::host(*address));
        }
        socket.commit(&batch)
    }
}

/// Whether a packet to this address could get as far as a route.
fn is_route_worthy(address: IpAddr) -> bool {
    let in_never = matches!(address, IpAddr::V4(address) if address.is_link_local());
    address.is_ipv4() && !address.is_loopback() && !in_never
}

fn is_installed() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(PASTA).is_file())
}

fn become_pasta(line: &UnixStream, complaints: &File, source: Ipv4Addr) -> Result<(), Error> {
    process::die_with_parent()?;
    let descriptors = descriptor::receive(line)?;
    let [network, user] = &descriptors[..] else { return Ok(()) };
    // A group of its own, or the terminal's keys would end it.
    let _ = setsid();
    // Some versions take it for a failure if this was ignored before.
    signal::dispose(libc::SIGPIPE, Disposition::Default);
    redirect(complaints)
        .map_err(|source| Error::Process { operation: "redirect its streams", source })?;
    let words = arguments(network, user, source);
    let error = process::exec(
        OsStr::new(PASTA),
        words.iter().map(OsString::as_os_str),
        &Environment::default(),
    );
    Err(Error::Process { operation: "run it", source: error })
}

fn redirect(complaints: &File) -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(complaints)?;
    Ok(())
}

fn arguments(network: &OwnedFd, user: &OwnedFd, source: Ipv4Addr) -> Vec<OsString> {
    let path = |descriptor: &OwnedFd| format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    let mut words: Vec<String> = [
        // Stay the process that we know, say little, and speak IPv4.
        "--foreground",
        "--quiet",
        "--ipv4-only",
        "--ns-ifname",
        INTERFACE,
        // The real machine's own services stay its own: no mapped gateway, no ports either way.
        "--no-map-gw",
        "-t",
        "none",
        "-u",
        "none",
        "-T",
        "none",
        "-U",
        "none",
        // Addresses and routes are ours to give.
        "--no-dhcp",
        "--no-ndp",
        "--no-ra",
        "--netmask",
        "32",
    ]
    .map(String::from)
    .to_vec();
    words.extend(["--address".into(), source.to_string()]);
    words.extend(["--gateway".into(), GATEWAY.to_string()]);
    words.extend(["--dns-forward".into(), RESOLVER.to_string()]);
    if same_user_namespace(user) {
        // It would become another user if root started it, and then could not join the network.
        words.extend(["--runas", "0", "--netns-only"].map(String::from));
    } else {
        words.extend(["--userns".into(), path(user)]);
    }
    words.extend(["--netns".into(), path(network)]);
    words.into_iter().map(OsString::from).collect()
}

fn same_user_namespace(other: &OwnedFd) -> bool {
    let own = rustix::fs::stat("/proc/self/ns/user");
    let other = rustix::fs::fstat(other);
    matches!((own, other), (Ok(own), Ok(other)) if own.st_ino == other.st_ino)
}

fn failed(error: impl Into<io::Error>) -> SandboxError {
    SandboxError::new(SandboxErrorKind::Unavailable, "cannot prepare a way out")
        .caused_by(error.into())
}
