//! What a change means for who is served; pure.

use std::collections::BTreeSet;

use imds_account::keys::Prefix;
use imds_account::records::{Notice, decode};
use imds_account::{Source, keys};
use imds_core::InstanceId;
use imds_core::placement::Region;
use imds_kv::{Change, Changes};

/// What is to be looked at again.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Plan {
    /// Instances of which something was changed.
    pub(super) instances: BTreeSet<(Region, InstanceId)>,
    /// Launches that have come on, by Region and reservation.
    pub(super) launches: BTreeSet<String>,
    /// Instances that this host serves no longer.
    pub(super) gone: BTreeSet<InstanceId>,
    /// Addresses that were assigned or released.
    pub(super) addresses: BTreeSet<Source>,
    /// Whether another instance may be the default.
    pub(super) default: bool,
}

impl Plan {
    /// What `changes` ask for where this is the key of the default instance.
    pub(super) fn of(changes: &Changes, default: &str) -> Self {
        let keys: Vec<_> = changes.changed.iter().map(imds_kv::Change::key).collect();
        let instances = keys.iter().filter_map(|key| keys::instance_of(key)).collect();
        let addresses = keys.iter().filter_map(|key| {
            let address =
                keys::addresses().rest(key).or_else(|| keys::former_addresses().rest(key))?;
            address.parse().ok()
        });
        let addresses = addresses.collect();
        let default = keys.contains(&default);
        let every = keys::every_launch_in_parts();
        let launches = keys.iter().filter_map(|key| every.rest(key)).map(str::to_owned).collect();
        Self { instances, launches, addresses, default, ..Self::default() }
    }

    /// What `changes` of notices ask for.
    pub(super) fn of_notices(changes: &Changes, notices: &Prefix<Notice>) -> Self {
        let mut plan = Self::default();
        for change in &changes.changed {
            let Some(id) = notices.rest(change.key()).and_then(|rest| rest.parse().ok()) else {
                continue;
            };
            match change {
                Change::Put(entry) => match decode::<Notice>(&entry.value) {
                    // One without a Region was not launched yet.
                    Ok(notice) => plan.instances.extend(notice.region.map(|it| (it, id))),
                    Err(error) => tracing::error!(%id, %error, "a notice cannot be read"),
                },
                Change::Deleted { .. } => plan.gone.extend([id]),
                Change::Unreadable(error) => tracing::error!(%error, "a notice cannot be read"),
            }
        }
        plan
    }

    /// Whether something of an instance changed.
    pub(super) fn is_change(&self) -> bool {
        !(self.instances.is_empty()
            && self.addresses.is_empty()
            && self.launches.is_empty()
            && self.gone.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use imds_account::records::encode;
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
            "launches/us-east-1/r-11111111",
            "former-addresses/2001:db8:0:0:1::/80",
        ];
        let all = keys.iter().fold(Transaction::new(), |all, key| all.put(*key, ""));
        let revision = store.commit(all).unwrap();
        let plan = |after| {
            let all = [
                "addresses/",
                "default-instance",
                "former-addresses/",
                "instances/",
                "launches/",
                "tags/",
            ];
            let changes = store.watch(&all, after).unwrap().next().unwrap().unwrap();
            Plan::of(&changes, "default-instance")
        };
        let place = |region: &str, id: &str| (region.parse().unwrap(), id.parse().unwrap());
        let instances = [place("us-east-1", "i-11111111"), place("eu-west-1", "i-22222222")];
        let addresses =
            ["172.31.0.4", "2001:db8:0:0:1::/80"].map(|address| address.parse().unwrap());
        assert_eq!(
            plan(Revision::ZERO),
            Plan {
                instances: instances.into(),
                launches: ["us-east-1/r-11111111".to_owned()].into(),
                addresses: addresses.into(),
                ..Plan::default()
            }
        );

        let gone = Transaction::new().delete("instances/us-east-1/i-11111111");
        store.commit(gone.put("default-instance", "")).unwrap();
        let instances = [place("us-east-1", "i-11111111")];
        let expected = Plan { instances: instances.into(), default: true, ..Plan::default() };
        assert_eq!(plan(revision), expected);
    }

    #[test]
    fn notices_name_what_is_to_be_read_and_their_end_what_is_gone() {
        let store = Memory::new();
        let notices = keys::notices(&"a".parse().unwrap());
        let notice = |region| encode(&Notice { region });
        let all = Transaction::new()
            .put("notices/a/i-11111111", notice("us-east-1".parse().ok()))
            .put("notices/a/i-22222222", notice(None))
            .put("notices/a/i-33333333", "no notice")
            .put("notices/a/claim", notice(None))
            .put("notices/b/i-44444444", notice("us-east-1".parse().ok()));
        let revision = store.commit(all).unwrap();
        let plan = |after| {
            let changes = store.watch(&[notices.as_str()], after).unwrap().next().unwrap().unwrap();
            Plan::of_notices(&changes, &notices)
        };
        let place = ("us-east-1".parse().unwrap(), "i-11111111".parse().unwrap());
        let first = plan(Revision::ZERO);
        assert_eq!(first, Plan { instances: [place].into(), ..Plan::default() });
        store.commit(Transaction::new().delete("notices/a/i-11111111")).unwrap();
        let gone = ["i-11111111".parse().unwrap()];
        assert_eq!(plan(revision), Plan { gone: gone.into(), ..Plan::default() });
        assert!(plan(revision).is_change() && !Plan::default().is_change());
    }
}
