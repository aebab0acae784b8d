//! `StartInstances`, `StopInstances`, `RebootInstances`, `TerminateInstances`.
//!
//! What is decided is what an instance is to be; its state follows once the data path knows. So an
//! instance may be told something else while it is on its way.

use imds_account::records::{Lifecycle, Transition};
use imds_account::{Transaction, keys};
use imds_core::instance::LifeCycle;
use imds_ec2::shapes::{
    InstanceStateChange, RebootInstancesRequest, StartInstancesRequest, StartInstancesResult,
    StopInstancesRequest, StopInstancesResult, TerminateInstancesRequest, TerminateInstancesResult,
};
use imds_ec2::{Done, Fault};

use imds_account::launch;

use super::attribute_names as names;
use super::state::{BY_USER, State};
use super::{Found, find_all};
use crate::call::{Call, Refusal};

pub(crate) fn start(
    call: &Call<'_>,
    asked: &StartInstancesRequest,
) -> Result<StartInstancesResult, Refusal> {
    let starting_instances = change(call, &asked.instance_ids, Lifecycle::Running, |found| {
        unless_terminated(found, "started")
    })?;
    Ok(StartInstancesResult { starting_instances })
}

/// `Force`, `Hibernate` and `SkipOsShutdown` are about an operating system, which there is not.
pub(crate) fn stop(
    call: &Call<'_>,
    asked: &StopInstancesRequest,
) -> Result<StopInstancesResult, Refusal> {
    let stopping_instances = change(call, &asked.instance_ids, Lifecycle::Stopped, |found| {
        unless_terminated(found, "stopped")?;
        if found.is(names::DISABLE_API_STOP) {
            return Err(not_permitted(found, "stopped", names::DISABLE_API_STOP));
        }
        let is_one_time = found.attribute(names::SPOT_INSTANCE_TYPE) != Some("persistent");
        if found.kept.record.life_cycle == LifeCycle::Spot && is_one_time {
            return Err(Fault::unsupported_operation(format!(
                "You can't stop the Spot Instance '{}' because it is associated with a one-time \
                 Spot Instance request. You can only stop Spot Instances associated with persistent \
                 Spot Instance requests.",
                found.id
            )));
        }
        Ok(())
    })?;
    Ok(StopInstancesResult { stopping_instances })
}

pub(crate) fn terminate(
    call: &Call<'_>,
    asked: &TerminateInstancesRequest,
) -> Result<TerminateInstancesResult, Refusal> {
    let terminating_instances =
        change(call, &asked.instance_ids, Lifecycle::Terminated, |found| {
            if found.is(names::DISABLE_API_TERMINATION) {
                return Err(not_permitted(found, "terminated", names::DISABLE_API_TERMINATION));
            }
            Ok(())
        })?;
    Ok(TerminateInstancesResult { terminating_instances })
}

/// There is nothing to reboot; its metadata is there all the while, as on EC2.
pub(crate) fn reboot(call: &Call<'_>, asked: &RebootInstancesRequest) -> Result<Done, Refusal> {
    let found = find_all(call, &asked.instance_ids)?;
    let is_running = |found: &&Found| found.kept.record.lifecycle == Lifecycle::Running;
    match found.iter().find(|found| !is_running(found)) {
        Some(found) => Err(wrong_state(found, "rebooted").into()),
        None => Ok(Done),
    }
}

/// Tells instances to be `lifecycle`: all of those that `check` lets pass, or none.
fn change(
    call: &Call<'_>,
    ids: &[String],
    lifecycle: Lifecycle,
    check: impl Fn(&Found) -> Result<(), Fault>,
) -> Result<Vec<InstanceStateChange>, Refusal> {
    let found = find_all(call, ids)?;
    let mut transaction = Transaction::new();
    let mut changes = Vec::with_capacity(found.len());
    for found in found {
        check(&found)?;
        let previous = found.state(call);
        let is_served = call.is_served(&found.id);
        changes.push(InstanceStateChange {
            instance_id: Some(found.id.to_string()),
            previous_state: Some(previous.shape()),
            current_state: Some(State::of(lifecycle, is_served).shape()),
        });
        if found.kept.record.lifecycle == lifecycle {
            continue;
        }
        let key = keys::instance(&call.region, found.id.as_str());
        let mut record = found.kept.record.clone();
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
        transaction = transaction.if_unchanged(&key, Some(&found.kept)).write(&key, &record);
        if lifecycle == Lifecycle::Terminated {
            transaction = launch::free_addresses(transaction, &record);
        }
    }
    call.commit(transaction)?;
    Ok(changes)
}

fn unless_terminated(found: &Found, done: &str) -> Result<(), Fault> {
    match found.kept.record.lifecycle {
        Lifecycle::Terminated => Err(wrong_state(found, done)),
        _ => Ok(()),
    }
}

fn wrong_state(found: &Found, done: &str) -> Fault {
    Fault::incorrect_instance_state(format!(
        "The instance '{}' is not in a state from which it can be {done}.",
        found.id
    ))
}

fn not_permitted(found: &Found, done: &str, attribute: &str) -> Fault {
    Fault::client(
        "OperationNotPermitted",
        format!(
            "The instance '{}' may not be {done}. Modify its '{attribute}' instance attribute and \
             try again.",
            found.id
        ),
    )
}
