//! `DescribeAccountAttributes` and `DescribeAddresses`: what tools ask of an account.

use imds_ec2::Fault;
use imds_ec2::types::{
    AccountAttribute, AccountAttributeValue, DescribeAccountAttributesRequest,
    DescribeAccountAttributesResult, DescribeAddressesRequest, DescribeAddressesResult,
};

use super::call::{Call, Refusal};
use super::filter::Filters;

pub(super) fn describe(
    call: &Call<'_>,
    request: &DescribeAccountAttributesRequest,
) -> Result<DescribeAccountAttributesResult, Refusal> {
    // The numbers are EC2's first quotas; nothing here enforces them.
    let all = [
        ("default-vpc", call.network.vpc(&call.region).id.to_string()),
        ("max-elastic-ips", "5".to_owned()),
        ("max-instances", "20".to_owned()),
        ("supported-platforms", "VPC".to_owned()),
        ("vpc-max-elastic-ips", "5".to_owned()),
        ("vpc-max-security-groups-per-interface", "5".to_owned()),
    ];
    let wanted = &request.attribute_names;
    if let Some(unknown) = wanted.iter().find(|it| !all.iter().any(|(name, _)| name == it)) {
        let names = all.map(|(name, _)| name).join(", ");
        let rule = format!("Expecting one of {names}.");
        return Err(Fault::invalid_value("AttributeName", unknown, &rule).into());
    }
    let shown = all
        .into_iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name));
    let shape = |(name, value): (&str, String)| AccountAttribute {
        attribute_name: Some(name.to_owned()),
        attribute_values: vec![AccountAttributeValue { attribute_value: Some(value) }],
    };
    Ok(DescribeAccountAttributesResult { account_attributes: shown.map(shape).collect() })
}

/// Source: EC2 API `DescribeAddresses`.
const ADDRESS_FILTERS: &[&str] = &[
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
pub(super) fn describe_addresses(
    _: &Call<'_>,
    request: &DescribeAddressesRequest,
) -> Result<DescribeAddressesResult, Refusal> {
    Filters::new(&request.filters, ADDRESS_FILTERS)?;
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
