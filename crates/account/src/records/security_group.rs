//! Security groups: names and rules. Nothing here filters packets.

use imds_core::ids::SecurityGroupId;
use serde::{Deserialize, Serialize};

/// A security group of a Region's VPC.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SecurityGroup {
    /// Its name, unique in the VPC.
    pub name: String,
    /// What its creator says of it.
    pub description: String,
    /// Its rules, the oldest first.
    pub rules: Vec<SecurityGroupRule>,
}

/// What a security group lets pass.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SecurityGroupRule {
    /// `sgr-…`
    pub id: String,
    /// Whether it is about what leaves; else about what comes.
    pub is_egress: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, the number of another one, or `-1` for all.
    pub protocol: String,
    /// The first port and the last; type and code of ICMP; none of all protocols.
    pub ports: Option<(i32, i32)>,
    /// From or to where.
    pub peer: RulePeer,
    /// What its creator says of it.
    pub description: Option<String>,
}

/// The other end of what a rule is about.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RulePeer {
    /// A block of IPv4 addresses.
    Ipv4(String),
    /// A block of IPv6 addresses.
    Ipv6(String),
    /// A prefix list, by id.
    PrefixList(String),
    /// What is in a security group of the same account, by id.
    Group(String),
}

/// A security group that an interface is in; its name never changes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct InterfaceGroup {
    /// `sg-…`
    pub id: SecurityGroupId,
    /// Its name.
    pub name: String,
}
