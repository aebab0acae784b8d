//! The input of the sandbox: the program to run and the instance that it sees.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use imds_linux::process::Environment;
use imds_linux::user_namespace::Identity;

use crate::first_boot::Script;

/// The IPv4 address where the metadata service listens.
pub const SERVICE_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// The IPv6 address where the metadata service listens.
pub const SERVICE_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// The most routers that can be between the instance and the program.
pub const MAX_HOPS: u8 = 16;

/// The exit code of the sandbox's own failures.
pub const FAILED: u8 = 125;

/// The program to run, and its environment. Has no `Debug`: environment and scripts may hold secrets.
pub struct ExecRequest {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: OsString,
    /// The program's arguments, without its own name.
    pub arguments: Vec<OsString>,
    /// The number of routers between the instance and the program, 0 to [`MAX_HOPS`].
    pub hops: u8,
    /// The program's user where it takes a user namespace to build the sandbox.
    pub identity: Identity,
    /// Whether the program reaches the real network too.
    pub egress: bool,
    /// Whether the program may use sockets of the real machine that no network separates from it: Unix
    /// sockets by path, and `AF_VSOCK`.
    pub host_sockets: bool,
    /// Whether the service listens on [`SERVICE_V6`] too.
    pub ipv6: bool,
    /// What the network and the machine show of the instance.
    pub instance: InstanceFacts,
    /// The program's environment variables.
    pub environment: Environment,
    /// Files below `/var/lib/cloud` that only the program's machine has.
    pub scripts: Vec<Script>,
}

/// What the network and the machine show of the instance.
#[derive(Clone, Debug)]
pub struct InstanceFacts {
    /// The instance id, as in `i-0123456789abcdef0`.
    pub id: String,
    /// The instance type, as in `t3.micro`.
    pub instance_type: String,
    /// Whether the type runs on Xen rather than Nitro.
    pub is_xen: bool,
    /// The primary private IPv4 address.
    pub private_ipv4: Ipv4Addr,
    /// The length of the subnet's IPv4 prefix, 16 to 28.
    pub subnet_prefix_len: u8,
    /// The primary IPv6 address, if the instance has one.
    pub ipv6: Option<Ipv6Addr>,
    /// The MAC address of the primary network interface.
    pub mac: [u8; 6],
    /// What else the primary network interface has: addresses with the lengths of their prefixes.
    pub more_addresses: Vec<(IpAddr, u8)>,
    /// The other network interfaces: `eth1` and so on.
    pub more_interfaces: Vec<InterfaceFacts>,
    /// The private DNS name, as in `ip-172-31-16-9.ec2.internal`.
    pub hostname: String,
}

/// A network interface beside the primary one.
#[derive(Clone, Debug)]
pub struct InterfaceFacts {
    /// The MAC address.
    pub mac: [u8; 6],
    /// Its addresses with the lengths of their prefixes.
    pub addresses: Vec<(IpAddr, u8)>,
}
