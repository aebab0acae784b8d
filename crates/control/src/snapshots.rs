//! Snapshots of EBS volumes. They hold nothing; images name them.

mod attributes;

use std::collections::BTreeSet;

use imds_account::{Stored, Transaction, keys, records};
use imds_ec2::types::{
    CreateSnapshotRequest, DeleteSnapshotRequest, DescribeSnapshotsRequest,
    DescribeSnapshotsResult, Snapshot, Tag,
};
use imds_ec2::{Done, Fault};

use super::belongings::{self, Belonging};
use super::call::{Call, Refusal};
use super::filter::Filters;
use super::images::snapshots::{self as known, DerivedSnapshot, KnownSnapshot};
use super::page::Page;
use super::{ids, images, tag_values, time, volumes};
pub(super) use attributes::{describe_attribute, modify_attribute};

/// The volume of a snapshot that is not of one of the account's volumes, as EC2 writes it.
const NO_VOLUME: &str = "vol-ffffffff";

/// Source: EC2 API `DescribeSnapshots`.
const FILTERS: &[&str] = &[
    "description",
    "encrypted",
    "owner-alias",
    "owner-id",
    "progress",
    "snapshot-id",
    "start-time",
    "status",
    "storage-tier",
    "transfer-type",
    "volume-id",
    "volume-size",
];

pub(super) fn create(
    call: &Call<'_>,
    request: &CreateSnapshotRequest,
) -> Result<Snapshot, Refusal> {
    let volume = volumes::find(call, &request.volume_id)?;
    let tags = tag_values::specified(&request.tag_specifications, "snapshot")?;
    let id: String = ids::new("snap-")?;
    let record = records::Snapshot {
        volume_id: request.volume_id.clone(),
        size: volume.size.unwrap_or_default(),
        description: request.description.clone().unwrap_or_default(),
        created_at: call.now,
        is_encrypted: volume.encrypted == Some(true),
        kms_key_id: volume.kms_key_id,
        permissions: BTreeSet::new(),
    };
    let key = keys::snapshot(&call.region, &id);
    let mut transaction = Transaction::new().if_unchanged(&key, None).write(&key, &record);
    if !tags.is_empty() {
        transaction = transaction.write(&keys::tags(&call.region, &id), &tags);
    }
    call.commit(transaction)?;
    Ok(Snapshot {
        // It is on its way in its own response.
        state: Some("pending".to_owned()),
        progress: Some(String::new()),
        completion_time: None,
        tags: tag_values::shape(&tags),
        ..shape(&id, &record, call.account.as_str())
    })
}

fn shape(id: &str, record: &records::Snapshot, owner: &str) -> Snapshot {
    Snapshot {
        snapshot_id: Some(id.to_owned()),
        volume_id: Some(record.volume_id.clone()),
        volume_size: Some(record.size),
        description: Some(record.description.clone()),
        start_time: time::shape(record.created_at),
        completion_time: time::shape(record.created_at),
        encrypted: Some(record.is_encrypted),
        kms_key_id: record.kms_key_id.clone(),
        owner_id: Some(owner.to_owned()),
        state: Some("completed".to_owned()),
        progress: Some("100%".to_owned()),
        storage_tier: Some("standard".to_owned()),
        ..Snapshot::default()
    }
}

/// A snapshot of the account.
fn own(call: &Call<'_>, id: &str) -> Result<Stored<records::Snapshot>, Refusal> {
    match known::find(call, id)? {
        KnownSnapshot::Own(stored) => Ok(*stored),
        KnownSnapshot::Derived(_) => Err(known::not_found(id).into()),
    }
}

/// The snapshot with this id, but for its tags.
fn find(call: &Call<'_>, id: &str) -> Result<Snapshot, Refusal> {
    Ok(match known::find(call, id)? {
        KnownSnapshot::Own(stored) => shape(id, &stored.record, call.account.as_str()),
        KnownSnapshot::Derived(derived) => of_image(&derived),
    })
}

