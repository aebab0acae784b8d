//! `AuthorizeSecurityGroup…`, `RevokeSecurityGroup…` and `DescribeSecurityGroupRules`.

use std::collections::BTreeSet;

use imds_account::records::{RulePeer, SecurityGroupRule};
use imds_account::{Transaction, keys};
use imds_ec2::Fault;
use imds_ec2::types::{
    AuthorizeSecurityGroupEgressRequest, AuthorizeSecurityGroupEgressResult,
    AuthorizeSecurityGroupIngressRequest, AuthorizeSecurityGroupIngressResult,
    DescribeSecurityGroupRulesRequest, DescribeSecurityGroupRulesResult, IpPermission, IpRange,
    ReferencedSecurityGroup, RevokeSecurityGroupEgressRequest, RevokeSecurityGroupEgressResult,
    RevokeSecurityGroupIngressRequest, RevokeSecurityGroupIngressResult, RevokedSecurityGroupRule,
    SecurityGroupRule as Shape, TagSpecification, UserIdGroupPair,
};

use super::find::{self, Group};
use super::permission::{self, Permission};
use crate::call::{Call, Refusal};
use crate::filter::Filters;
use crate::page::Page;
use crate::{ids, tag_values};

/// The most rules of a group in each direction. Source: Amazon VPC quotas.
const MOST_RULES: usize = 60;

/// The permissions that a request on incoming traffic names, also by parameters of its own.
macro_rules! permissions {
    ($request:expr) => {{
        let single = single(
            $request.ip_protocol.as_ref(),
            ($request.from_port, $request.to_port),
            $request.cidr_ip.as_ref(),
            $request.source_security_group_name.as_ref(),
        );
        $request.ip_permissions.iter().cloned().chain(single).collect::<Vec<_>>()
    }};
}

pub(crate) fn authorize_ingress(
    call: &Call<'_>,
    request: &AuthorizeSecurityGroupIngressRequest,
) -> Result<AuthorizeSecurityGroupIngressResult, Refusal> {
    let group = find::named(call, request.group_id.as_deref(), request.group_name.as_deref())?;
    let permissions = permissions!(request);
    let security_group_rules =
        authorize(call, group, false, &permissions, &request.tag_specifications)?;
    Ok(AuthorizeSecurityGroupIngressResult { return_: Some(true), security_group_rules })
}

pub(crate) fn authorize_egress(
    call: &Call<'_>,
    request: &AuthorizeSecurityGroupEgressRequest,
) -> Result<AuthorizeSecurityGroupEgressResult, Refusal> {
    let group = find::by_id(call, &request.group_id)?;
    let permissions = &request.ip_permissions;
    let security_group_rules =
        authorize(call, group, true, permissions, &request.tag_specifications)?;
    Ok(AuthorizeSecurityGroupEgressResult { return_: Some(true), security_group_rules })
}

/// The one permission of those who name it by parameters of their own.
fn single(
    protocol: Option<&String>,
    (from_port, to_port): (Option<i32>, Option<i32>),
    cidr: Option<&String>,
    group: Option<&String>,
) -> Option<IpPermission> {
    let ranges = cidr.map(|it| IpRange { cidr_ip: Some(it.clone()), ..IpRange::default() });
    let groups = group.map(|name| UserIdGroupPair {
        group_name: Some(name.clone()),
        ..UserIdGroupPair::default()
    });
    if protocol.is_none() && ranges.is_none() && groups.is_none() {
        return None;
    }
    Some(IpPermission {
        // A group alone stands for all of its traffic.
        ip_protocol: protocol.cloned().or_else(|| Some(find::ALL.to_owned())),
        from_port,
        to_port,
        ip_ranges: ranges.into_iter().collect(),
        user_id_group_pairs: groups.into_iter().collect(),
        ..IpPermission::default()
    })
}

