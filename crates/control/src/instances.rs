//! Instances: how they are found, what they may be, and the calls about them.

mod address_values;
pub(super) mod attribute_names;
mod attribute_values;
pub(super) mod attributes;
pub(super) mod credits;
pub(super) mod describe;
mod devices;
mod existing_interface;
mod filters;
mod free_addresses;
pub(super) mod interfaces;
mod kept_interfaces;
pub(super) mod monitoring;
mod network_interfaces;
pub(super) mod preview;
pub(super) mod run;
mod shape;
mod state;
pub(super) mod states;
pub(super) mod status;
pub(super) mod upkeep;
mod wanted_interface;

pub(super) use shape::{block_devices, present_interfaces};

use std::collections::{BTreeMap, BTreeSet};

use imds_account::in_parts::{self, Launches};
use imds_account::keys::{self, Key};
use imds_account::launch::LaunchRefused;
use imds_account::records::{self, Lifecycle, Tags};
use imds_account::{RecordSnapshot, Revision, StoreError, Stored, Transaction};
use imds_core::launch::LaunchError;
use imds_core::{FrontEnd, InstanceId};
use imds_ec2::Fault;

use super::call::{Call, Refusal};
use super::page::Page;
use imds_account::{Overrides, instance};
use state::State;

/// An instance that exists, as it is kept.
pub(super) struct StoredInstance {
    pub(super) id: InstanceId,
    pub(super) stored: Stored<records::Instance>,
    pub(super) tags: Option<Stored<Tags>>,
    /// The commit that completed its launch, where that was written in parts not long ago; else zero.
    pub(super) completion: Revision,
    /// What changes of it begin with: nothing but what was read along with it for them.
    pub(super) change: Transaction,
}

/// The instance with this id, in whatever state.
pub(super) fn find(call: &Call<'_>, id: &str) -> Result<StoredInstance, Refusal> {
    Ok(find_with(call, id, &[])?.0)
}

/// The same, and what was at these keys at that time ([`Key::as_str`]).
fn find_with(
    call: &Call<'_>,
    id: &str,
    keys: &[&str],
) -> Result<(StoredInstance, RecordSnapshot), Refusal> {
    let parsed: InstanceId = id.parse().map_err(|_| Fault::instance_id_malformed(id))?;
    let (instance, tags) = (keys::instance(&call.region, id), keys::tags(&call.region, id));
    // All at once: with etcd each reading is a way there and back.
    let served_by = call.store.host().map(|_| keys::served_by(&parsed));
    let mut all = vec![instance.as_str(), tags.as_str()];
    all.extend(served_by.as_ref().map(Key::as_str));
    let read = call.read_many(&[&all, keys].concat())?;
    let stored = read.read(&instance).map_err(StoreError::from)?;
    let stored = stored.ok_or_else(|| Fault::instance_not_found(id))?;
    let completion = in_parts::completion(call.store, &stored.record)?;
    let completion = completion.ok_or_else(|| Fault::instance_not_found(id))?;
    let tags = read.read(&tags).map_err(StoreError::from)?;
    let change = match served_by.map(|key| read.read(&key)) {
        Some(Ok(served_by)) => Transaction::new().serving(&parsed, served_by),
        // Where it cannot be read, the commit that needs it says so.
        Some(Err(_)) | None => Transaction::new(),
    };
    Ok((StoredInstance { id: parsed, stored, tags, completion, change }, read))
}

/// The live instance that has the volume, the attachment or the association with this id.
pub(super) fn with(call: &Call<'_>, belonging: &str) -> Result<Option<StoredInstance>, Refusal> {
    let key = keys::belonging(&call.region, belonging);
    let Some(instance) = call.read(&key)? else { return Ok(None) };
    let found =
        find(call, instance.record.as_str()).map(Some).or_else(|refusal| match refusal {
            // It has ended meanwhile.
            Refusal::Fault(_) => Ok(None),
            other => Err(other),
        })?;
    Ok(found.filter(|instance| instance.stored.record.lifecycle != Lifecycle::Terminated))
}

/// The instances with these ids, in this order and each once. One fault names all that do not exist.
pub(super) fn find_all(call: &Call<'_>, ids: &[String]) -> Result<Vec<StoredInstance>, Refusal> {
    let mut seen = BTreeSet::new();
    let (mut instances, mut missing) = (Vec::new(), Vec::new());
    for id in ids.iter().filter(|id| seen.insert(id.as_str())) {
        match find(call, id) {
            Ok(instance) => instances.push(instance),
            Err(Refusal::Fault(fault)) if fault.code == "InvalidInstanceID.NotFound" => {
                missing.push(id.as_str());
            }
            Err(other) => return Err(other),
        }
    }
    if missing.is_empty() {
        Ok(instances)
    } else {
        Err(Fault::instances_not_found(&missing).into())
    }
}

