//! Counters of the calling thread's network namespace.

use std::{fs, io};

use crate::Error;

/// How many packets this namespace refused because their hop limit ran out, IPv4: the ICMP
/// time-exceeded messages it sent.
pub fn time_exceeded_ipv4() -> Result<u64, Error> {
    const PATH: &str = "/proc/net/snmp";
    const COLUMN: &str = "OutTimeExcds";
    read(PATH, COLUMN, |text| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("Icmp: "));
        let names = lines.next()?.split_whitespace();
        let values = lines.next()?.split_whitespace();
        names.zip(values).find(|(name, _)| *name == COLUMN)?.1.parse().ok()
    })
}

/// As [`time_exceeded_ipv4`], for IPv6.
pub fn time_exceeded_ipv6() -> Result<u64, Error> {
    const COLUMN: &str = "Icmp6OutTimeExcds";
    read("/proc/net/snmp6", COLUMN, |text| {
        let line = text.lines().find(|line| line.starts_with(COLUMN))?;
        line.split_whitespace().nth(1)?.parse().ok()
    })
}

fn read(
    path: &'static str,
    column: &'static str,
    find: impl FnOnce(&str) -> Option<u64>,
) -> Result<u64, Error> {
    // `/proc/net` follows the process's first thread; `thread-self` follows the caller.
    fs::read_to_string(path.replace("/proc/", "/proc/thread-self/"))
        .and_then(|text| find(&text).ok_or_else(|| io::ErrorKind::InvalidData.into()))
        .map_err(|source| Error::Counter { path, column, source })
}
