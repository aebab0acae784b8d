use std::fmt::Write as _;
use std::net::IpAddr;
use std::os::fd::AsRawFd as _;

use super::*;
use crate::Namespace;
use crate::link::End;
use crate::route::Destination;

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

/// Each change with its bytes, as the crate netlink-packet-route 0.34 wrote them: length, kind and flags,
/// then what follows the header. `FD` is the descriptor of a namespace.
const CHANGES: &str = include_str!("changes.txt");

#[test]
#[cfg_attr(target_endian = "big", ignore = "the bytes are those of a little-endian machine")]
fn changes_have_the_bytes_that_another_implementation_writes() {
    let [v4, v6]: [IpAddr; 2] = ["192.0.2.1", "2001:db8::1"].map(|text| text.parse().unwrap());
    let namespace = Namespace::current().unwrap();
    let near = End { name: "near", index: 1000, mac: Some(MAC), mtu: 1500 };
    let far = End { name: "farther", index: 0, mac: None, mtu: 1500 };
    let mut batch = Batch::new();
    batch.veth(near, far, &namespace).no_link_local(7).no_arp(7).alias(7, "imds").group(7, 9);
    batch.remove_group(9).remove_link(7).up(7).settle(7).ethernet_address(7, MAC);
    for address in [v4, v6] {
        batch.address(7, address, 24).link_address(7, address).remove_link_address(7, address);
        batch.neighbour(address, MAC, 7);
        let host = Destination::host(address);
        batch.on_link(host, 7).on_link_from(host, 7, Some(address), 50);
        batch.on_link_from(host, 7, None, 50).via(host, address, 7);
        batch.unreachable(host).prohibit(host).blackhole(host);
    }
    batch.via(Destination::DEFAULT_V4, v4, 7).via(Destination::DEFAULT_V6, v6, 7);

    let written: String = batch.changes.iter().map(written).collect();
    let descriptor = format!("{:02x}", namespace.as_raw_fd());
    let expected = CHANGES.replace("FD", &descriptor);
    for (ours, theirs) in written.lines().zip(expected.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(written.lines().count(), expected.lines().count());
}

/// A change as in [`CHANGES`].
fn written(change: &Change) -> String {
    let mut bytes = Vec::new();
    change.message.append(NLM_F_REQUEST | NLM_F_ACK | change.flags, 0, &mut bytes);
    let mut line = format!("{}\n  ", change.operation);
    for (index, byte) in bytes.iter().enumerate() {
        match index {
            // The sequence number, and room for the sender's.
            8 => line.push(' '),
            9..16 => {}
            _ => write!(line, "{byte:02x}").unwrap(),
        }
    }
    line + "\n"
}
