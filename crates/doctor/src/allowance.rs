//! EC2's counter of packets to link-local services that a network interface has dropped.

use std::path::Path;
use std::process::{Command, Stdio};

const COUNTER: &str = "linklocal_allowance_exceeded";

/// The sum over all network interfaces; `None` without an EC2 (`ena`) interface, or without `ethtool`.
pub(super) fn dropped() -> Option<u64> {
    let interfaces = std::fs::read_dir("/sys/class/net").ok()?.flatten();
    let counts = interfaces.filter_map(|interface| {
        let driver = std::fs::read_link(interface.path().join("device/driver")).ok()?;
        if driver.file_name() != Path::new("ena").file_name() {
            return None;
        }
        let mut ethtool = Command::new("ethtool");
        let output = ethtool.arg("-S").arg(interface.file_name()).stdin(Stdio::null()).output();
        parse(&String::from_utf8_lossy(&output.ok()?.stdout))
    });
    counts.reduce(u64::saturating_add)
}

fn parse(statistics: &str) -> Option<u64> {
    let mut lines = statistics.lines().filter_map(|line| line.trim().split_once(": "));
    lines.find_map(|(name, value)| (name == COUNTER).then(|| value.parse().ok())?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_counter_is_found() {
        let statistics =
            "NIC statistics:\n     tx_timeout: 0\n     linklocal_allowance_exceeded: 17\n";
        assert_eq!(super::parse(statistics), Some(17));
        assert_eq!(super::parse("no stats available\n"), None);
    }
}