fn authorize(
    call: &Call<'_>,
    mut group: Group,
    is_egress: bool,
    permissions: &[IpPermission],
    tags: &[TagSpecification],
) -> Result<Vec<Shape>, Refusal> {
    if permissions.is_empty() {
        return Err(Fault::missing_parameter("ipPermissions").into());
    }
    let tags = tag_values::specified(tags, "security-group-rule")?;
    let mut added = Vec::new();
    for wanted in permission::read(call, permissions)? {
        let rules = &mut group.record.rules;
        if rules.iter().any(|rule| rule.is_egress == is_egress && wanted.is(rule)) {
            let message = format!("the specified rule \"{}\" already exists", wanted.words());
            return Err(Fault::client("InvalidPermission.Duplicate", message).into());
        }
        let Permission { protocol, ports, peer, description } = wanted;
        let id = ids::new("sgr-")?;
        let rule = SecurityGroupRule { id, is_egress, protocol, ports, peer, description };
        rules.push(rule.clone());
        added.push(rule);
    }
    let count = group.record.rules.iter().filter(|rule| rule.is_egress == is_egress).count();
    if count > MOST_RULES {
        let message = "The maximum number of rules per security group has been reached.";
        return Err(Fault::client("RulesPerSecurityGroupLimitExceeded", message).into());
    }
    let mut transaction = written(call, Transaction::new(), &group);
    for rule in added.iter().filter(|_| !tags.is_empty()) {
        transaction = transaction.write(&keys::tags(&call.region, &rule.id), &tags);
    }
    call.commit(transaction)?;
    let tags = tag_values::shape(&tags);
    let shape =
        |rule: &SecurityGroupRule| Shape { tags: tags.clone(), ..shape(call, &group, rule) };
    Ok(added.iter().map(shape).collect())
}

fn written(call: &Call<'_>, transaction: Transaction, group: &Group) -> Transaction {
    let key = keys::security_group(&call.region, group.id.as_str());
    transaction.if_unchanged(&key, group.stored.as_ref()).write(&key, &group.record)
}

pub(crate) fn revoke_ingress(
    call: &Call<'_>,
    request: &RevokeSecurityGroupIngressRequest,
) -> Result<RevokeSecurityGroupIngressResult, Refusal> {
    let group = find::named(call, request.group_id.as_deref(), request.group_name.as_deref())?;
    let permissions = permissions!(request);
    let (unknown_ip_permissions, revoked_security_group_rules) =
        revoke(call, group, false, &permissions, &request.security_group_rule_ids)?;
    Ok(RevokeSecurityGroupIngressResult {
        return_: Some(true),
        unknown_ip_permissions,
        revoked_security_group_rules,
    })
}

pub(crate) fn revoke_egress(
    call: &Call<'_>,
    request: &RevokeSecurityGroupEgressRequest,
) -> Result<RevokeSecurityGroupEgressResult, Refusal> {
    let group = find::by_id(call, &request.group_id)?;
    let permissions = &request.ip_permissions;
    let (unknown_ip_permissions, revoked_security_group_rules) =
        revoke(call, group, true, permissions, &request.security_group_rule_ids)?;
    Ok(RevokeSecurityGroupEgressResult {
        return_: Some(true),
        unknown_ip_permissions,
        revoked_security_group_rules,
    })
}

/// What was not there, and what was revoked. In the default VPC a permission that is not there is no error.
/// Source: EC2 API `RevokeSecurityGroupIngress`.
fn revoke(
    call: &Call<'_>,
    mut group: Group,
    is_egress: bool,
    permissions: &[IpPermission],
    rule_ids: &[String],
) -> Result<(Vec<IpPermission>, Vec<RevokedSecurityGroupRule>), Refusal> {
    if permissions.is_empty() && rule_ids.is_empty() {
        return Err(Fault::missing_parameter("ipPermissions or securityGroupRuleIds").into());
    }
    let in_direction = |rule: &&SecurityGroupRule| rule.is_egress == is_egress;
    let has = |id: &str| group.record.rules.iter().filter(in_direction).any(|rule| rule.id == id);
    if let Some(unknown) = rule_ids.iter().find(|id| !has(id)) {
        return Err(rule_not_found(unknown).into());
    }
    let (mut revoked, mut unknown) =
        (rule_ids.iter().cloned().collect::<BTreeSet<_>>(), Vec::new());
    for stated in permissions {
        for wanted in permission::read(call, std::slice::from_ref(stated))? {
            let mut rules = group.record.rules.iter().filter(in_direction);
            match rules.find(|rule| wanted.is(rule)) {
                Some(rule) => drop(revoked.insert(rule.id.clone())),
                None => unknown.push(SecurityGroupRule {
                    id: String::new(),
                    is_egress,
                    protocol: wanted.protocol,
                    ports: wanted.ports,
                    peer: wanted.peer,
                    description: wanted.description,
                }),
            }
        }
    }
    let (gone, rest) =
        group.record.rules.into_iter().partition::<Vec<_>, _>(|rule| revoked.contains(&rule.id));
    group.record.rules = rest;
    let mut transaction = written(call, Transaction::new(), &group);
    for rule in &gone {
        transaction = transaction.remove(&keys::tags(&call.region, &rule.id));
    }
    call.commit(transaction)?;
    let shown = gone.iter().map(|rule| {
        let shape = shape(call, &group, rule);
        RevokedSecurityGroupRule {
            security_group_rule_id: shape.security_group_rule_id,
            group_id: shape.group_id,
            is_egress: shape.is_egress,
            ip_protocol: shape.ip_protocol,
            from_port: shape.from_port,
            to_port: shape.to_port,
            cidr_ipv4: shape.cidr_ipv4,
            cidr_ipv6: shape.cidr_ipv6,
            prefix_list_id: shape.prefix_list_id,
            referenced_group_id: shape.referenced_group_info.and_then(|it| it.group_id),
            description: shape.description,
        }
    });
    Ok((permission::shape(call, unknown.iter()), shown.collect()))
}

