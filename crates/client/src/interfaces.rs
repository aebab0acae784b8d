//! Network interfaces.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::client::Client;
use crate::error::Error;
use crate::path::Path;

/// A network interface. What the service does not have is `None` or empty.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NetworkInterface {
    /// The Ethernet address, such as `02:29:96:8f:6a:2d`.
    pub mac: String,
    /// The position at which it is attached; 0 is the primary one.
    pub device_number: Option<u32>,
    /// Such as `eni-0123456789abcdef0`.
    pub interface_id: Option<String>,
    /// Such as `subnet-0123456789abcdef0`.
    pub subnet_id: Option<String>,
    /// Such as `vpc-0123456789abcdef0`.
    pub vpc_id: Option<String>,
    /// Private IPv4 addresses, the primary one first.
    pub local_ipv4s: Vec<Ipv4Addr>,
    /// Public IPv4 addresses.
    pub public_ipv4s: Vec<Ipv4Addr>,
    /// IPv6 addresses.
    pub ipv6s: Vec<Ipv6Addr>,
}

impl NetworkInterface {
    pub(crate) async fn load(client: &Client, macs: &Path, mac: &str) -> Result<Self, Error> {
        let of = macs.entry(mac)?;
        Ok(Self {
            mac: mac.to_owned(),
            device_number: first(client, &of, "device-number").await?,
            interface_id: first(client, &of, "interface-id").await?,
            subnet_id: first(client, &of, "subnet-id").await?,
            vpc_id: first(client, &of, "vpc-id").await?,
            local_ipv4s: all(client, &of, "local-ipv4s").await?,
            public_ipv4s: all(client, &of, "public-ipv4s").await?,
            ipv6s: all(client, &of, "ipv6s").await?,
        })
    }
}

async fn all<T: FromStr>(client: &Client, of: &Path, name: &str) -> Result<Vec<T>, Error> {
    let path = of.entry(name)?;
    let parse = |line: &String| {
        line.parse().map_err(|_| Error::Malformed {
            path: path.to_string(),
            problem: format!("{line:?} does not belong there"),
        })
    };
    client.list(&path).await?.iter().map(parse).collect()
}

async fn first<T: FromStr>(client: &Client, of: &Path, name: &str) -> Result<Option<T>, Error> {
    Ok(all(client, of, name).await?.into_iter().next())
}
