//! The snapshots that there are: those that were made here, and those that images have which nobody made.

use imds_account::records::{self, ImageDevice};
use imds_account::{Stored, keys};
use imds_ec2::Fault;

use super::devices;
use super::known::{self, KnownImage, Origin};
use crate::call::{Call, Refusal};

/// A snapshot that exists.
pub(crate) enum KnownSnapshot {
    Own(Box<Stored<records::Snapshot>>),
    Derived(DerivedSnapshot),
}

/// A snapshot of an image's root volume that nobody made here.
pub(crate) struct DerivedSnapshot {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) is_amazons: bool,
    pub(crate) created_at: u64,
    /// In GiB.
    pub(crate) size: i32,
}

/// The snapshot with this id; what is written next relies on it.
pub(crate) fn find(call: &Call<'_>, id: &str) -> Result<KnownSnapshot, Refusal> {
    if !id.starts_with("snap-") {
        let message = format!("Invalid id: \"{id}\" (expecting \"snap-...\")");
        return Err(Fault::client("InvalidSnapshotID.Malformed", message).into());
    }
    if let Some(stored) = call.rely_on(&keys::snapshot(&call.region, id))? {
        return Ok(KnownSnapshot::Own(stored.into()));
    }
    let derived = derived(call)?.into_iter().find(|derived| derived.id == id);
    derived.map(KnownSnapshot::Derived).ok_or_else(|| not_found(id).into())
}

pub(crate) fn not_found(id: &str) -> Fault {
    Fault::client("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist."))
}

/// Says that what is written next refers to the snapshots of these devices; a fault if one does not exist.
pub(super) fn refer_to<'a>(
    call: &Call<'_>,
    devices: impl IntoIterator<Item = &'a ImageDevice>,
) -> Result<(), Refusal> {
    for id in devices.into_iter().filter_map(|it| it.ebs.snapshot_id.as_deref()) {
        find(call, id)?;
        call.refer_to(id);
    }
    Ok(())
}

pub(crate) fn derived(call: &Call<'_>) -> Result<Vec<DerivedSnapshot>, Refusal> {
    let derived = |image: KnownImage| {
        let KnownImage { id, record, origin } = image;
        if record.devices.iter().any(|it| it.device == record.root_device) {
            return None;
        }
        let root = devices::all(id.as_str(), &record).into_iter().next()?;
        Some(DerivedSnapshot {
            id: root.ebs.snapshot_id?,
            owner: record.owner.to_string(),
            is_amazons: matches!(origin, Origin::Amazon),
            created_at: record.created_at,
            size: root.ebs.size.unwrap_or(devices::SIZE),
        })
    };
    Ok(known::all(call)?.into_iter().filter_map(derived).collect())
}
