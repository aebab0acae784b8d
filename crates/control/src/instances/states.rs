//! `StartInstances`, `StopInstances`, `RebootInstances`, `TerminateInstances`.
//!
//! What is decided is what an instance is to be; its state follows once the data path knows. So an
//! instance may be told something else while it is on its way.

use imds_account::records::{Interface, Lifecycle, Transition};
use imds_account::{Transaction, keys};
use imds_core::instance::LifeCycle;
use imds_ec2::types::{
    InstanceStateChange, RebootInstancesRequest, StartInstancesRequest, StartInstancesResult,
    StopInstancesRequest, StopInstancesResult, TerminateInstancesRequest, TerminateInstancesResult,
};
use imds_ec2::{Done, Fault};

use imds_account::launch;

use super::attribute_names as names;
use super::shape::belongings;
use super::state::{BY_USER, State};
use super::{StoredInstance, find_all};
use crate::call::{Call, Refusal};
use crate::network_interfaces::attachment;

pub(crate) fn start(
    call: &Call<'_>,
    request: &StartInstancesRequest,
) -> Result<StartInstancesResult, Refusal> {
    let starting_instances = change(call, &request.instance_ids, Lifecycle::Running, |instance| {
        unless_terminated(instance, "started")
    })?;
    Ok(StartInstancesResult { starting_instances })
}

/// `Force`, `Hibernate` and `SkipOsShutdown` are about an operating system, which there is not.
pub(crate) fn stop(
    call: &Call<'_>,
    request: &StopInstancesRequest,
) -> Result<StopInstancesResult, Refusal> {
    let stopping_instances = change(call, &request.instance_ids, Lifecycle::Stopped, |instance| {
        unless_terminated(instance, "stopped")?;
        if instance.is(names::DISABLE_API_STOP) {
            return Err(not_permitted(instance, "stopped", names::DISABLE_API_STOP));
        }
        let is_one_time = instance.attribute(names::SPOT_INSTANCE_TYPE) != Some("persistent");
        if instance.stored.record.life_cycle == LifeCycle::Spot && is_one_time {
            return Err(Fault::unsupported_operation(format!(
                "You can't stop the Spot Instance '{}' because it is associated with a one-time \
                 Spot Instance request. You can only stop Spot Instances associated with persistent \
                 Spot Instance requests.",
                instance.id
            )));
        }
        Ok(())
    })?;
    Ok(StopInstancesResult { stopping_instances })
}

pub(crate) fn terminate(
    call: &Call<'_>,
    request: &TerminateInstancesRequest,
) -> Result<TerminateInstancesResult, Refusal> {
    let terminating_instances =
        change(call, &request.instance_ids, Lifecycle::Terminated, |instance| {
            if instance.is(names::DISABLE_API_TERMINATION) {
                return Err(not_permitted(instance, "terminated", names::DISABLE_API_TERMINATION));
            }
            Ok(())
        })?;
    Ok(TerminateInstancesResult { terminating_instances })
}

/// There is nothing to reboot; its metadata is there all the while, as on EC2.
pub(crate) fn reboot(call: &Call<'_>, request: &RebootInstancesRequest) -> Result<Done, Refusal> {
    let instances = find_all(call, &request.instance_ids)?;
    let is_running =
        |instance: &&StoredInstance| instance.stored.record.lifecycle == Lifecycle::Running;
    match instances.iter().find(|instance| !is_running(instance)) {
        Some(instance) => Err(wrong_state(instance, "rebooted").into()),
        None => Ok(Done),
    }
}

/// Tells instances to be `lifecycle`: all of those that `check` lets pass, or none.
fn change(
    call: &Call<'_>,
    ids: &[String],
    lifecycle: Lifecycle,
    check: impl Fn(&StoredInstance) -> Result<(), Fault>,
) -> Result<Vec<InstanceStateChange>, Refusal> {
    let instances = find_all(call, ids)?;
    let mut transaction = Transaction::new();
    let mut changes = Vec::with_capacity(instances.len());
    for instance in instances {
        check(&instance)?;
        let previous = instance.state(call);
        let is_served = instance.is_served(call);
        changes.push(InstanceStateChange {
            instance_id: Some(instance.id.to_string()),
            previous_state: Some(previous.shape()),
            current_state: Some(State::of(lifecycle, is_served).shape()),
        });
        if instance.stored.record.lifecycle == lifecycle {
            continue;
        }
        let key = keys::instance(&call.region, instance.id.as_str());
        let mut record = instance.stored.record.clone();
        record.lifecycle = lifecycle;
        if lifecycle == Lifecycle::Running {
            // As on EC2, where the launch time is that of the last start.
            record.launched_at = call.now;
            record.transition = None;
        } else {
            record.transition = Some(Transition {
                at: call.now,
                code: BY_USER.to_owned(),
                message: "User initiated shutdown".to_owned(),
            });
        }
        let stays = |it: &Interface| {
            lifecycle == Lifecycle::Terminated && it.settings.delete_on_termination == Some(false)
        };
        let (kept, others) = record.interfaces.into_iter().partition(stays);
        record.interfaces = others;
        transaction = transaction.if_unchanged(&key, Some(&instance.stored)).write(&key, &record);
        if lifecycle == Lifecycle::Terminated {
            transaction = launch::free_addresses(transaction, &call.region, &instance.id, &record);
            transaction = without_tags_of_belongings(call, transaction, &instance, &kept)?;
            for interface in kept {
                transaction = attachment::detached(call, transaction, &record.zone, interface);
            }
        }
    }
    call.commit(transaction)?;
    Ok(changes)
}

/// Its volumes and network interfaces end with it.
fn without_tags_of_belongings(
    call: &Call<'_>,
    mut transaction: Transaction,
    instance: &StoredInstance,
    kept: &[Interface],
) -> Result<Transaction, Refusal> {
    let Ok(facts) = instance.facts() else { return Ok(transaction) };
    let (volumes, mut interfaces) = belongings(&facts, &instance.stored.record.volumes);
    let is_kept =
        |id: &String| kept.iter().any(|it| it.id.as_ref().is_some_and(|it| it.as_str() == id));
    interfaces.retain(|id| !is_kept(id));
    for resource in volumes.iter().chain(&interfaces) {
        let key = keys::tags(&call.region, resource);
        if call.read(&key)?.is_some() {
            transaction = transaction.remove(&key);
        }
    }
    Ok(transaction)
}

fn unless_terminated(instance: &StoredInstance, done: &str) -> Result<(), Fault> {
    match instance.stored.record.lifecycle {
        Lifecycle::Terminated => Err(wrong_state(instance, done)),
        _ => Ok(()),
    }
}

fn wrong_state(instance: &StoredInstance, done: &str) -> Fault {
    Fault::incorrect_instance_state(format!(
        "The instance '{}' is not in a state from which it can be {done}.",
        instance.id
    ))
}

fn not_permitted(instance: &StoredInstance, done: &str, attribute: &str) -> Fault {
    Fault::client(
        "OperationNotPermitted",
        format!(
            "The instance '{}' may not be {done}. Modify its '{attribute}' instance attribute and \
             try again.",
            instance.id
        ),
    )
}
