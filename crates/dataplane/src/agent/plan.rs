//! What a change means for who is served; pure.

use std::collections::BTreeSet;

use imds_account::{Source, keys};
use imds_core::InstanceId;
use imds_core::placement::Region;
use imds_kv::Changes;

/// What is to be looked at again.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Plan {
    /// Instances of which something was changed.
    pub(super) instances: BTreeSet<(Region, InstanceId)>,
    /// Addresses that were assigned or released.
    pub(super) addresses: BTreeSet<Source>,
    /// Whether another instance may be the default.
    pub(super) default: bool,
}

impl Plan {
    /// What `changes` ask for where this is the key of the default instance.
    pub(super) fn of(changes: &Changes, default: &str) -> Self {
        let keys: Vec<_> = changes.changed.iter().map(imds_kv::Change::key).collect();
        let instances = keys.iter().filter_map(|key| {
            let place =
                keys::every_instance().rest(key).or_else(|| keys::every_tags().rest(key))?;
            instance(place)
        });
        let addresses = keys.iter().filter_map(|key| {
            let address =
                keys::addresses().rest(key).or_else(|| keys::former_addresses().rest(key))?;
            address.parse().ok()
        });
        let addresses = addresses.collect();
        let default = keys.contains(&default);
        Self { instances: instances.collect(), addresses, default }
    }
}

/// Reads `⟨Region⟩/⟨instance id⟩`; other things have tags as well.
pub(super) fn instance(place: &str) -> Option<(Region, InstanceId)> {
    let (region, id) = place.split_once('/')?;
    Some((region.parse().ok()?, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use imds_kv::{Kv, Memory, Revision, Transaction};

    use super::*;

    #[test]
    fn records_tags_and_addresses_of_instances_count_and_nothing_else() {
        let store = Memory::new();
        let keys = [
            "instances/us-east-1/i-11111111",
            "tags/us-east-1/i-11111111",
            "tags/eu-west-1/i-22222222",
            "tags/us-east-1/vpc-33333333",
            "addresses/172.31.0.4",
            "former-addresses/2001:db8:0:0:1::/80",
        ];
        let all = keys.iter().fold(Transaction::new(), |all, key| all.put(*key, ""));
        let revision = store.commit(all).unwrap();
        let plan = |after| {
            let all =
                ["addresses/", "default-instance", "former-addresses/", "instances/", "tags/"];
            let changes = store.watch(&all, after).unwrap().next().unwrap().unwrap();
            Plan::of(&changes, "default-instance")
        };
        let place = |region: &str, id: &str| (region.parse().unwrap(), id.parse().unwrap());
        let instances = [place("us-east-1", "i-11111111"), place("eu-west-1", "i-22222222")];
        let addresses =
            ["172.31.0.4", "2001:db8:0:0:1::/80"].map(|address| address.parse().unwrap());
        assert_eq!(
            plan(Revision::ZERO),
            Plan { instances: instances.into(), addresses: addresses.into(), default: false }
        );

        let gone = Transaction::new().delete("instances/us-east-1/i-11111111");
        store.commit(gone.put("default-instance", "")).unwrap();
        let instances = [place("us-east-1", "i-11111111")];
        let addresses = BTreeSet::new();
        assert_eq!(plan(revision), Plan { instances: instances.into(), addresses, default: true });
    }
}