/// All instances of the Region that can be read, in the order of their ids.
pub(super) fn all(call: &Call<'_>) -> Result<Vec<StoredInstance>, Refusal> {
    Ok(next(call, "", usize::MAX)?.0)
}

/// The instances among the next `limit` records after the one with the id `after`, and the last of
/// these ids if more records follow. An instance whose tags cannot be read has none here.
fn next(
    call: &Call<'_>,
    after: &str,
    limit: usize,
) -> Result<(Vec<StoredInstance>, Option<String>), Refusal> {
    let page = call.scan_page(&keys::instances(&call.region), after, limit)?;
    // All that begins with `i-` are instances, which have no more tags than one record each.
    let after = if after.is_empty() { "i-" } else { after };
    let tags = call.scan_page(&keys::all_tags(&call.region), after, limit)?;
    let mut tags: BTreeMap<_, _> = tags.records.into_iter().collect();
    let has_parts = page.records.iter().any(|(_, stored)| stored.record.in_parts);
    let launches =
        if has_parts { Launches::read(call.store, &call.region)? } else { Launches::default() };
    let instances = page.records.into_iter().filter_map(|(id, stored)| {
        let tags = tags.remove(&id);
        let completion = launches.completion(&stored.record, page.revision)?;
        let (id, change) = (id.parse().ok()?, Transaction::new());
        Some(StoredInstance { id, stored, tags, completion, change })
    });
    Ok((instances.collect(), page.next))
}

/// How many instances are read at once, at least.
const BATCH: usize = 100;

/// The page of what a `Describe…` call shows, and the token of the next one: of the instances with
/// these ids, or of all where none is named.
fn paged<T>(
    call: &Call<'_>,
    ids: &[String],
    (max_results, next_token): (Option<i32>, Option<&str>),
    show: impl Fn(StoredInstance) -> Option<T>,
    key: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let page = Page::new(max_results, next_token, 5..=1000)?;
    if !ids.is_empty() {
        let instances = named(call, ids, max_results)?;
        return Ok(page.paginate(instances.into_iter().filter_map(show), key));
    }
    let mut shown = Vec::new();
    let mut after = Some(page.after().to_owned());
    // One more than the page has tells that there is another page.
    let batch = BATCH.max(page.limit() + 1);
    while shown.len() <= page.limit()
        && let Some(last) = after.take()
    {
        let (instances, next) = next(call, &last, batch)?;
        shown.extend(instances.into_iter().filter_map(&show));
        after = next;
    }
    Ok(page.paginate(shown, key))
}

fn named(
    call: &Call<'_>,
    ids: &[String],
    max_results: Option<i32>,
) -> Result<Vec<StoredInstance>, Refusal> {
    if max_results.is_some() {
        return Err(Fault::invalid_parameter_combination(
            "The parameter instancesSet cannot be used with the parameter maxResults",
        )
        .into());
    }
    let mut instances = find_all(call, ids)?;
    instances.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(instances)
}

/// The instance with this id, unless it is terminated: then nothing of it can be changed.
pub(super) fn find_live(call: &Call<'_>, id: &str) -> Result<StoredInstance, Refusal> {
    Ok(find_live_with(call, id, &[])?.0)
}

/// The same, and what was at these keys at that time ([`Key::as_str`]).
pub(super) fn find_live_with(
    call: &Call<'_>,
    id: &str,
    keys: &[&str],
) -> Result<(StoredInstance, RecordSnapshot), Refusal> {
    let (instance, read) = find_with(call, id, keys)?;
    if instance.stored.record.lifecycle == Lifecycle::Terminated {
        let state = instance.state(call).name();
        return Err(Fault::incorrect_instance_state(format!(
            "The instance '{id}' is not in a valid state for this operation: it is {state}."
        ))
        .into());
    }
    Ok((instance, read))
}

/// The same for several; one fault names all that do not exist.
fn find_all_live(call: &Call<'_>, ids: &[String]) -> Result<Vec<StoredInstance>, Refusal> {
    find_all(call, ids)?;
    ids.iter().map(|id| find_live(call, id)).collect()
}

