//! Network interfaces.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::client::Client;
use crate::error::Error;
use crate::metadata_path::MetadataPath;

/// A network interface. Values that the service does not have are `None` or empty.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NetworkInterface {
    /// The Ethernet address, such as `02:29:96:8f:6a:2d`.
    pub mac: String,
    /// The device number, 0 for the primary interface.
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

impl Client {
    /// The network interfaces, by device number (`network/interfaces/macs/`).
    ///
    /// # Errors
    /// As [`Client::list`]; and [`Error::Malformed`] for values of another type.
    pub async fn network_interfaces(&self) -> Result<Vec<NetworkInterface>, Error> {
        let directory = MetadataPath::new("network/interfaces/macs/")?;
        let mut interfaces = Vec::new();
        for mac in self.list(&directory).await? {
            let mac = mac.trim_end_matches('/');
            interfaces.push(load(self, &directory, mac).await?);
        }
        interfaces.sort_by_key(|interface| interface.device_number);
        Ok(interfaces)
    }
}

async fn load(client: &Client, macs: &MetadataPath, mac: &str) -> Result<NetworkInterface, Error> {
    let directory = macs.entry(mac)?;
    Ok(NetworkInterface {
        mac: mac.to_owned(),
        device_number: first(client, &directory, "device-number").await?,
        interface_id: first(client, &directory, "interface-id").await?,
        subnet_id: first(client, &directory, "subnet-id").await?,
        vpc_id: first(client, &directory, "vpc-id").await?,
        local_ipv4s: all(client, &directory, "local-ipv4s").await?,
        public_ipv4s: all(client, &directory, "public-ipv4s").await?,
        ipv6s: all(client, &directory, "ipv6s").await?,
    })
}

async fn all<T: FromStr>(
    client: &Client,
    directory: &MetadataPath,
    name: &str,
) -> Result<Vec<T>, Error> {
    let path = directory.entry(name)?;
    let parse = |line: &String| {
        line.parse().map_err(|_| Error::Malformed {
            path: path.to_string(),
            problem: format!("unexpected value {line:?}"),
        })
    };
    client.list(&path).await?.iter().map(parse).collect()
}

async fn first<T: FromStr>(
    client: &Client,
    directory: &MetadataPath,
    name: &str,
) -> Result<Option<T>, Error> {
    Ok(all(client, directory, name).await?.into_iter().next())
}