/// A fault if there is no rule with this id.
pub(crate) fn exists(call: &Call<'_>, id: &str) -> Result<(), Refusal> {
    let all = find::all(call)?;
    let has_it = |group: &&Group| group.record.rules.iter().any(|rule| rule.id == id);
    let group = all.iter().find(has_it).ok_or_else(|| rule_not_found(id))?;
    call.rely_on(&keys::security_group(&call.region, group.id.as_str()))?;
    Ok(())
}

fn rule_not_found(id: &str) -> Fault {
    let message = format!("The security group rule ID '{id}' does not exist");
    Fault::client("InvalidSecurityGroupRuleId.NotFound", message)
}

/// A rule as it is answered, but for its tags. Without ports it has -1, as on EC2.
fn shape(call: &Call<'_>, group: &Group, rule: &SecurityGroupRule) -> Shape {
    let (from, to) = rule.ports.unwrap_or((-1, -1));
    let mut shape = Shape {
        security_group_rule_id: Some(rule.id.clone()),
        group_id: Some(group.id.to_string()),
        group_owner_id: Some(call.account.to_string()),
        is_egress: Some(rule.is_egress),
        ip_protocol: Some(rule.protocol.clone()),
        from_port: Some(from),
        to_port: Some(to),
        description: rule.description.clone(),
        security_group_rule_arn: Some(find::arn(call, "security-group-rule", &rule.id)),
        ..Shape::default()
    };
    match rule.peer.clone() {
        RulePeer::Ipv4(block) => shape.cidr_ipv4 = Some(block),
        RulePeer::Ipv6(block) => shape.cidr_ipv6 = Some(block),
        RulePeer::PrefixList(id) => shape.prefix_list_id = Some(id),
        RulePeer::Group(id) => {
            shape.referenced_group_info = Some(ReferencedSecurityGroup {
                group_id: Some(id),
                user_id: Some(call.account.to_string()),
                ..ReferencedSecurityGroup::default()
            });
        }
    }
    shape
}

/// Source: EC2 API `DescribeSecurityGroupRules`.
const FILTERS: &[&str] = &["group-id", "security-group-rule-id"];

pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeSecurityGroupRulesRequest,
) -> Result<DescribeSecurityGroupRulesResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    let wanted = &request.security_group_rule_ids;
    let groups = find::all(call)?;
    let all = groups.iter().flat_map(|group| group.record.rules.iter().map(move |it| (group, it)));
    let mut all: Vec<_> = all.collect();
    all.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
    if let Some(unknown) = wanted.iter().find(|id| !all.iter().any(|(_, rule)| rule.id == **id)) {
        return Err(rule_not_found(unknown).into());
    }
    let mut shown = Vec::new();
    for (group, rule) in all {
        let is_wanted = wanted.is_empty() || wanted.contains(&rule.id);
        let tags = call.tags(&rule.id)?;
        let values = |name: &str| match name {
            "group-id" => vec![group.id.to_string()],
            _ => vec![rule.id.clone()],
        };
        if is_wanted && filters.accept(&tags, values) {
            shown.push(Shape { tags: tag_values::shape(&tags), ..shape(call, group, rule) });
        }
    }
    let (security_group_rules, next_token) =
        page.paginate(shown, |rule| rule.security_group_rule_id.as_deref().unwrap_or_default());
    Ok(DescribeSecurityGroupRulesResult { security_group_rules, next_token })
}
