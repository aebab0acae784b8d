//! Kernel settings of the calling thread's network namespace, under `/proc/sys/net`.

use std::fs;
use std::path::PathBuf;

use crate::Error;

/// Makes the namespace pass packets on between its interfaces, in IPv4.
pub fn forward_ipv4() -> Result<(), Error> {
    set("net/ipv4/ip_forward", "1")
}

/// Makes the namespace pass packets on between its interfaces, in IPv6.
pub fn forward_ipv6() -> Result<(), Error> {
    set("net/ipv6/conf/all/forwarding", "1")
}

/// Answers every refused packet with its own ICMP error. By default the kernel sends a few a second
/// to each peer, and a peer that gets none waits in silence.
pub fn unlimited_icmp_errors_ipv4() -> Result<(), Error> {
    set("net/ipv4/icmp_ratelimit", "0")
}

/// As [`unlimited_icmp_errors_ipv4`], for IPv6.
pub fn unlimited_icmp_errors_ipv6() -> Result<(), Error> {
    set("net/ipv6/icmp/ratelimit", "0")
}

/// Keeps interfaces made from now on from asking for IPv6 routers and from believing any.
pub fn ignore_ipv6_routers() -> Result<(), Error> {
    set("net/ipv6/conf/default/accept_ra", "0")
}

/// Whether the kernel speaks IPv6 in this namespace at all.
pub fn has_ipv6() -> bool {
    PathBuf::from("/proc/sys/net/ipv6").is_dir()
}

fn set(name: &'static str, value: &'static str) -> Result<(), Error> {
    let path = PathBuf::from("/proc/sys").join(name);
    fs::write(&path, value).map_err(|source| Error::Sysctl { path, value, source })
}
