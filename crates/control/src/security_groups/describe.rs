//! `DescribeSecurityGroups`.

use imds_account::records::{RulePeer, SecurityGroupRule};
use imds_ec2::types::{DescribeSecurityGroupsRequest, DescribeSecurityGroupsResult, SecurityGroup};

use super::find::{self, Group};
use super::permission;
use crate::call::{Call, Refusal};
use crate::filter::Filters;
use crate::page::Page;
use crate::tag_values;

/// Source: EC2 API `DescribeSecurityGroups`.
const FILTERS: &[&str] = &[
    "description",
    "egress.ip-permission.cidr",
    "egress.ip-permission.from-port",
    "egress.ip-permission.group-id",
    "egress.ip-permission.group-name",
    "egress.ip-permission.ipv6-cidr",
    "egress.ip-permission.prefix-list-id",
    "egress.ip-permission.protocol",
    "egress.ip-permission.to-port",
    "egress.ip-permission.user-id",
    "group-id",
    "group-name",
    "ip-permission.cidr",
    "ip-permission.from-port",
    "ip-permission.group-id",
    "ip-permission.group-name",
    "ip-permission.ipv6-cidr",
    "ip-permission.prefix-list-id",
    "ip-permission.protocol",
    "ip-permission.to-port",
    "ip-permission.user-id",
    "owner-id",
    "vpc-id",
];

pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeSecurityGroupsRequest,
) -> Result<DescribeSecurityGroupsResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    let (ids, names) = (&request.group_ids, &request.group_names);
    // Each that is named must be there.
    find::members(call, ids, names)?;
    let all = find::all(call)?;
    let vpc = call.network.vpc(&call.region).id.to_string();
    let mut shown = Vec::new();
    for group in &all {
        let is_named = ids.is_empty() && names.is_empty()
            || ids.iter().any(|id| id == group.id.as_str())
            || names.contains(&group.record.name);
        let tags = call.tags(group.id.as_str())?;
        let values = |name: &str| match name {
            "vpc-id" => vec![vpc.clone()],
            "owner-id" => vec![call.account.to_string()],
            name => values(call, &all, group, name),
        };
        if is_named && filters.accept(&tags, values) {
            shown
                .push(SecurityGroup { tags: tag_values::shape(&tags), ..shape(call, group, &vpc) });
        }
    }
    let (security_groups, next_token) =
        page.paginate(shown, |group| group.group_id.as_deref().unwrap_or_default());
    Ok(DescribeSecurityGroupsResult { security_groups, next_token })
}

fn shape(call: &Call<'_>, group: &Group, vpc: &str) -> SecurityGroup {
    let rules = |is_egress| {
        let of_direction = |rule: &&SecurityGroupRule| rule.is_egress == is_egress;
        permission::shape(call, group.record.rules.iter().filter(of_direction))
    };
    SecurityGroup {
        group_id: Some(group.id.to_string()),
        group_name: Some(group.record.name.clone()),
        description: Some(group.record.description.clone()),
        owner_id: Some(call.account.to_string()),
        vpc_id: Some(vpc.to_owned()),
        security_group_arn: Some(find::arn(call, "security-group", group.id.as_str())),
        ip_permissions: rules(false),
        ip_permissions_egress: rules(true),
        ..SecurityGroup::default()
    }
}

/// What a group has by the name of a filter.
fn values(call: &Call<'_>, all: &[Group], group: &Group, name: &str) -> Vec<String> {
    match name {
        "description" => return vec![group.record.description.clone()],
        "group-id" => return vec![group.id.to_string()],
        "group-name" => return vec![group.record.name.clone()],
        _ => {}
    }
    let (is_egress, rest) = match name.strip_prefix("egress.") {
        Some(rest) => (true, rest),
        None => (false, name),
    };
    let member = rest.strip_prefix("ip-permission.").unwrap_or_default();
    let rules = group.record.rules.iter().filter(|rule| rule.is_egress == is_egress);
    rules.filter_map(|rule| value(call, all, rule, member)).collect()
}

fn value(call: &Call<'_>, all: &[Group], rule: &SecurityGroupRule, member: &str) -> Option<String> {
    match (member, &rule.peer) {
        ("protocol", _) => Some(rule.protocol.clone()),
        ("from-port", _) => rule.ports.map(|(from, _)| from.to_string()),
        ("to-port", _) => rule.ports.map(|(_, to)| to.to_string()),
        ("cidr", RulePeer::Ipv4(block)) | ("ipv6-cidr", RulePeer::Ipv6(block)) => {
            Some(block.clone())
        }
        ("prefix-list-id", RulePeer::PrefixList(id)) | ("group-id", RulePeer::Group(id)) => {
            Some(id.clone())
        }
        ("user-id", RulePeer::Group(_)) => Some(call.account.to_string()),
        ("group-name", RulePeer::Group(id)) => {
            let named = all.iter().find(|it| it.id.as_str() == id);
            named.map(|it| it.record.name.clone())
        }
        _ => None,
    }
}
