//! The sockets of `imds serve`.

use std::io;
use std::net::{SocketAddr, TcpListener};

use imds_control::Authentication;
use imds_core::{FrontEnd, Launch, Switch};
use imds_dataplane::{Link, Target};
use imds_linux::passed;

use crate::cli::ListenAddress;
use crate::error::{CommandError, Kind};

/// Whoever listens on an IPv6 address from the start means to be answered there.
pub(super) fn check_ipv6(addresses: &[ListenAddress], launch: &Launch) -> Result<(), CommandError> {
    let enabled = launch.options.http_protocol_ipv6.is_some_and(Switch::is_enabled);
    let ipv6 =
        addresses.iter().find(|listen| listen.address.is_ipv6() && listen.instance.is_none());
    let Some(ListenAddress { address, .. }) = ipv6.filter(|_| !enabled) else { return Ok(()) };
    let on_xen = launch.instance_type.as_ref().is_none_or(|it| it.front_end() == FrontEnd::Xen);
    let nitro = if on_xen { "--instance-type t3.micro " } else { "" };
    Err(CommandError::usage(format!(
        "cannot listen on {address}: the instance's IPv6 endpoint is disabled"
    ))
    .hint(format!("{nitro}--http-protocol-ipv6 enabled")))
}

/// Listens for requests of metadata.
pub(super) fn listen(
    listen: &ListenAddress,
    allow_pages: bool,
    taken: &mut Vec<TcpListener>,
) -> Result<Link, CommandError> {
    let ListenAddress { address, instance } = listen;
    let target = instance.clone().map_or(Target::BySource, Target::Instance);
    let link = match (passed::take(*address), passed::take_from(taken, *address)) {
        (Ok(Some(socket)), _) => Link::passed(socket, target),
        (Ok(None), Some(socket)) => Ok(Link::new(socket, target)),
        (Ok(None), None) => Link::bind(*address, target),
        (Err(error), _) => Err(error),
    };
    let link = link.map_err(|error| {
        cannot_listen(*address, error, "--listen 127.0.0.1:0 takes any that is free")
    })?;
    Ok(if allow_pages { link.answering_pages() } else { link })
}

/// Listens for calls of the EC2 API.
pub(super) fn listen_for_control(
    address: SocketAddr,
    authentication: Authentication,
    taken: &mut Vec<TcpListener>,
) -> Result<TcpListener, CommandError> {
    if authentication == Authentication::Off && !address.ip().is_loopback() {
        return Err(CommandError::usage(format!(
            "--no-auth lets whoever reaches {address} use the EC2 API: it is for loopback only"
        ))
        .hint("leave out --no-auth, or say --control 127.0.0.1:1339"));
    }
    bind_or_take(address, taken).map_err(|error| {
        let hint = "--control 127.0.0.1:0 takes any that is free, --control off none";
        cannot_listen(address, error, hint)
    })
}

/// Listens for Prometheus.
pub(super) fn listen_for_metrics(
    address: SocketAddr,
    taken: &mut Vec<TcpListener>,
) -> Result<TcpListener, CommandError> {
    bind_or_take(address, taken).map_err(|error| {
        cannot_listen(address, error, "--metrics 127.0.0.1:0 takes any that is free")
    })
}

/// Listens for browsers. Whoever may use the console may change everything, and what is sent is not encrypted.
pub(super) fn listen_for_console(
    address: SocketAddr,
    taken: &mut Vec<TcpListener>,
) -> Result<TcpListener, CommandError> {
    if !address.ip().is_loopback() {
        return Err(CommandError::usage(format!(
            "--console {address} is not on loopback, where alone the console is served"
        ))
        .hint("--console 127.0.0.1:1340")
        .hint("from another machine: ssh -L 1340:127.0.0.1:1340 HOST, then open the same URL"));
    }
    bind_or_take(address, taken).map_err(|error| {
        cannot_listen(address, error, "--console 127.0.0.1:0 takes any that is free")
    })
}

fn bind_or_take(address: SocketAddr, taken: &mut Vec<TcpListener>) -> io::Result<TcpListener> {
    let passed = passed::take(address)?.or_else(|| passed::take_from(taken, address));
    passed.map_or_else(|| TcpListener::bind(address), Ok)
}

/// Refuses sockets that the service manager passes and nobody listens on: clients would wait for ever.
pub(super) fn check_passed() -> Result<(), CommandError> {
    let Some(address) = passed::left().into_iter().next() else { return Ok(()) };
    Err(CommandError::usage(format!(
        "the service manager passes a socket on {address}, and nothing is to listen there"
    ))
    .hint(format!("--listen {address} for metadata, or --control {address} for the EC2 API")))
}

fn cannot_listen(address: SocketAddr, error: io::Error, another: &str) -> CommandError {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => Kind::Denied,
        _ => Kind::Unavailable,
    };
    let refused = CommandError::new(kind, format!("cannot listen on {address}"));
    let refused = match error.kind() {
        io::ErrorKind::AddrInUse => refused
            .hint(format!("see who listens there: ss -ltnp 'sport = :{}'", address.port()))
            .hint(format!("or take another port: {another}")),
        io::ErrorKind::PermissionDenied => {
            refused.hint("ports below 1024 need root; take another: --listen 127.0.0.1:1338")
        }
        io::ErrorKind::AddrNotAvailable => {
            refused.hint("this machine has no such address; see `ip address`")
        }
        _ => refused,
    };
    refused.caused_by(error)
}
