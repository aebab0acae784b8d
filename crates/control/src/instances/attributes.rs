//! `DescribeInstanceAttribute` and `ModifyInstanceAttribute`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_account::launch::kept_groups;
use imds_account::records::{self, Lifecycle};
use imds_account::{Transaction, keys};
use imds_core::InstanceType;
use imds_ec2::types::{
    AttributeBooleanValue, AttributeValue, DescribeInstanceAttributeRequest, EnclaveOptions,
    InstanceAttribute, ModifyInstanceAttributeRequest,
};
use imds_ec2::{Done, Fault};

use super::attribute_names::{
    DISABLE_API_STOP, DISABLE_API_TERMINATION, EBS_OPTIMIZED, ENA_SUPPORT, SHUTDOWN_BEHAVIOR,
    SOURCE_DEST_CHECK, SRIOV_NET_SUPPORT,
};
use super::attribute_values::{shutdown_behavior, user_data};
use super::{StoredInstance, check, find, find_live, network_interfaces, shape};
use crate::call::{Call, Refusal};
use crate::{instance_types, security_groups};

pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeInstanceAttributeRequest,
) -> Result<InstanceAttribute, Refusal> {
    let instance = find(call, &request.instance_id)?;
    let record = &instance.stored.record;
    let facts = instance.facts().map_err(|_| Fault::internal())?;
    let text = |value: Option<String>| Some(AttributeValue { value });
    let flag = |value| Some(AttributeBooleanValue { value: Some(value) });
    let mut shown =
        InstanceAttribute { instance_id: Some(instance.id.to_string()), ..<_>::default() };
    match request.attribute.as_str() {
        "blockDeviceMapping" => {
            shown.block_device_mappings = Some(shape::block_devices(&facts, &record.volumes));
        }
        DISABLE_API_STOP => shown.disable_api_stop = flag(instance.is(DISABLE_API_STOP)),
        DISABLE_API_TERMINATION => {
            shown.disable_api_termination = flag(instance.is(DISABLE_API_TERMINATION));
        }
        EBS_OPTIMIZED => shown.ebs_optimized = flag(instance.is(EBS_OPTIMIZED)),
        ENA_SUPPORT => shown.ena_support = flag(instance.has_ena()),
        "enclaveOptions" => {
            shown.enclave_options = Some(EnclaveOptions { enabled: Some(false) });
        }
        "groupSet" => {
            let groups = &facts.primary_interface().security_groups;
            shown.groups = Some(network_interfaces::groups(groups));
        }
        SHUTDOWN_BEHAVIOR => {
            let behavior = instance.attribute(SHUTDOWN_BEHAVIOR).unwrap_or("stop");
            shown.instance_initiated_shutdown_behavior = text(Some(behavior.to_owned()));
        }
        "instanceType" => shown.instance_type = text(Some(record.instance_type.to_string())),
        "kernel" => shown.kernel_id = text(facts.kernel.map(|it| it.to_string())),
        "productCodes" => shown.product_codes = Some(shape::product_codes(&facts)),
        "ramdisk" => shown.ramdisk_id = text(facts.ramdisk.map(|it| it.to_string())),
        "rootDeviceName" => shown.root_device_name = text(Some(facts.image.root_device)),
        SOURCE_DEST_CHECK => {
            let is_off = instance.attribute(SOURCE_DEST_CHECK) == Some("false");
            shown.source_dest_check = flag(!is_off);
        }
        SRIOV_NET_SUPPORT => {
            let support = instance.attribute(SRIOV_NET_SUPPORT).map(str::to_owned);
            shown.sriov_net_support = text(support);
        }
        "userData" => shown.user_data = text(record.user_data.clone()),
        unknown => return Err(unknown_attribute(unknown).into()),
    }
    Ok(shown)
}

/// Changes one attribute.
pub(crate) fn modify(
    call: &Call<'_>,
    request: &ModifyInstanceAttributeRequest,
) -> Result<Done, Refusal> {
    let instance = find_live(call, &request.instance_id)?;
    let mut record = instance.stored.record.clone();
    for change in changes(request)? {
        change.apply(call, &instance, &mut record)?;
    }
    check(&instance.id, &record, instance.tags())?;
    let key = keys::instance(&call.region, instance.id.as_str());
    let tags = keys::tags(&call.region, instance.id.as_str());
    let transaction = Transaction::new()
        .if_unchanged(&key, Some(&instance.stored))
        // `check` has looked at them.
        .if_unchanged(&tags, instance.tags.as_ref());
    call.commit(transaction.write(&key, &record))?;
    Ok(Done)
}

