//! Instance profiles on instances: `Associate…`, `Describe…`, `Disassociate…` and `Replace…`.
//!
//! There is no IAM here: every name is that of a profile, with a role of the same name in it.

use imds_account::records::{Lifecycle, ProfileAssociation, Tags};
use imds_account::{Transaction, keys};
use imds_core::{AccountId, Instance as Facts};
use imds_ec2::Fault;
use imds_ec2::types::{
    AssociateIamInstanceProfileRequest, AssociateIamInstanceProfileResult,
    DescribeIamInstanceProfileAssociationsRequest, DescribeIamInstanceProfileAssociationsResult,
    DisassociateIamInstanceProfileRequest, DisassociateIamInstanceProfileResult,
    IamInstanceProfile, IamInstanceProfileAssociation, IamInstanceProfileSpecification,
    ReplaceIamInstanceProfileAssociationRequest, ReplaceIamInstanceProfileAssociationResult,
};

use super::belongings;
use super::call::{Call, Refusal};
use super::filter::Filters;
use super::instances::{self, StoredInstance};
use super::page::Page;
use super::{ids, time};

pub(super) fn associate(
    call: &Call<'_>,
    request: &AssociateIamInstanceProfileRequest,
) -> Result<AssociateIamInstanceProfileResult, Refusal> {
    let name = name(&request.iam_instance_profile, call.account)?;
    let instance = instances::find_live(call, &request.instance_id)?;
    if instance.stored.record.profile.is_some() {
        return Err(Fault::client(
            "IncorrectState",
            format!("There is an existing association for instance {}", instance.id),
        )
        .into());
    }
    let shown = set(call, instance, Some(new_association(call, name)?), "associating")?;
    Ok(AssociateIamInstanceProfileResult { iam_instance_profile_association: shown })
}

pub(super) fn replace(
    call: &Call<'_>,
    request: &ReplaceIamInstanceProfileAssociationRequest,
) -> Result<ReplaceIamInstanceProfileAssociationResult, Refusal> {
    let name = name(&request.iam_instance_profile, call.account)?;
    let instance = find(call, &request.association_id)?;
    let shown = set(call, instance, Some(new_association(call, name)?), "associating")?;
    Ok(ReplaceIamInstanceProfileAssociationResult { iam_instance_profile_association: shown })
}

pub(super) fn disassociate(
    call: &Call<'_>,
    request: &DisassociateIamInstanceProfileRequest,
) -> Result<DisassociateIamInstanceProfileResult, Refusal> {
    let instance = find(call, &request.association_id)?;
    let shown = set(call, instance, None, "disassociating")?;
    Ok(DisassociateIamInstanceProfileResult { iam_instance_profile_association: shown })
}

pub(super) fn describe(
    call: &Call<'_>,
    request: &DescribeIamInstanceProfileAssociationsRequest,
) -> Result<DescribeIamInstanceProfileAssociationsResult, Refusal> {
    let filters = Filters::new(&request.filters, &["instance-id", "state"])?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    let wanted = &request.association_ids;
    let mut all = belongings::wanted(wanted, |id| find(call, id), || associated(call))?;
    all.sort_by(|one, other| one.id.cmp(&other.id));
    let shown = all.into_iter().map(|instance| (state(call, &instance), instance)).filter(
        |(state, instance)| {
            filters.accept(&Tags::new(), |name| match name {
                "instance-id" => vec![instance.id.to_string()],
                _ => vec![(*state).to_owned()],
            })
        },
    );
    let (shown, next_token) = page.paginate(shown, |(_, instance)| instance.id.as_str());
    let shown = shown.iter().filter_map(|(state, instance)| association(instance, state));
    Ok(DescribeIamInstanceProfileAssociationsResult {
        iam_instance_profile_associations: shown.collect(),
        next_token,
    })
}

/// The name of the profile that is meant, by name or by ARN.
pub(super) fn name(
    request: &IamInstanceProfileSpecification,
    account: &AccountId,
) -> Result<String, Fault> {
    match (request.name.as_deref(), request.arn.as_deref()) {
        (Some(name), None) => Ok(name.to_owned()),
        (None, Some(arn)) => name_in(arn, account).map(str::to_owned).ok_or_else(|| {
            Fault::invalid_value(
                "iamInstanceProfile.arn",
                arn,
                &format!("Expecting arn:aws:iam::{account}:instance-profile/NAME."),
            )
        }),
        (Some(_), Some(_)) => Err(Fault::invalid_parameter_combination(
            "The parameter 'iamInstanceProfile.name' may not be used in combination with \
             'iamInstanceProfile.arn'",
        )),
        (None, None) => Err(Fault::missing_parameter("IamInstanceProfile.Name")),
    }
}

