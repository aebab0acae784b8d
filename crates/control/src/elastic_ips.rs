//! `DescribeAddresses`.

use imds_ec2::Fault;
use imds_ec2::types::{DescribeAddressesRequest, DescribeAddressesResult};

use super::call::{Call, Refusal};
use super::filter::Filters;

/// Source: EC2 API `DescribeAddresses`.
const FILTERS: &[&str] = &[
    "allocation-id",
    "association-id",
    "domain",
    "instance-id",
    "network-border-group",
    "network-interface-id",
    "network-interface-owner-id",
    "private-ip-address",
    "public-ip",
];

/// There is no Elastic IP address: public addresses are lent to instances.
pub(super) fn describe(
    _: &Call<'_>,
    request: &DescribeAddressesRequest,
) -> Result<DescribeAddressesResult, Refusal> {
    Filters::new(&request.filters, FILTERS)?;
    if let Some(address) = request.public_ips.first() {
        let message = format!("Address '{address}' not found.");
        return Err(Fault::client("InvalidAddress.NotFound", message).into());
    }
    if let Some(id) = request.allocation_ids.first() {
        let message = format!("The allocation ID '{id}' does not exist");
        return Err(Fault::client("InvalidAllocationID.NotFound", message).into());
    }
    Ok(DescribeAddressesResult { addresses: Vec::new() })
}
