//! Security groups. They are kept, shown and in the metadata, and filter no packets.

pub(super) mod describe;
pub(super) mod find;
mod permission;
pub(super) mod rules;

use imds_account::records::{
    self, FreeInterface, Interface, Lifecycle, RulePeer, SecurityGroupRule,
};
use imds_account::{Stored, Transaction, keys};
use imds_core::ids::SecurityGroupId;
use imds_ec2::Fault;
use imds_ec2::types::{
    CreateSecurityGroupRequest, CreateSecurityGroupResult, DeleteSecurityGroupRequest,
    DeleteSecurityGroupResult,
};

use super::call::{Call, Refusal};
use super::{ids, instances, network, tag_values};
use find::Group;

/// How long a name or a description may be. Source: EC2 API `CreateSecurityGroup`.
const LONGEST: usize = 255;

pub(super) fn create(
    call: &Call<'_>,
    request: &CreateSecurityGroupRequest,
) -> Result<CreateSecurityGroupResult, Refusal> {
    let name = request.group_name.as_str();
    check_text("GroupName", name)?;
    check_text("GroupDescription", &request.description)?;
    if name.starts_with("sg-") {
        let message = "Group names may not be in the format sg-*.";
        return Err(Fault::invalid_parameter_value(message).into());
    }
    if name == "default" {
        let message =
            "The name 'default' is reserved, and cannot be used to create a new security group.";
        return Err(Fault::client("InvalidGroup.Reserved", message).into());
    }
    let vpc = call.network.vpc(&call.region).id;
    if let Some(id) = request.vpc_id.as_deref().filter(|id| !id.is_empty()) {
        network::check_vpc(call, id)?;
    }
    let place = keys::security_group_name(&call.region, name);
    if call.read(&place)?.is_some() {
        let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(Fault::client("InvalidGroup.Duplicate", message).into());
    }
    let tags = tag_values::specified(&request.tag_specifications, "security-group")?;
    let id: SecurityGroupId = ids::new("sg-")?;
    let record = records::SecurityGroup {
        name: name.to_owned(),
        description: request.description.clone(),
        rules: vec![SecurityGroupRule {
            id: ids::new("sgr-")?,
            is_egress: true,
            protocol: find::ALL.to_owned(),
            ports: None,
            peer: RulePeer::Ipv4("0.0.0.0/0".to_owned()),
            description: None,
        }],
    };
    let key = keys::security_group(&call.region, id.as_str());
    let mut transaction = Transaction::new()
        .if_unchanged(&place, None)
        .write(&place, &id.to_string())
        .write(&key, &record);
    if !tags.is_empty() {
        transaction = transaction.write(&keys::tags(&call.region, id.as_str()), &tags);
    }
    call.commit(transaction)?;
    Ok(CreateSecurityGroupResult {
        group_id: Some(id.to_string()),
        tags: tag_values::shape(&tags),
        security_group_arn: Some(find::arn(call, "security-group", id.as_str())),
    })
}

fn check_text(parameter: &str, text: &str) -> Result<(), Fault> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    if (1..=LONGEST).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(());
    }
    let rule =
        format!("Expecting 1 to {LONGEST} of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{{}}!$*.");
    Err(Fault::invalid_value(parameter, text, &rule))
}

pub(super) fn delete(
    call: &Call<'_>,
    request: &DeleteSecurityGroupRequest,
) -> Result<DeleteSecurityGroupResult, Refusal> {
    let group = find::named(call, request.group_id.as_deref(), request.group_name.as_deref())?;
    let id = group.id.as_str();
    if group.is_default(call) {
        let message = format!(
            "the specified group: \"{id}\" name: \"{}\" cannot be deleted by a user",
            group.record.name
        );
        return Err(Fault::client("CannotDelete", message).into());
    }
    call.rely_on_no_new_reference(id)?;
    if is_in_use(call, &group)? {
        let message = format!("resource {id} has a dependent object");
        return Err(Fault::client("DependencyViolation", message).into());
    }
    let key = keys::security_group(&call.region, id);
    let mut transaction = Transaction::new()
        .if_unchanged(&key, group.stored.as_ref())
        .remove(&key)
        .remove(&keys::security_group_name(&call.region, &group.record.name))
        .remove(&keys::tags(&call.region, id));
    for rule in &group.record.rules {
        transaction = transaction.remove(&keys::tags(&call.region, &rule.id));
    }
    call.commit(transaction)?;
    Ok(DeleteSecurityGroupResult { return_: Some(true), group_id: Some(id.to_owned()) })
}

/// Whether an interface is in a group, or a rule of another group names it.
fn is_in_use(call: &Call<'_>, group: &Group) -> Result<bool, Refusal> {
    let is_member = |it: &Interface| it.groups.iter().any(|of| of.id == group.id);
    let all = instances::all(call)?;
    let lives = all.iter().map(|it| &it.stored.record);
    let mut lives = lives.filter(|record| record.lifecycle != Lifecycle::Terminated);
    if lives.any(|record| record.interfaces.iter().any(is_member)) {
        return Ok(true);
    }
    let free = call.scan(&keys::free_interfaces(&call.region))?;
    let is_free_member =
        |(_, it): &(String, Stored<FreeInterface>)| is_member(&it.record.interface);
    if free.iter().any(is_free_member) {
        return Ok(true);
    }
    let others = find::all(call)?;
    let names_it =
        |it: &SecurityGroupRule| matches!(&it.peer, RulePeer::Group(id) if id == group.id.as_str());
    Ok(others.iter().any(|it| it.id != group.id && it.record.rules.iter().any(names_it)))
}
