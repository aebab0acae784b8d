//! `DescribeAccountAttributes`: the default VPC, and quotas.

use imds_ec2::Fault;
use imds_ec2::types::{
    AccountAttribute, AccountAttributeValue, DescribeAccountAttributesRequest,
    DescribeAccountAttributesResult,
};

use super::call::{Call, Refusal};

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
