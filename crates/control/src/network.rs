//! The network that instances are launched into: each Region's default VPC, and the subnets that the
//! operator adds to it.

use std::net::Ipv4Addr;

use imds_account::keys;
use imds_account::network::hosts;
use imds_core::network::{Subnet, Vpc};
use imds_ec2::Fault;
use imds_ec2::types::{
    self, DescribeSubnetsRequest, DescribeSubnetsResult, DescribeVpcsRequest, DescribeVpcsResult,
    SubnetCidrBlockState, SubnetIpv6CidrBlockAssociation, VpcCidrBlockAssociation,
    VpcCidrBlockState,
};

use super::call::{Call, Refusal};
use super::filter::Filters;
use super::page::Page;
use super::{ids, tag_values};

/// Source: EC2 API `DescribeVpcs`.
const VPC_FILTERS: &[&str] = &[
    "cidr",
    "cidr-block-association.cidr-block",
    "dhcp-options-id",
    "is-default",
    "isDefault",
    "owner-id",
    "state",
    "vpc-id",
];

pub(super) fn describe_vpcs(
    call: &Call<'_>,
    request: &DescribeVpcsRequest,
) -> Result<DescribeVpcsResult, Refusal> {
    let filters = Filters::new(&request.filters, VPC_FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    request.vpc_ids.iter().try_for_each(|id| check_vpc(call, id))?;
    let vpc = call.network.vpc(&call.region);
    let block = vpc.ipv4.first().map(ToString::to_string).unwrap_or_default();
    let its_tags = call.tags(vpc.id.as_str())?;
    let values = |name: &str| match name {
        "cidr" | "cidr-block-association.cidr-block" => vec![block.clone()],
        "is-default" | "isDefault" => vec!["true".to_owned()],
        "owner-id" => vec![call.account.to_string()],
        "state" => vec!["available".to_owned()],
        "vpc-id" => vec![vpc.id.to_string()],
        _ => Vec::new(),
    };
    let shape = filters.accept(&its_tags, values).then(|| types::Vpc {
        vpc_id: Some(vpc.id.to_string()),
        owner_id: Some(call.account.to_string()),
        state: Some("available".to_owned()),
        cidr_block: Some(block.clone()),
        cidr_block_association_set: vec![VpcCidrBlockAssociation {
            cidr_block: Some(block.clone()),
            cidr_block_state: Some(VpcCidrBlockState {
                state: Some("associated".to_owned()),
                status_message: None,
            }),
            ..VpcCidrBlockAssociation::default()
        }],
        dhcp_options_id: Some("default".to_owned()),
        instance_tenancy: Some("default".to_owned()),
        is_default: Some(true),
        tags: tag_values::shape(&its_tags),
        ..types::Vpc::default()
    });
    let (vpcs, next_token) = page.paginate(shape, |vpc| vpc.vpc_id.as_deref().unwrap_or_default());
    Ok(DescribeVpcsResult { vpcs, next_token })
}

/// A fault unless this is the id of the VPC, which is there without being kept.
pub(super) fn check_vpc(call: &Call<'_>, id: &str) -> Result<(), Fault> {
    if call.network.vpc(&call.region).id.as_str() == id {
        return Ok(());
    }
    let message = format!("The vpc ID '{id}' does not exist");
    Err(Fault::client("InvalidVpcID.NotFound", message))
}

/// The subnet with this id.
pub(super) fn find_subnet(call: &Call<'_>, id: &str) -> Result<Subnet, Fault> {
    let found = call.network.subnets(&call.region).into_iter().find(|it| it.id.as_str() == id);
    found.ok_or_else(|| {
        let message = format!("The subnet ID '{id}' does not exist");
        Fault::client("InvalidSubnetID.NotFound", message)
    })
}

/// Source: EC2 API `DescribeSubnets`.
const SUBNET_FILTERS: &[&str] = &[
    "availability-zone",
    "availability-zone-id",
    "availabilityZone",
    "available-ip-address-count",
    "cidr",
    "cidr-block",
    "cidrBlock",
    "default-for-az",
    "defaultForAz",
    "ipv6-cidr-block-association.ipv6-cidr-block",
    "ipv6-native",
    "map-public-ip-on-launch",
    "owner-id",
    "state",
    "subnet-arn",
    "subnet-id",
    "vpc-id",
];

pub(super) fn describe_subnets(
    call: &Call<'_>,
    request: &DescribeSubnetsRequest,
) -> Result<DescribeSubnetsResult, Refusal> {
    let filters = Filters::new(&request.filters, SUBNET_FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    for id in &request.subnet_ids {
        find_subnet(call, id)?;
    }
    let mut subnets = call.network.subnets(&call.region);
    subnets.sort_by(|one, other| one.id.cmp(&other.id));
    let taken = call.names(&keys::addresses())?;
    let taken: Vec<Ipv4Addr> = taken.iter().filter_map(|address| address.parse().ok()).collect();
    let vpc = call.network.vpc(&call.region);
    let mut shown = Vec::new();
    for subnet in subnets {
        let is_named = request.subnet_ids.is_empty()
            || request.subnet_ids.iter().any(|id| id == subnet.id.as_str());
        let its_tags = call.tags(subnet.id.as_str())?;
        let shape = subnet_shape(call, &subnet, &vpc, &taken, tag_values::shape(&its_tags));
        if is_named && filters.accept(&its_tags, |name| subnet_values(&shape, name)) {
            shown.push(shape);
        }
    }
    let (subnets, next_token) =
        page.paginate(shown, |subnet| subnet.subnet_id.as_deref().unwrap_or_default());
    Ok(DescribeSubnetsResult { subnets, next_token })
}

fn subnet_shape(
    call: &Call<'_>,
    subnet: &Subnet,
    vpc: &Vpc,
    taken: &[Ipv4Addr],
    tags: Vec<types::Tag>,
) -> types::Subnet {
    let is_default = call.network.default_subnet(&subnet.zone).id == subnet.id;
    let is_inside = |address: &&Ipv4Addr| subnet.ipv4.is_some_and(|it| it.contains(**address));
    let free = hosts(subnet).count().saturating_sub(taken.iter().filter(is_inside).count());
    let partition = call.region.partition().0;
    let ipv6 = subnet.ipv6.map(|block| SubnetIpv6CidrBlockAssociation {
        association_id: Some(ids::derived("subnet-cidr-assoc-", subnet.id.as_str(), "ipv6")),
        ipv6_cidr_block: Some(block.to_string()),
        ipv6_cidr_block_state: Some(SubnetCidrBlockState {
            state: Some("associated".to_owned()),
            status_message: None,
        }),
        ..SubnetIpv6CidrBlockAssociation::default()
    });
    types::Subnet {
        subnet_id: Some(subnet.id.to_string()),
        subnet_arn: Some(format!(
            "arn:{partition}:ec2:{}:{}:subnet/{}",
            call.region, call.account, subnet.id
        )),
        vpc_id: Some(vpc.id.to_string()),
        owner_id: Some(call.account.to_string()),
        state: Some("available".to_owned()),
        cidr_block: subnet.ipv4.map(|block| block.to_string()),
        available_ip_address_count: i32::try_from(free).ok(),
        availability_zone: Some(subnet.zone.to_string()),
        availability_zone_id: Some(subnet.zone.id()),
        default_for_az: Some(is_default),
        map_public_ip_on_launch: Some(false),
        assign_ipv6_address_on_creation: Some(subnet.ipv6.is_some()),
        ipv6_cidr_block_association_set: ipv6.into_iter().collect(),
        ipv6_native: Some(subnet.ipv4.is_none()),
        tags,
        ..types::Subnet::default()
    }
}

fn subnet_values(shape: &types::Subnet, name: &str) -> Vec<String> {
    let value = match name {
        "availability-zone" | "availabilityZone" => shape.availability_zone.clone(),
        "availability-zone-id" => shape.availability_zone_id.clone(),
        "available-ip-address-count" => {
            shape.available_ip_address_count.map(|count| count.to_string())
        }
        "cidr" | "cidr-block" | "cidrBlock" => shape.cidr_block.clone(),
        "default-for-az" | "defaultForAz" => shape.default_for_az.map(|is| is.to_string()),
        "ipv6-cidr-block-association.ipv6-cidr-block" => {
            let block = shape.ipv6_cidr_block_association_set.first();
            block.and_then(|block| block.ipv6_cidr_block.clone())
        }
        "ipv6-native" => shape.ipv6_native.map(|is| is.to_string()),
        "map-public-ip-on-launch" => shape.map_public_ip_on_launch.map(|is| is.to_string()),
        "owner-id" => shape.owner_id.clone(),
        "state" => shape.state.clone(),
        "subnet-arn" => shape.subnet_arn.clone(),
        "subnet-id" => shape.subnet_id.clone(),
        "vpc-id" => shape.vpc_id.clone(),
        _ => None,
    };
    value.into_iter().collect()
}
