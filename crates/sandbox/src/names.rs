//! Host names in the sandbox: the metadata service's names resolve, all others do not exist.
//!
//! Programs read `/etc/hosts` first, then ask the resolver in `/etc/resolv.conf`. Without a response some
//! programs wait for seconds, so a resolver listens where a VPC has one. It also resolves the service's
//! names, for programs that do not read `/etc/hosts`.

use std::fmt::Write;
use std::net::{Ipv4Addr, UdpSocket};
use std::thread;

use crate::error::{SandboxError, SandboxErrorKind};
use crate::request::{InstanceFacts, SERVICE_V4};

/// The address of a VPC's resolver.
pub(super) const RESOLVER: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 253);

/// The names of the metadata service in a VPC.
const SERVICE_NAMES: [&str; 2] = ["instance-data.ec2.internal", "instance-data"];

/// The content of `/etc/hosts`.
pub(super) fn hosts(instance: &InstanceFacts) -> String {
    let mut text = String::from(
        "127.0.0.1 localhost localhost.localdomain localhost4 localhost4.localdomain4\n\
         ::1 localhost localhost.localdomain localhost6 localhost6.localdomain6\n",
    );
    let full = &instance.hostname;
    let short = full.split('.').next().unwrap_or(full);
    let alias = if short == full { String::new() } else { format!(" {short}") };
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{} {full}{alias}", instance.private_ipv4);
    let _ = writeln!(text, "{SERVICE_V4} {}", SERVICE_NAMES.join(" "));
    text
}

/// The content of `/etc/resolv.conf`.
pub(super) fn resolv_conf() -> String {
    format!("nameserver {RESOLVER}\noptions timeout:1 attempts:1\n")
}

/// The new content of `/etc/nsswitch.conf`; `None` if hosts are resolved with files and DNS only. Other
/// sources ask a resolver or cache of the real machine over a Unix socket, which a network namespace does
/// not block.
pub(super) fn nsswitch_conf(original: &str) -> Option<String> {
    const HOSTS: &str = "hosts: files dns";
    let is_hosts = |line: &str| line.trim_start().starts_with("hosts:");
    let is_plain = |line: &str| line.split_whitespace().eq(HOSTS.split_whitespace());
    if original.lines().filter(|line| is_hosts(line)).any(|line| !is_plain(line)) {
        let lines = original.lines().map(|line| if is_hosts(line) { HOSTS } else { line });
        return Some(lines.flat_map(|line| [line, "\n"]).collect());
    }
    None
}

/// Starts the resolver in a thread of its own, in the calling thread's network namespace.
pub(super) fn start_resolver() -> Result<(), SandboxError> {
    let failed = |error| {
        SandboxError::new(SandboxErrorKind::Bug, format!("cannot answer DNS on {RESOLVER}"))
            .caused_by(error)
    };
    let socket = UdpSocket::bind((RESOLVER, 53)).map_err(failed)?;
    thread::Builder::new()
        .name("resolver".into())
        .spawn(move || respond_to_all(&socket))
        .map_err(failed)?;
    Ok(())
}

fn respond_to_all(socket: &UdpSocket) {
    let mut question = [0; 512];
    loop {
        // An error concerns one packet, such as a closed port of the client.
        let Ok((length, client)) = socket.recv_from(&mut question) else { continue };
        if let Some(response) = respond(&question[..length]) {
            let _ = socket.send_to(&response, client);
        }
    }
}