/// A change to an attribute.
enum Change {
    /// One that is true or false, by its name.
    Flag(&'static str, bool),
    ShutdownBehavior(String),
    InstanceType(String),
    /// In base64.
    UserData(String),
    SriovNetSupport(String),
    Groups(Vec<String>),
    /// Volumes live as long as the instance here, and instances have their image's kernel.
    Nothing,
}

/// What is to be changed: each attribute has a member of its own, or is named and has a `Value`.
fn changes(request: &ModifyInstanceAttributeRequest) -> Result<Vec<Change>, Fault> {
    let flag = |name, value: Option<&AttributeBooleanValue>| {
        Some(Change::Flag(name, value?.value.unwrap_or(false)))
    };
    let text = |value: Option<&AttributeValue>, change: fn(String) -> Change| {
        Some(change(value?.value.clone().unwrap_or_default()))
    };
    let members = [
        flag(DISABLE_API_STOP, request.disable_api_stop.as_ref()),
        flag(DISABLE_API_TERMINATION, request.disable_api_termination.as_ref()),
        flag(EBS_OPTIMIZED, request.ebs_optimized.as_ref()),
        flag(ENA_SUPPORT, request.ena_support.as_ref()),
        flag(SOURCE_DEST_CHECK, request.source_dest_check.as_ref()),
        text(request.instance_initiated_shutdown_behavior.as_ref(), Change::ShutdownBehavior),
        text(request.instance_type.as_ref(), Change::InstanceType),
        text(request.sriov_net_support.as_ref(), Change::SriovNetSupport),
        text(request.kernel.as_ref(), |_| Change::Nothing),
        text(request.ramdisk.as_ref(), |_| Change::Nothing),
        request.user_data.as_ref().map(|data| {
            let bytes = data.value.as_ref().map(|blob| blob.0.as_slice()).unwrap_or_default();
            Change::UserData(STANDARD.encode(bytes))
        }),
        (!request.groups.is_empty()).then(|| Change::Groups(request.groups.clone())),
        (!request.block_device_mappings.is_empty()).then_some(Change::Nothing),
        request.attribute.as_deref().map(|name| named(name, request)).transpose()?.flatten(),
    ];
    let changes: Vec<_> = members.into_iter().flatten().collect();
    match changes.len() {
        0 => Err(Fault::client(
            "MissingParameter",
            "The request must contain an attribute to modify, such as DisableApiTermination.Value",
        )),
        1 => Ok(changes),
        _ => Err(Fault::invalid_parameter_combination(
            "Fields for multiple attribute types specified: modify one attribute at a time",
        )),
    }
}

/// The form with `Attribute` and `Value`; without a value the attribute's own member has it.
fn named(name: &str, request: &ModifyInstanceAttributeRequest) -> Result<Option<Change>, Fault> {
    let Some(value) = request.value.as_ref().map(|value| value.0.clone()) else { return Ok(None) };
    let flag = |name, value: &str| match value {
        "true" => Ok(Change::Flag(name, true)),
        "false" => Ok(Change::Flag(name, false)),
        _ => Err(Fault::invalid_value("value", value, "Expecting true or false.")),
    };
    Ok(Some(match name {
        DISABLE_API_STOP => flag(DISABLE_API_STOP, &value)?,
        DISABLE_API_TERMINATION => flag(DISABLE_API_TERMINATION, &value)?,
        EBS_OPTIMIZED => flag(EBS_OPTIMIZED, &value)?,
        ENA_SUPPORT => flag(ENA_SUPPORT, &value)?,
        SOURCE_DEST_CHECK => flag(SOURCE_DEST_CHECK, &value)?,
        SHUTDOWN_BEHAVIOR => Change::ShutdownBehavior(value),
        "instanceType" => Change::InstanceType(value),
        "userData" => Change::UserData(value),
        SRIOV_NET_SUPPORT => Change::SriovNetSupport(value),
        "groupSet" => Change::Groups(vec![value]),
        "kernel" | "ramdisk" | "blockDeviceMapping" => Change::Nothing,
        unknown => return Err(unknown_attribute(unknown)),
    }))
}

impl Change {
    fn apply(
        self,
        call: &Call<'_>,
        instance: &StoredInstance,
        record: &mut records::Instance,
    ) -> Result<(), Refusal> {
        if self.is_for_stopped() && record.lifecycle != Lifecycle::Stopped {
            return Err(Fault::incorrect_instance_state(format!(
                "The instance '{}' is not in the 'stopped' state.",
                instance.id
            ))
            .into());
        }
        let mut keep = |name: &str, value: String| {
            record.attributes.insert(name.to_owned(), value);
        };
        match self {
            Self::Flag(name, value) => keep(name, value.to_string()),
            Self::ShutdownBehavior(value) => keep(SHUTDOWN_BEHAVIOR, shutdown_behavior(&value)?),
            Self::SriovNetSupport(value) => keep(SRIOV_NET_SUPPORT, value),
            Self::InstanceType(value) => {
                record.instance_type = another_type(call, &value, &record.instance_type)?;
            }
            Self::UserData(text) => {
                let bytes = user_data(&text)?;
                record.user_data = (!bytes.is_empty()).then(|| STANDARD.encode(bytes));
            }
            Self::Groups(ids) => {
                let groups = security_groups::find::members(call, &ids, &[])?;
                let mut all = record.interfaces.iter_mut();
                let primary = all.find(|it| it.slot() == (0, 0));
                if let Some(primary) = primary {
                    primary.groups = kept_groups(&groups, call.network, &call.region);
                }
            }
            Self::Nothing => {}
        }
        Ok(())
    }

    /// Whether EC2 changes it only while the instance is stopped.
    fn is_for_stopped(&self) -> bool {
        match self {
            Self::InstanceType(_) | Self::UserData(_) | Self::SriovNetSupport(_) => true,
            Self::Flag(name, _) => matches!(*name, EBS_OPTIMIZED | ENA_SUPPORT),
            Self::ShutdownBehavior(_) | Self::Groups(_) | Self::Nothing => false,
        }
    }
}

/// A type that the instance can be changed to: its image is for one kind of processor.
fn another_type(call: &Call<'_>, name: &str, now: &InstanceType) -> Result<InstanceType, Fault> {
    let other = instance_types::for_instance(call, name)?;
    let (image, wanted) = (now.architecture().as_str(), other.architecture().as_str());
    if image != wanted {
        return Err(Fault::invalid_parameter_value(format!(
            "The architecture '{wanted}' of the specified instance type does not match the \
             architecture '{image}' of the specified AMI. Specify an instance type and an AMI that \
             have matching architectures, and try again. You can use 'describe-instance-types' or \
             'describe-images' to discover the architecture of the instance type or AMI."
        )));
    }
    Ok(other)
}

fn unknown_attribute(name: &str) -> Fault {
    Fault::invalid_value("attribute", name, "Unknown attribute.")
}
