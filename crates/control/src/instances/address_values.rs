//! Addresses, blocks and counts of network interfaces as the EC2 API reads them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use imds_core::network::{Ipv4Cidr, Ipv6Cidr, is_assignable};
use imds_ec2::Fault;
use imds_ec2::types::{
    InstanceIpv6Address, Ipv4PrefixSpecificationRequest, Ipv6PrefixSpecificationRequest,
};

pub(super) fn ipv4(text: &str) -> Result<Ipv4Addr, Fault> {
    let address = text.parse().map_err(|_| invalid_address("PrivateIpAddress", text))?;
    assignable(address, text)
}

pub(super) fn ipv6(request: &InstanceIpv6Address) -> Result<Ipv6Addr, Fault> {
    let text = request.ipv6_address.as_deref().unwrap_or_default();
    let address = text.parse().map_err(|_| invalid_address("Ipv6Address", text))?;
    assignable(address, text)
}

/// Source: "Prefix delegation for Amazon EC2 network interfaces", EC2 User Guide.
pub(super) fn ipv4_prefix(request: &Ipv4PrefixSpecificationRequest) -> Result<Ipv4Cidr, Fault> {
    let text = request.ipv4_prefix.as_deref().unwrap_or_default();
    let block = text.parse().ok().filter(|block: &Ipv4Cidr| block.prefix() == 28);
    let block: Ipv4Cidr = block
        .ok_or_else(|| Fault::invalid_value("Ipv4Prefix", text, "Expecting a block of /28."))?;
    assignable(block.address(), text)?;
    Ok(block)
}

pub(super) fn ipv6_prefix(request: &Ipv6PrefixSpecificationRequest) -> Result<Ipv6Cidr, Fault> {
    let text = request.ipv6_prefix.as_deref().unwrap_or_default();
    let block = text.parse().ok().filter(|block: &Ipv6Cidr| block.prefix() == 80);
    let block: Ipv6Cidr = block
        .ok_or_else(|| Fault::invalid_value("Ipv6Prefix", text, "Expecting a block of /80."))?;
    assignable(block.address(), text)?;
    Ok(block)
}

/// The address, unless no network interface can have it.
fn assignable<A: Into<IpAddr> + Copy>(address: A, text: &str) -> Result<A, Fault> {
    if is_assignable(address.into()) {
        return Ok(address);
    }
    Err(Fault::invalid_parameter_value(format!(
        "Address {text} cannot be that of a network interface: it is unspecified, link-local, \
         multicast, broadcast, or an IPv4 address in IPv6."
    )))
}

fn invalid_address(parameter: &str, text: &str) -> Fault {
    Fault::invalid_parameter_value(format!("Invalid value '{text}' for {parameter}."))
}

/// A count or an index; 0 if it is not stated.
pub(super) fn number<N: TryFrom<i32>>(parameter: &str, stated: Option<i32>) -> Result<N, Fault> {
    let stated = stated.unwrap_or(0);
    // More than any instance type has.
    let possible = Some(stated).filter(|stated| (0..=255).contains(stated));
    possible
        .and_then(|stated| stated.try_into().ok())
        .ok_or_else(|| Fault::invalid_value(parameter, stated, "Expecting 0 to 255."))
}
