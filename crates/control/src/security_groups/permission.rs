//! Permissions as requests say them, and as groups show them.

use std::net::{Ipv4Addr, Ipv6Addr};

use imds_account::records::{RulePeer, SecurityGroupRule};
use imds_core::network::{Ipv4Cidr, Ipv6Cidr};
use imds_ec2::Fault;
use imds_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};

use super::find::{self, ALL};
use crate::call::{Call, Refusal};

/// A rule that a request names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Permission {
    pub(super) protocol: String,
    pub(super) ports: Option<(i32, i32)>,
    pub(super) peer: RulePeer,
    pub(super) description: Option<String>,
}

impl Permission {
    /// Whether a rule lets the same pass.
    pub(super) fn is(&self, rule: &SecurityGroupRule) -> bool {
        (&self.protocol, self.ports, &self.peer) == (&rule.protocol, rule.ports, &rule.peer)
    }

    /// As EC2 names one that is there already.
    pub(super) fn words(&self) -> String {
        let (RulePeer::Ipv4(peer)
        | RulePeer::Ipv6(peer)
        | RulePeer::PrefixList(peer)
        | RulePeer::Group(peer)) = &self.peer;
        let protocol = if self.protocol == ALL { "ALL" } else { &self.protocol };
        let ports = self.ports.map(|(from, to)| format!("from port: {from}, to port: {to}, "));
        format!("peer: {peer}, {}, {}ALLOW", protocol.to_uppercase(), ports.unwrap_or_default())
    }
}

/// All that `permissions` say, one for each peer.
pub(super) fn read(
    call: &Call<'_>,
    permissions: &[IpPermission],
) -> Result<Vec<Permission>, Refusal> {
    let mut read = Vec::new();
    for permission in permissions {
        let protocol = protocol(permission.ip_protocol.as_deref())?;
        let ports = ports(&protocol, permission.from_port, permission.to_port)?;
        let peers = peers(call, permission)?;
        if peers.is_empty() {
            let message =
                "Missing source specification: include source security group or CIDR information";
            return Err(Fault::client("MissingParameter", message).into());
        }
        read.extend(peers.into_iter().map(|(peer, description)| Permission {
            protocol: protocol.clone(),
            ports,
            peer,
            description,
        }));
    }
    Ok(read)
}

fn peers(
    call: &Call<'_>,
    permission: &IpPermission,
) -> Result<Vec<(RulePeer, Option<String>)>, Refusal> {
    let mut peers = Vec::new();
    for range in &permission.ip_ranges {
        let block = ipv4(range.cidr_ip.as_deref().unwrap_or_default())?;
        peers.push((RulePeer::Ipv4(block), range.description.clone()));
    }
    for range in &permission.ipv6_ranges {
        let block = ipv6(range.cidr_ipv6.as_deref().unwrap_or_default())?;
        peers.push((RulePeer::Ipv6(block), range.description.clone()));
    }
    for list in &permission.prefix_list_ids {
        let id = list.prefix_list_id.clone();
        let id = id.ok_or_else(|| Fault::missing_parameter("PrefixListId"))?;
        peers.push((RulePeer::PrefixList(id), list.description.clone()));
    }
    for pair in &permission.user_id_group_pairs {
        let group = find::named(call, pair.group_id.as_deref(), pair.group_name.as_deref())?;
        group.refer(call);
        peers.push((RulePeer::Group(group.id.to_string()), pair.description.clone()));
    }
    Ok(peers)
}

/// A protocol by name or number. Source: EC2 API `IpPermission`.
fn protocol(stated: Option<&str>) -> Result<String, Fault> {
    let stated = stated.ok_or_else(|| Fault::missing_parameter("ipProtocol"))?;
    let lower = stated.to_ascii_lowercase();
    let name = match lower.as_str() {
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        "58" => "icmpv6",
        known @ ("tcp" | "udp" | "icmp" | "icmpv6" | ALL) => known,
        number if number.parse::<u8>().is_ok() => number,
        _ => {
            return Err(Fault::invalid_parameter_value(format!(
                "Invalid value '{stated}' for IP protocol. Unknown protocol."
            )));
        }
    };
    Ok(name.to_owned())
}

/// The ports of a protocol that has some: of TCP and UDP both must be said.
fn ports(protocol: &str, from: Option<i32>, to: Option<i32>) -> Result<Option<(i32, i32)>, Fault> {
    let (least, most) = match protocol {
        "tcp" | "udp" => (0, 65_535),
        "icmp" | "icmpv6" => (-1, 255),
        // What is said of ports is not looked at.
        _ => return Ok(None),
    };
    let is_icmp = least < 0;
    let (Some(from), Some(to)) = (from.or(is_icmp.then_some(-1)), to.or(is_icmp.then_some(-1)))
    else {
        return Err(Fault::invalid_parameter_value(
            "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
        ));
    };
    let is_valid = |port: i32| (least..=most).contains(&port);
    if !is_valid(from) || !is_valid(to) || !is_icmp && from > to {
        return Err(Fault::invalid_parameter_value(format!(
            "Invalid value '{from}-{to}' for portRange. Expecting {least} to {most}, the lower one first."
        )));
    }
    Ok(Some((from, to)))
}

