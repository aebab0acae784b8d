//! Kernel settings of the calling thread's network namespace, under `/proc/sys/net`.

use std::fs;
use std::path::PathBuf;

use crate::Error;

/// Makes the namespace pass packets on between its interfaces, in IPv4.
pub fn forward_ipv4() -> Result<(), Error> {
    write("net/ipv4/ip_forward", "1")
}

/// Makes the namespace pass packets on between its interfaces, in IPv6.
pub fn forward_ipv6() -> Result<(), Error> {
    write("net/ipv6/conf/all/forwarding", "1")
}

/// Answers every refused packet with its own ICMP error. By default the kernel sends a few a second
/// to each peer, and a peer that gets none waits in silence.
pub fn unlimited_icmp_errors_ipv4() -> Result<(), Error> {
    write("net/ipv4/icmp_ratelimit", "0")
}

/// As [`unlimited_icmp_errors_ipv4`], for IPv6.
pub fn unlimited_icmp_errors_ipv6() -> Result<(), Error> {
    write("net/ipv6/icmp/ratelimit", "0")
}

/// Keeps interfaces made from now on from asking for IPv6 routers and from believing any.
pub fn ignore_ipv6_routers() -> Result<(), Error> {
    write("net/ipv6/conf/default/accept_ra", "0")
}

/// Whether the kernel speaks IPv6 in this namespace at all.
pub fn has_ipv6() -> bool {
    PathBuf::from("/proc/sys/net/ipv6").is_dir()
}

/// Makes the namespace an end and no way through: it takes packets from any source on any interface,
/// passes none on, and believes no redirect. A new namespace has the first one's IPv4 settings, so
/// all of them are set.
pub fn be_a_dead_end() -> Result<(), Error> {
    write("net/ipv4/ip_forward", "0")?;
    for scope in ["all", "default"] {
        for (name, value) in [
            ("rp_filter", "0"),
            ("accept_local", "0"),
            ("accept_redirects", "0"),
            ("accept_source_route", "0"),
            ("arp_ignore", "0"),
            ("log_martians", "0"),
            ("route_localnet", "0"),
        ] {
            write(&format!("net/ipv4/conf/{scope}/{name}"), value)?;
        }
    }
    if has_ipv6() {
        write("net/ipv6/conf/all/forwarding", "0")?;
        write("net/ipv6/conf/default/accept_ra", "0")?;
        write("net/ipv6/conf/default/accept_redirects", "0")?;
        write("net/ipv6/conf/all/disable_ipv6", "0")?;
        write("net/ipv6/conf/default/disable_ipv6", "0")?;
    }
    Ok(())
}

/// Whether interfaces made from now on have IPv6.
pub fn new_interfaces_have_ipv6() -> bool {
    interface_has_ipv6("default") && interface_has_ipv6("all")
}

/// Whether an interface has IPv6; not if the kernel has none.
pub fn interface_has_ipv6(name: &str) -> bool {
    fs::read_to_string(format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6"))
        .is_ok_and(|value| value.trim() == "0")
}

/// How an interface judges the sources of packets: 0 not at all, 1 strictly (the way back must be the
/// same interface), 2 loosely (there must be a way back).
pub fn source_check(interface: &str) -> Option<u8> {
    let path = format!("/proc/sys/net/ipv4/conf/{interface}/rp_filter");
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Sets it. The kernel goes by the larger value of the interface's and that of `all`.
pub fn set_source_check(interface: &str, value: u8) -> Result<(), Error> {
    let value = match value {
        0 => "0",
        1 => "1",
        _ => "2",
    };
    write(&format!("net/ipv4/conf/{interface}/rp_filter"), value)
}

/// Writes a setting unless it has the value: in most containers these files can only be read.
fn write(name: &str, value: &'static str) -> Result<(), Error> {
    let path = PathBuf::from("/proc/sys").join(name);
    if fs::read_to_string(&path).is_ok_and(|present| present.trim() == value) {
        return Ok(());
    }
    fs::write(&path, value).map_err(|source| Error::Sysctl { path, value, source })
}