/// The last part of `arn:aws:iam::123456789012:instance-profile/path/name`.
fn name_in<'a>(arn: &'a str, account: &AccountId) -> Option<&'a str> {
    let (_partition, rest) = arn.strip_prefix("arn:aws")?.split_once(":iam::")?;
    let path = rest.strip_prefix(account.as_str())?.strip_prefix(":instance-profile/")?;
    path.rsplit('/').next().filter(|name| !name.is_empty())
}

/// The profile as an instance shows it.
pub(super) fn shape(instance: &StoredInstance, facts: &Facts) -> Option<IamInstanceProfile> {
    let role = facts.role.as_ref()?;
    let partition = instance.stored.record.zone.region().partition().0;
    Some(IamInstanceProfile {
        arn: Some(format!(
            "arn:{partition}:iam::{}:instance-profile/{}",
            facts.account, role.profile_name
        )),
        id: Some(role.profile_id.clone()),
    })
}

fn new_association(call: &Call<'_>, name: String) -> Result<ProfileAssociation, Fault> {
    Ok(ProfileAssociation { id: ids::new("iip-assoc-")?, name, role: None, since: call.now })
}

/// Gives an instance this profile, or none; shows the association that is meant.
fn set(
    call: &Call<'_>,
    mut instance: StoredInstance,
    profile: Option<ProfileAssociation>,
    state: &str,
) -> Result<Option<IamInstanceProfileAssociation>, Refusal> {
    let ends = association(&instance, state);
    let key = keys::instance(&call.region, instance.id.as_str());
    let before = instance.stored.clone();
    instance.stored.record.profile = profile;
    instances::check(&instance.id, &instance.stored.record, instance.tags())?;
    let belonging = |profile: &ProfileAssociation| keys::belonging(&call.region, &profile.id);
    let mut transaction = Transaction::new().if_unchanged(&key, Some(&before));
    if let Some(former) = &before.record.profile {
        transaction = transaction.remove(&belonging(former));
    }
    if let Some(new) = &instance.stored.record.profile {
        transaction = transaction.write(&belonging(new), &instance.id);
    }
    call.commit(transaction.write(&key, &instance.stored.record))?;
    Ok(association(&instance, state).or(ends))
}

/// The instances that have a profile. Those that are terminated have given it back.
fn associated(call: &Call<'_>) -> Result<Vec<StoredInstance>, Refusal> {
    let mut all = instances::all(call)?;
    all.retain(|instance| {
        let record = &instance.stored.record;
        record.profile.is_some() && record.lifecycle != Lifecycle::Terminated
    });
    Ok(all)
}

/// The instance with this association.
pub(super) fn find(call: &Call<'_>, association: &str) -> Result<StoredInstance, Refusal> {
    let instance = instances::with(call, association)?.filter(|it| it.has(association));
    Ok(instance.ok_or_else(|| no_such_association(association))?)
}

fn no_such_association(id: &str) -> Fault {
    Fault::client("NoSuchAssociation", format!("An invalid association-id of '{id}' was given"))
}

impl StoredInstance {
    fn has(&self, association: &str) -> bool {
        self.stored.record.profile.as_ref().is_some_and(|profile| profile.id == association)
    }
}

/// Whether an instance that is served is served with its profile, by every host.
fn state(call: &Call<'_>, instance: &StoredInstance) -> &'static str {
    let profile = instance.stored.record.profile.as_ref();
    let name = profile.map(ProfileAssociation::role_name).unwrap_or_default();
    let is_known = call.applied.has_role(&instance.id, name, call.now);
    if is_known.unwrap_or(true) && instance.is_everywhere(call) {
        "associated"
    } else {
        "associating"
    }
}

fn association(instance: &StoredInstance, state: &str) -> Option<IamInstanceProfileAssociation> {
    let profile = instance.stored.record.profile.as_ref()?;
    let facts = instance.facts().ok()?;
    Some(IamInstanceProfileAssociation {
        association_id: Some(profile.id.clone()),
        instance_id: Some(instance.id.to_string()),
        iam_instance_profile: shape(instance, &facts),
        state: Some(state.to_owned()),
        timestamp: time::shape(profile.since),
    })
}
