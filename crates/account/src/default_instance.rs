//! The instance that is there without any set-up, as the operator describes it.

use crate::records::{self, DefaultInstance, Lifecycle};
use crate::{Store, StoreError, Transaction, keys};
use imds_core::{Instance, Launch};
use sha2::{Digest as _, Sha256};

use crate::instance;
use crate::launch::{self, LaunchRefused};
use crate::network::Network;
use crate::overrides::Overrides;

/// Why there is no default instance.
#[derive(Debug, thiserror::Error)]
pub enum DefaultInstanceError {
    /// It cannot be launched.
    #[error(transparent)]
    LaunchRefused(#[from] LaunchRefused),
    /// Its record cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes sure that the default instance is there, and gives it as it is now.
///
/// As long as `said` is what was said at its launch, it stays as calls have left it. Once something
/// else is said, or it was terminated, it is launched anew.
pub fn ensure(
    store: &Store,
    said: Launch,
    network: &Network,
) -> Result<Instance, DefaultInstanceError> {
    let described = said.clone().settle().map_err(LaunchRefused::from)?;
    let association = || format!("iip-assoc-{}", &described.id.as_str()["i-".len()..]);
    let region = described.zone.region();
    let digest = digest(&launch::record(&described, network, association), &described);

    let place = keys::default_instance();
    let before = store.read(&place)?;
    let mut forgotten = Transaction::new();
    if let Some(before) = &before {
        let DefaultInstance { region, instance, said } = &before.record;
        let key = keys::instance(region, instance.as_str());
        let kept = store.read(&key)?;
        let lives = kept.as_ref().filter(|kept| kept.record.lifecycle != Lifecycle::Terminated);
        if let Some(kept) = lives.filter(|_| *said == digest) {
            let tags = store.read(&keys::tags(region, instance.as_str()))?;
            let tags = tags.map(|kept| kept.record).unwrap_or_default();
            let overrides = Overrides::default();
            return Ok(instance::instance(instance, &kept.record, &tags, &overrides)
                .map_err(LaunchRefused::from)?);
        }
        if let Some(kept) = kept {
            forgotten = launch::forget(forgotten, region, instance, &kept.record);
        }
    }
    let defaults = store.read(&keys::metadata_defaults(region))?;
    let defaults = defaults.map(|kept| kept.record).unwrap_or_default();
    let instance = launch::settle(said, defaults)?;
    let record = launch::record(&instance, network, association);
    let default =
        DefaultInstance { region: region.clone(), instance: instance.id.clone(), said: digest };
    // What is refused is refused before the one of before is forgotten.
    let before = before.map(|kept| kept.record.instance);
    for address in record.addresses() {
        let key = keys::address(address);
        let holder = store.read(&key)?.map(|kept| kept.record.instance);
        if holder.is_some() && holder != before {
            return Err(StoreError::Conflict { key: key.as_str().to_owned() }.into());
        }
    }
    // Its addresses may be the new one's.
    store.commit(forgotten)?;
    let launched = launch::keep(Transaction::new(), &instance, &record);
    store.commit(launched.write(&place, &default))?;
    Ok(instance)
}

/// What tells one description from another.
fn digest(record: &records::Instance, instance: &Instance) -> String {
    let mut hash = Sha256::new();
    hash.update(instance.id.as_str());
    hash.update(records::encode(record));
    for tag in instance.tags.iter() {
        hash.update(format!("{:?}", (&tag.key, &tag.value)));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
