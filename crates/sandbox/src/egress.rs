//! Egress from the sandbox, if requested: `pasta` forwards connections from the service's network namespace
//! to the real network, through ordinary sockets of the real machine.
//!
//! `pasta` must start in the real machine's namespaces, which this process leaves. So a child is forked
//! first; it receives the service's namespace and then becomes `pasta`. IPv4 only: IPv6 stays unreachable.

mod host_guard;

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

use host_guard::HostGuard;

use crate::error::{SandboxError, SandboxErrorKind};
use crate::names::RESOLVER;
use crate::refusal;
use crate::request::FAILED;

const PASTA: &str = "pasta";
const INTERFACE: &str = "egress";

/// How long `pasta` may take to make its interface.
const PATIENCE: Duration = Duration::from_secs(10);

/// The gateway in the service's namespace. It exists only as a neighbour entry: `pasta` takes every packet.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const GATEWAY_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 1];

/// Networks without egress: link-local services must not be reached on the real network.
pub(super) const LINK_LOCAL: [Destination; 2] = [
    Destination { address: IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), prefix_len: 16 },
    Destination {
        address: IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0)),
        prefix_len: 32,
    },
];

/// The child that becomes `pasta`, and the real machine's network.
pub(super) struct Egress {
    child: Child,
    connection: UnixStream,
    /// The standard error of `pasta`.
    stderr: File,
    host: HostGuard,
}

impl Egress {
    /// Forks the child. The process must be in the real machine's namespaces and have one thread. `source` is
    /// the source address of the instance's packets.
    pub(super) fn prepare(source: Ipv4Addr) -> Result<Self, SandboxError> {
        if !is_installed() {
            return Err(SandboxError::new(
                SandboxErrorKind::Unavailable,
                format!("--egress needs {PASTA}, which is not installed"),
            )
            .hint("sudo apt-get install passt")
            .hint("sudo dnf install passt"));
        }
        let host = HostGuard::open().map_err(refusal::explain)?;
        let (connection, far_end) = UnixStream::pair().map_err(failed)?;
        let stderr = memfd_create("pasta-stderr", MemfdFlags::CLOEXEC).map_err(failed)?;
        let stderr = File::from(stderr);

        let mut parent_only = Some(connection);
        let child = process::fork(Isolation::None, || {
            drop(parent_only.take());
            // Returns only on failure; the parent notices that the child ended.
            if let Err(error) = become_pasta(&far_end, &stderr, source) {
                let _ = io::Write::write_all(&mut &stderr, error.to_string().as_bytes());
            }
            FAILED
        })
        .map_err(refusal::explain)?;
        let connection = parent_only.expect("only the child took it");
        Ok(Self { child, connection, stderr, host })
    }

    /// Connects the calling thread's network namespace, the service's, to the real network.
    pub(super) fn connect(mut self) -> Result<(), SandboxError> {
        let namespace = |kind: &str| File::open(format!("/proc/self/ns/{kind}")).map_err(failed);
        let (network, user) = (namespace("net")?, namespace("user")?);
        descriptor::send(&self.connection, &[network.as_fd(), user.as_fd()])
            .map_err(refusal::explain)?;

        let mut socket = Netlink::open().map_err(refusal::explain)?;
        let index = self.wait_for_interface(&mut socket)?;
        add_routes(&mut socket, index).map_err(refusal::explain)?;
        self.host.start(socket).map_err(refusal::explain)
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
                return Err(self.failure());
            }
        }
    }

    fn failure(&mut self) -> SandboxError {
        let mut text = String::new();
        let read = self.stderr.rewind().and_then(|()| self.stderr.read_to_string(&mut text));
        let last =
            text.lines().rev().find(|line| !line.contains("syslog")).unwrap_or("no error message");
        let error = SandboxError::new(
            SandboxErrorKind::Unavailable,
            format!("{PASTA} cannot provide egress: {last}"),
        );
        let error = if read.is_ok() && text.contains("tun") {
            error.hint("pasta needs a /dev/net/tun that its user may open: sudo modprobe tun")
        } else {
            error
        };
        self.child.kill();
        error
    }
}

fn add_routes(socket: &mut Netlink, index: u32) -> Result<(), Error> {
    sysctl::forward_ipv4()?;
    sysctl::unlimited_icmp_errors_ipv4()?;
    let mut batch = Batch::new();
    batch
        .up(index)
        .neighbour(GATEWAY.into(), GATEWAY_MAC, index)
        .via(Destination::DEFAULT_V4, GATEWAY.into(), index)
        .via(Destination::host(RESOLVER.into()), GATEWAY.into(), index);
    for network in LINK_LOCAL {
        if network.address.is_ipv4() || sysctl::has_ipv6() {
            batch.unreachable(network);
        }
    }
    socket.commit(&batch)
}

fn is_installed() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(PASTA).is_file())
}

fn become_pasta(connection: &UnixStream, stderr: &File, source: Ipv4Addr) -> Result<(), Error> {
    process::die_with_parent()?;
    let descriptors = descriptor::receive(connection)?;
    let [network, user] = &descriptors[..] else { return Ok(()) };
    // A session of its own: the terminal's signals must not end it.
    let _ = setsid();
    // Some versions of pasta fail if SIGPIPE is ignored.
    signal::dispose(libc::SIGPIPE, Disposition::Default);
    redirect(stderr)
        .map_err(|source| Error::Process { operation: "redirect its streams", source })?;
    let words = arguments(network, user, source);
    let error = process::exec(
        OsStr::new(PASTA),
        words.iter().map(OsString::as_os_str),
        &Environment::default(),
    );
    Err(Error::Process { operation: "run it", source: error })
}

fn redirect(stderr: &File) -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(stderr)?;
    Ok(())
}

fn arguments(network: &OwnedFd, user: &OwnedFd, source: Ipv4Addr) -> Vec<OsString> {
    let path = |descriptor: &OwnedFd| format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    let mut words: Vec<String> = [
        // Stay this process, print only errors, use IPv4 only.
        "--foreground",
        "--quiet",
        "--ipv4-only",
        "--ns-ifname",
        INTERFACE,
        // No access to the real machine's own services: no mapped gateway, no ports either way.
        "--no-map-gw",
        "-t",
        "none",
        "-u",
        "none",
        "-T",
        "none",
        "-U",
        "none",
        // Addresses and routes are set by this program.
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
        // Started by root it would change its user, and then could not enter the namespace.
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
    SandboxError::new(SandboxErrorKind::Unavailable, "cannot prepare egress")
        .caused_by(error.into())
}