pub(super) fn delete(call: &Call<'_>, request: &DeleteSnapshotRequest) -> Result<Done, Refusal> {
    let id = request.snapshot_id.as_str();
    call.rely_on_no_new_reference(id)?;
    if let Some(image) = images::with_snapshot(call, id)?.first() {
        let message = format!("The snapshot {id} is currently in use by {image}");
        return Err(Fault::client("InvalidSnapshot.InUse", message).into());
    }
    let stored = own(call, id)?;
    let key = keys::snapshot(&call.region, id);
    let transaction = Transaction::new().if_unchanged(&key, Some(&stored)).remove(&key);
    call.commit(transaction.remove(&keys::tags(&call.region, id)))?;
    Ok(Done)
}

/// All snapshots: the account's, and those that images have which nobody made here.
fn all(call: &Call<'_>) -> Result<Vec<Snapshot>, Refusal> {
    let stored = call.scan(&keys::snapshots(&call.region))?;
    let stored = stored.iter().map(|(id, it)| shape(id, &it.record, call.account.as_str()));
    let mut all: Vec<_> = stored.collect();
    all.extend(known::derived(call)?.iter().map(of_image));
    Ok(all)
}

fn of_image(derived: &DerivedSnapshot) -> Snapshot {
    let record = records::Snapshot {
        volume_id: NO_VOLUME.to_owned(),
        size: derived.size,
        description: String::new(),
        created_at: derived.created_at,
        is_encrypted: false,
        kms_key_id: None,
        permissions: BTreeSet::new(),
    };
    let owner_alias = derived.is_amazons.then(|| "amazon".to_owned());
    Snapshot { owner_alias, ..shape(&derived.id, &record, &derived.owner) }
}

pub(super) fn describe(
    call: &Call<'_>,
    request: &DescribeSnapshotsRequest,
) -> Result<DescribeSnapshotsResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let wanted = &request.snapshot_ids;
    if !wanted.is_empty() && request.max_results.is_some() {
        return Err(Fault::invalid_parameter_combination(
            "The parameter snapshotSet cannot be used with the parameter maxResults",
        )
        .into());
    }
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    let mut all = belongings::wanted(wanted, |id| find(call, id), || all(call))?;
    let owners = &request.owner_ids;
    all.retain(|it| owners.is_empty() || owners.iter().any(|owner| owns(call, owner, it)));
    let (snapshots, next_token) = belongings::shown(call, all, &filters, page)?;
    Ok(DescribeSnapshotsResult { snapshots, next_token })
}

/// Whether `owner`, an account or `self` or an alias, is the snapshot's.
fn owns(call: &Call<'_>, owner: &str, snapshot: &Snapshot) -> bool {
    match owner {
        "self" => snapshot.owner_id.as_deref() == Some(call.account.as_str()),
        "amazon" => snapshot.owner_alias.is_some(),
        account => snapshot.owner_id.as_deref() == Some(account),
    }
}

impl Belonging for Snapshot {
    fn id(&self) -> &str {
        self.snapshot_id.as_deref().unwrap_or_default()
    }

    fn values(&self, filter: &str) -> Vec<String> {
        let value = match filter {
            "description" => self.description.clone(),
            "encrypted" => self.encrypted.map(|it| it.to_string()),
            "owner-alias" => self.owner_alias.clone(),
            "owner-id" => self.owner_id.clone(),
            "progress" => self.progress.clone(),
            "snapshot-id" => self.snapshot_id.clone(),
            "start-time" => self.start_time.map(|it| it.to_string()),
            "status" => self.state.clone(),
            "storage-tier" => self.storage_tier.clone(),
            "volume-id" => self.volume_id.clone(),
            "volume-size" => self.volume_size.map(|it| it.to_string()),
            _ => None,
        };
        value.into_iter().collect()
    }

    fn set_tags(&mut self, tags: Vec<Tag>) {
        self.tags = tags;
    }
}