/// The response to one DNS query: the address, or "no such name". `None` if the packet is not a valid query.
fn respond(packet: &[u8]) -> Option<Vec<u8>> {
    const HEADER_LEN: usize = 12;
    const RESPONSE: u8 = 0x80;
    const OPCODE_AND_RECURSION_DESIRED: u8 = 0x79;
    const RECURSION_AVAILABLE: u8 = 0x80;
    const NO_SUCH_NAME: u8 = 3;
    const A: [u8; 4] = [0, 1, 0, 1];
    const ANSWER_TO_FIRST_NAME: [u8; 12] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4];

    let header = packet.get(..HEADER_LEN)?;
    let one_question = header[4..6] == [0, 1];
    if header[2] & RESPONSE != 0 || !one_question {
        return None;
    }
    let (name, kind_at) = read_name(packet, HEADER_LEN)?;
    let kind = packet.get(kind_at..kind_at + 4)?;
    let known = SERVICE_NAMES.iter().any(|known| known.eq_ignore_ascii_case(&name));
    let address = known && kind == A;

    let mut reply = packet[..kind_at + 4].to_vec();
    reply[2] = RESPONSE | header[2] & OPCODE_AND_RECURSION_DESIRED;
    reply[3] = RECURSION_AVAILABLE | if known { 0 } else { NO_SUCH_NAME };
    reply[6..12].fill(0);
    if address {
        reply[7] = 1;
        reply.extend(ANSWER_TO_FIRST_NAME);
        reply.extend(SERVICE_V4.octets());
    }
    Some(reply)
}

/// Reads an uncompressed name; also returns the position after it.
fn read_name(packet: &[u8], start: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = start;
    loop {
        let length = usize::from(*packet.get(at)?);
        at += 1;
        match length {
            0 => return Some((labels.join("."), at)),
            1..=63 => labels.push(std::str::from_utf8(packet.get(at..at + length)?).ok()?),
            _ => return None,
        }
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, kind: u8) -> Vec<u8> {
        let mut packet = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            packet.push(label.len().try_into().unwrap());
            packet.extend(label.bytes());
        }
        packet.extend([0, 0, kind, 0, 1]);
        packet
    }

    #[test]
    fn the_metadata_name_has_the_metadata_address() {
        let reply = respond(&question("Instance-Data.ec2.internal", 1)).unwrap();
        assert_eq!(reply[..8], [0xab, 0xcd, 0x81, 0x80, 0, 1, 0, 1]);
        assert_eq!(reply[reply.len() - 4..], [169, 254, 169, 254]);
    }

    #[test]
    fn the_metadata_name_has_no_ipv6_address_but_exists() {
        let reply = respond(&question("instance-data", 28)).unwrap();
        assert_eq!(reply[2..8], [0x81, 0x80, 0, 1, 0, 0]);
    }

    #[test]
    fn any_other_name_does_not_exist() {
        let reply = respond(&question("example.com", 1)).unwrap();
        assert_eq!(reply[2..8], [0x81, 0x83, 0, 1, 0, 0]);
    }

    #[test]
    fn packets_that_are_not_queries_get_no_response() {
        let whole = question("example.com", 1);
        for length in 0..whole.len() {
            assert_eq!(respond(&whole[..length]), None, "{length} bytes");
        }
        let mut response = whole;
        response[2] |= 0x80;
        assert_eq!(respond(&response), None);
    }

    proptest::proptest! {
        /// A program in the sandbox may send anything.
        #[test]
        fn any_packet_is_answered_or_dropped(packet: Vec<u8>) {
            if let Some(reply) = respond(&packet) {
                proptest::prop_assert_eq!(&reply[..2], &packet[..2]);
                proptest::prop_assert!(reply[2] & 0x80 != 0 && reply.len() <= packet.len() + 16);
            }
        }

        #[test]
        fn any_name_is_answered(labels in proptest::collection::vec("[a-z]{1,20}", 1..10)) {
            proptest::prop_assert!(respond(&question(&labels.join("."), 1)).is_some());
        }
    }

    #[test]
    fn only_a_name_service_switch_that_asks_others_is_replaced() {
        assert_eq!(nsswitch_conf("passwd: files\nhosts:\t files  dns\n"), None);
        assert_eq!(nsswitch_conf("passwd: files\n"), None);
        assert_eq!(
            nsswitch_conf("passwd: files\nhosts: files resolve [!UNAVAIL=return] dns\n").unwrap(),
            "passwd: files\nhosts: files dns\n"
        );
    }
}