/// Changes an instance, unless it has changed since it was read; gives it as it is then.
pub(super) fn save(
    call: &Call<'_>,
    mut instance: StoredInstance,
    change: impl FnOnce(&mut records::Instance),
) -> Result<StoredInstance, Refusal> {
    let before = instance.stored.clone();
    change(&mut instance.stored.record);
    let key = keys::instance(&call.region, instance.id.as_str());
    let transaction = instance.change.clone().if_unchanged(&key, Some(&before));
    call.commit(transaction.write(&key, &instance.stored.record))?;
    Ok(instance)
}

/// Changes all of these instances, or none.
fn save_all(
    call: &Call<'_>,
    instances: &[StoredInstance],
    change: impl Fn(&StoredInstance, &mut records::Instance),
) -> Result<(), Refusal> {
    let mut transaction = Transaction::new();
    for instance in instances {
        let key = keys::instance(&call.region, instance.id.as_str());
        let mut record = instance.stored.record.clone();
        change(instance, &mut record);
        transaction = transaction.if_unchanged(&key, Some(&instance.stored)).write(&key, &record);
    }
    call.commit(transaction)
}

/// Whether there can be such an instance, in EC2's words where there cannot.
pub(super) fn check(id: &InstanceId, record: &records::Instance, tags: &Tags) -> Result<(), Fault> {
    instance::instance(id, record, tags, &Overrides::default())
        .map(drop)
        .map_err(|error| refused(&error))
}

/// How EC2 refuses a launch, where the account may too.
fn launch_refused(error: LaunchRefused) -> Fault {
    match error {
        LaunchRefused::Launch(error) => refused(&error),
        LaunchRefused::Enforced(error) => Fault::unsupported_operation(error.to_string()),
        LaunchRefused::Key(error) => Fault::client("Unsupported", error.to_string()),
    }
}

/// How EC2 refuses a launch.
fn refused(error: &LaunchError) -> Fault {
    let message = error.to_string();
    match error {
        LaunchError::Ipv6OnXen { .. } => Fault::unsupported_operation(message),
        LaunchError::UserDataTooLarge { .. } => {
            Fault::invalid_parameter_value("User data is limited to 16384 bytes")
        }
        LaunchError::AddressElsewhere { address, .. } => Fault::invalid_parameter_value(format!(
            "Address {address} does not fall within the subnet's address range"
        )),
        _ => Fault::invalid_parameter_value(message),
    }
}

impl StoredInstance {
    /// What the data path serves of it; an error where what is kept makes no instance.
    pub(super) fn facts(&self) -> Result<imds_core::Instance, LaunchError> {
        instance::instance(&self.id, &self.stored.record, self.tags(), &Overrides::default())
    }

    pub(super) fn tags(&self) -> &Tags {
        static NONE: Tags = Tags::new();
        self.tags.as_ref().map_or(&NONE, |stored| &stored.record)
    }

    /// An attribute, by its name in the EC2 API.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.stored.record.attributes.get(name).map(String::as_str)
    }

    /// Whether an attribute that is true or false is true; who says nothing means false.
    fn is(&self, name: &str) -> bool {
        self.attribute(name) == Some("true")
    }

    /// Whether it has the Elastic Network Adapter: Nitro types always have.
    fn has_ena(&self) -> bool {
        self.stored.record.instance_type.front_end() == FrontEnd::Nitro
            || self.is(attribute_names::ENA_SUPPORT)
    }

    /// Whether the data path of every host serves it with its options.
    fn has_applied_options(&self, call: &Call<'_>) -> bool {
        let is_here = !call.applied.follows_all()
            || call.applied.options(&self.id) == Some(self.stored.record.options);
        is_here && self.is_everywhere(call)
    }

    /// Whether every host has it as it is kept.
    pub(super) fn is_everywhere(&self, call: &Call<'_>) -> bool {
        call.applied.is_everywhere(&self.id, self.stored.revision.max(self.completion))
    }

    /// Whether the data path serves it.
    fn is_served(&self, call: &Call<'_>) -> bool {
        if call.applied.follows_all() {
            return call.applied.options(&self.id).is_some();
        }
        // Nobody may be there to serve it; but one that is over must not be said to be while somebody does.
        self.stored.record.lifecycle == Lifecycle::Running || !self.is_everywhere(call)
    }

    fn state(&self, call: &Call<'_>) -> State {
        State::of(self.stored.record.lifecycle, self.is_served(call))
    }
}
