//! The security groups that there are: the VPC's default one, and those that were created.

use imds_account::records::{self, RulePeer, SecurityGroupRule};
use imds_account::{Stored, keys};
use imds_core::ids::SecurityGroupId;
use imds_core::network::SecurityGroup;
use imds_ec2::Fault;

use crate::call::{Call, Refusal};
use crate::ids;

/// The protocol that stands for all.
pub(super) const ALL: &str = "-1";

/// A security group that exists.
pub(crate) struct Group {
    pub(crate) id: SecurityGroupId,
    pub(crate) record: records::SecurityGroup,
    /// What was read; nothing of the default one until it is changed.
    pub(crate) stored: Option<Stored<records::SecurityGroup>>,
}

impl Group {
    fn stored(id: SecurityGroupId, stored: Stored<records::SecurityGroup>) -> Self {
        Self { id, record: stored.record.clone(), stored: Some(stored) }
    }

    pub(super) fn is_default(&self, call: &Call<'_>) -> bool {
        self.id == call.network.security_group(&call.region).id
    }

    /// Says that what is written next refers to it. The default group is never deleted.
    pub(super) fn refer(&self, call: &Call<'_>) {
        if !self.is_default(call) {
            call.refer_to(self.id.as_str());
        }
    }

    fn as_member(&self) -> SecurityGroup {
        SecurityGroup { id: self.id.clone(), name: self.record.name.clone() }
    }
}

/// The VPC's default group.
fn default(call: &Call<'_>) -> Result<Group, Refusal> {
    let SecurityGroup { id, name } = call.network.security_group(&call.region);
    if let Some(stored) = call.read(&keys::security_group(&call.region, id.as_str()))? {
        return Ok(Group::stored(id, stored));
    }
    let rule = |is_egress, peer| SecurityGroupRule {
        id: ids::derived("sgr-", id.as_str(), if is_egress { "egress" } else { "ingress" }),
        is_egress,
        protocol: ALL.to_owned(),
        ports: None,
        peer,
        description: None,
    };
    let rules = vec![
        rule(false, RulePeer::Group(id.to_string())),
        rule(true, RulePeer::Ipv4("0.0.0.0/0".to_owned())),
    ];
    let description = "default VPC security group".to_owned();
    Ok(Group { record: records::SecurityGroup { name, description, rules }, id, stored: None })
}

/// All of them, in the order of their ids.
pub(super) fn all(call: &Call<'_>) -> Result<Vec<Group>, Refusal> {
    let mut all = vec![default(call)?];
    for (id, stored) in call.scan(&keys::security_groups(&call.region))? {
        match id.parse() {
            Ok(id) if id != all[0].id => all.push(Group::stored(id, stored)),
            _ => {}
        }
    }
    all.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(all)
}

/// The group with this id; what is written next relies on it.
pub(crate) fn by_id(call: &Call<'_>, id: &str) -> Result<Group, Refusal> {
    let default = default(call)?;
    if default.id.as_str() == id {
        return Ok(default);
    }
    let found = id.parse().ok().zip(call.rely_on(&keys::security_group(&call.region, id))?);
    let found = found.map(|(id, stored)| Group::stored(id, stored));
    found.ok_or_else(|| not_found(format!("The security group '{id}' does not exist")).into())
}

/// The group with this name.
pub(crate) fn by_name(call: &Call<'_>, name: &str) -> Result<Group, Refusal> {
    let default = default(call)?;
    if default.record.name == name {
        return Ok(default);
    }
    match call.rely_on(&keys::security_group_name(&call.region, name))? {
        Some(id) => by_id(call, &id.record),
        None => Err(not_found(format!(
            "The security group '{name}' does not exist in default VPC '{}'",
            call.network.vpc(&call.region).id
        ))
        .into()),
    }
}

/// The group that a request names, by id or by name.
pub(super) fn named(
    call: &Call<'_>,
    id: Option<&str>,
    name: Option<&str>,
) -> Result<Group, Refusal> {
    match (id, name) {
        (Some(id), _) => by_id(call, id),
        (None, Some(name)) => by_name(call, name),
        (None, None) => Err(Fault::missing_parameter("groupName or groupId").into()),
    }
}

/// The groups that an interface is to be in, each once; none if none is named.
pub(crate) fn members(
    call: &Call<'_>,
    ids: &[String],
    names: &[String],
) -> Result<Vec<SecurityGroup>, Refusal> {
    let ids = ids.iter().map(|id| by_id(call, id));
    let mut members = Vec::new();
    for group in ids.chain(names.iter().map(|name| by_name(call, name))) {
        let group = group?;
        group.refer(call);
        let member = group.as_member();
        if !members.contains(&member) {
            members.push(member);
        }
    }
    Ok(members)
}

fn not_found(message: String) -> Fault {
    Fault::client("InvalidGroup.NotFound", message)
}

/// The ARN of a group or a rule.
pub(super) fn arn(call: &Call<'_>, kind: &str, id: &str) -> String {
    let (partition, region) = (call.region.partition().0, &call.region);
    format!("arn:{partition}:ec2:{region}:{}:{kind}/{id}", call.account)
}
