//! The instance that exists without any set-up, as the operator describes it.

use crate::records::{self, DefaultInstance, Description, Lifecycle};
use crate::{Store, StoreError, Transaction, keys};
use imds_core::launch::LaunchImage;
use imds_core::{Instance, Launch};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::description::description;
use crate::instance;
use crate::launch::{self, LaunchRefused};
use crate::network::Network;
use crate::overrides::Overrides;
use crate::windows;

/// Why there is no default instance.
#[derive(Debug, thiserror::Error)]
pub enum DefaultInstanceError {
    /// It cannot be launched.
    #[error(transparent)]
    LaunchRefused(#[from] LaunchRefused),
    /// Its record cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The kernel gives no random bytes for its password.
    #[error("cannot make the password of the default instance")]
    Random(#[from] getrandom::Error),
}

/// Makes sure that the default instance exists, and returns it as it is now.
///
/// While `launch` is what the instance was launched with, the instance stays as calls have left it. Once
/// it differs, or the instance was terminated, the instance is launched anew.
pub fn ensure(
    store: &Store,
    launch: Launch,
    network: &Network,
) -> Result<Instance, DefaultInstanceError> {
    let description = description(&launch);
    let before = store.read(&keys::default_instance(store.host()))?.map(|stored| stored.record);
    let mut forgotten = Transaction::new();
    if let Some(before) = &before {
        let key = keys::instance(&before.region, before.instance.as_str());
        if let Some(stored) = store.read(&key)? {
            let lives = stored.record.lifecycle != Lifecycle::Terminated;
            if lives && is_meant(before, &description, &launch, network)? {
                return unchanged(store, before, &stored.record, description);
            }
            let (region, id) = (&before.region, &before.instance);
            forgotten = launch::forget(forgotten, region, id, &stored.record);
        }
    }
    launch_anew(store, launch, network, before, forgotten, description)
}

/// Whether the operator means the instance that is there.
fn is_meant(
    before: &DefaultInstance,
    description: &Value,
    launch: &Launch,
    network: &Network,
) -> Result<bool, LaunchRefused> {
    match &before.description {
        Description::Launch(before) => Ok(before == description),
        Description::RecordDigest(digest) => {
            let instance = launch.clone().resolve()?;
            let record = launch::record(&instance, network, || association(&instance));
            Ok(*digest == record_digest(&record, &instance))
        }
    }
}

/// The instance as calls have left it.
fn unchanged(
    store: &Store,
    before: &DefaultInstance,
    record: &records::Instance,
    description: Value,
) -> Result<Instance, DefaultInstanceError> {
    let DefaultInstance { region, instance: id, .. } = before;
    let description = Description::Launch(description);
    if before.description != description {
        let default = DefaultInstance { description, ..before.clone() };
        store.commit(Transaction::new().write(&keys::default_instance(store.host()), &default))?;
    }
    let tags = store.read(&keys::tags(region, id.as_str()))?;
    let tags = tags.map(|stored| stored.record).unwrap_or_default();
    let instance = instance::instance(id, record, &tags, &Overrides::default());
    Ok(instance.map_err(LaunchRefused::from)?)
}

fn launch_anew(
    store: &Store,
    mut launch: Launch,
    network: &Network,
    before: Option<DefaultInstance>,
    forgotten: Transaction,
    description: Value,
) -> Result<Instance, DefaultInstanceError> {
    let described = launch.clone().resolve().map_err(LaunchRefused::from)?;
    if let LaunchImage::Id(id) = &launch.image {
        let registered = store.read(&keys::image(described.zone.region(), id.as_str()))?;
        if let Some(registered) = registered {
            launch.image = registered.record.image(described.image).into();
        }
    }
    let defaults = store.read(&keys::metadata_defaults(described.zone.region()))?;
    let defaults = defaults.map(|stored| stored.record).unwrap_or_default();
    let instance = launch::resolve(launch, defaults)?;
    let mut record = launch::record(&instance, network, || association(&instance));
    record.password_data = windows::new_password(&instance)?;
    let default = DefaultInstance {
        region: instance.zone.region().clone(),
        instance: instance.id.clone(),
        description: Description::Launch(description),
    };
    // What is refused is refused before the former instance is forgotten.
    let before = before.map(|before| before.instance);
    for source in record.sources() {
        let key = keys::address(source);
        let holder = store.read(&key)?.map(|stored| stored.record.instance);
        // A network interface on no instance has it, or another instance.
        if holder.is_some_and(|holder| holder.is_none() || holder != before) {
            return Err(StoreError::Conflict { key: key.as_str().to_owned() }.into());
        }
    }
    // Its addresses may be the new one's.
    store.commit(forgotten)?;
    let launched = launch::keep(Transaction::new(), &instance, &record);
    store.commit(launched.write(&keys::default_instance(store.host()), &default))?;
    Ok(instance)
}

/// The id of the association with its instance profile: always the same.
fn association(instance: &Instance) -> String {
    format!("iip-assoc-{}", &instance.id.as_str()["i-".len()..])
}

/// What told one description from another in version 1 of the record.
fn record_digest(record: &records::Instance, instance: &Instance) -> String {
    let mut hash = Sha256::new();
    hash.update(instance.id.as_str());
    hash.update(records::encode(record));
    for tag in instance.tags.iter() {
        hash.update(format!("{:?}", (&tag.key, &tag.value)));
    }
    base16ct::lower::encode_string(&hash.finalize())
}