/// A block from its first address, as EC2 makes it.
fn ipv4(text: &str) -> Result<String, Fault> {
    let block = text.split_once('/').and_then(|(address, prefix)| {
        let address: Ipv4Addr = address.parse().ok()?;
        let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        Some(Ipv4Cidr::around(address, prefix).to_string())
    });
    block.ok_or_else(|| malformed(text))
}

fn ipv6(text: &str) -> Result<String, Fault> {
    let block = text.split_once('/').and_then(|(address, prefix)| {
        let address: Ipv6Addr = address.parse().ok()?;
        let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= 128)?;
        Some(Ipv6Cidr::around(address, prefix).to_string())
    });
    block.ok_or_else(|| malformed(text))
}

fn malformed(block: &str) -> Fault {
    Fault::invalid_parameter_value(format!("CIDR block {block} is malformed"))
}

/// Rules as a group shows them: one permission for each protocol and its ports.
pub(super) fn shape<'a>(
    call: &Call<'_>,
    rules: impl Iterator<Item = &'a SecurityGroupRule>,
) -> Vec<IpPermission> {
    let mut shown: Vec<IpPermission> = Vec::new();
    for rule in rules {
        let protocol = Some(rule.protocol.clone());
        let (from, to) = rule.ports.unzip();
        let is_same = |it: &IpPermission| {
            (&it.ip_protocol, it.from_port, it.to_port) == (&protocol, from, to)
        };
        let at = shown.iter().position(is_same).unwrap_or_else(|| {
            shown.push(IpPermission {
                ip_protocol: protocol.clone(),
                from_port: from,
                to_port: to,
                ..IpPermission::default()
            });
            shown.len() - 1
        });
        let (permission, description) = (&mut shown[at], rule.description.clone());
        match rule.peer.clone() {
            RulePeer::Ipv4(block) => {
                permission.ip_ranges.push(IpRange { cidr_ip: Some(block), description });
            }
            RulePeer::Ipv6(block) => {
                permission.ipv6_ranges.push(Ipv6Range { cidr_ipv6: Some(block), description });
            }
            RulePeer::PrefixList(id) => {
                let list = PrefixListId { prefix_list_id: Some(id), description };
                permission.prefix_list_ids.push(list);
            }
            RulePeer::Group(id) => permission.user_id_group_pairs.push(UserIdGroupPair {
                group_id: Some(id),
                user_id: Some(call.account.to_string()),
                description,
                ..UserIdGroupPair::default()
            }),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_have_names_and_ports() {
        for (stated, from, to, expected) in [
            ("tcp", Some(22), Some(22), Ok(("tcp", Some((22, 22))))),
            ("6", Some(0), Some(65_535), Ok(("tcp", Some((0, 65_535))))),
            ("UDP", Some(53), Some(53), Ok(("udp", Some((53, 53))))),
            ("icmp", Some(8), None, Ok(("icmp", Some((8, -1))))),
            ("58", None, None, Ok(("icmpv6", Some((-1, -1))))),
            ("-1", Some(1), Some(2), Ok(("-1", None))),
            ("50", None, None, Ok(("50", None))),
            ("tcp", Some(22), None, Err("Must specify both")),
            ("tcp", Some(23), Some(22), Err("lower one first")),
            ("tcp", Some(0), Some(65_536), Err("65535")),
            ("256", None, None, Err("Unknown protocol")),
            ("ssh", Some(22), Some(22), Err("Unknown protocol")),
        ] {
            let read =
                protocol(Some(stated)).and_then(|name| Ok((name.clone(), ports(&name, from, to)?)));
            match (read, expected) {
                (Ok((name, ports)), Ok(expected)) => assert_eq!((name.as_str(), ports), expected),
                (Err(fault), Err(words)) => assert!(fault.message.contains(words), "{fault}"),
                (read, _) => panic!("{stated}: {read:?}"),
            }
        }
    }

    #[test]
    fn blocks_begin_at_their_first_address() {
        assert_eq!(ipv4("100.68.0.18/18").unwrap(), "100.68.0.0/18");
        assert_eq!(ipv4("0.0.0.0/0").unwrap(), "0.0.0.0/0");
        assert_eq!(ipv6("2001:db8::7/32").unwrap(), "2001:db8::/32");
        for bad in ["", "10.0.0.0", "10.0.0.0/33", "x/8", "::/0", "10.0.0/8"] {
            assert!(ipv4(bad).is_err(), "{bad}");
        }
        assert!(ipv6("10.0.0.0/8").is_err() && ipv6("::/129").is_err());
    }
}
