use std::sync::Arc;

use imds_core::Launch;
use imds_kv::{Kv, Memory};

use super::*;
use crate::launch;
use crate::network::Network;
use crate::records::{Lifecycle, Tags};

fn hosts_of(kv: &Arc<Memory>) -> [Store; 2] {
    ["a", "b"].map(|name| Store::of_host(kv.clone(), name.parse().unwrap()))
}

fn id(text: &str) -> InstanceId {
    text.parse().unwrap()
}

fn ids(texts: &[&str]) -> BTreeSet<InstanceId> {
    texts.iter().map(|text| id(text)).collect()
}

fn region(text: &str) -> Region {
    text.parse().unwrap()
}

/// Launches an instance in a Region.
fn launch_in(store: &Store, id: &str, region: &str) {
    let launch =
        Launch { instance_id: id.parse().ok(), region: region.parse().ok(), ..Launch::default() };
    let network = Network::of(&launch);
    let instance = launch.resolve().unwrap();
    let record = launch::record(&instance, &network, String::new);
    store.commit(launch::keep(Transaction::new(), &instance, &record)).unwrap();
}

/// What a host was told after `revision`: names of notices, each with the Region that it names.
fn told(store: &Store, revision: Revision) -> Vec<(String, Option<String>)> {
    let notices = keys::notices(store.host().unwrap());
    let told = store.scan(&notices).unwrap().records.into_iter();
    let told = told.filter(|(_, notice)| notice.revision > revision);
    told.map(|(name, it)| (name, it.record.region.map(|it| it.as_str().to_owned()))).collect()
}

fn newest(store: &Store) -> Revision {
    store.kv().list("").unwrap().revision
}

const ONE: &str = "i-11111111";
const OTHER: &str = "i-22222222";

#[test]
fn a_host_is_told_of_its_instances_and_of_no_other() {
    let [a, b] = hosts_of(&Arc::new(Memory::new()));
    launch_in(&a, ONE, "us-east-1");
    launch_in(&b, OTHER, "us-west-9");
    let at = |name: &str, region: &str| vec![(name.to_owned(), Some(region.to_owned()))];
    place(&a, &ids(&[ONE])).unwrap();
    place(&b, &ids(&[OTHER])).unwrap();
    assert_eq!(told(&a, Revision::ZERO), at(ONE, "us-east-1"));
    assert_eq!(told(&b, Revision::ZERO), at(OTHER, "us-west-9"), "a Region that is not listed");

    let before = newest(&a);
    let tags = Tags::from([("Name".to_owned(), "web".to_owned())]);
    b.commit(Transaction::new().write(&keys::tags(&region("us-east-1"), ONE), &tags)).unwrap();
    assert_eq!(told(&a, before), at(ONE, "us-east-1"), "another host's API changes it");
    assert_eq!(told(&b, before), []);

    // It moves: both are told until the old one has let it go.
    place(&b, &ids(&[ONE])).unwrap();
    let before = newest(&a);
    let key = keys::instance(&region("us-east-1"), ONE);
    a.commit(Transaction::new().remove(&key)).unwrap();
    assert_eq!([told(&a, before), told(&b, before)], [at(ONE, "us-east-1"), at(ONE, "us-east-1")]);
    withdraw(&a, &ids(&[ONE])).unwrap();
    assert_eq!(told(&a, Revision::ZERO), []);
    assert_eq!(hosts(&a, &id(ONE)).unwrap().len(), 1);
    withdraw(&b, &ids(&[ONE, OTHER])).unwrap();
    assert_eq!(a.kv().list("served-by/").unwrap().entries, []);
    assert_eq!(a.kv().list("notices/").unwrap().entries, []);
}

/// Who serves an instance may have been read before, and may have changed since.
#[test]
fn what_was_read_of_who_serves_need_not_be_true_any_more() {
    let [a, b] = hosts_of(&Arc::new(Memory::new()));
    launch_in(&a, ONE, "us-east-1");
    let key = keys::tags(&region("us-east-1"), ONE);
    let served_by = || a.read(&keys::served_by(&id(ONE))).unwrap();
    let change = |read, name: &str| {
        let tags = Tags::from([("Name".to_owned(), name.to_owned())]);
        let before = newest(&a);
        a.commit(Transaction::new().serving(&id(ONE), read).write(&key, &tags)).unwrap();
        told(&b, before).len()
    };
    let nobody = served_by();
    assert_eq!(change(nobody.clone(), "one"), 0);
    place(&b, &ids(&[ONE])).unwrap();
    assert_eq!(change(nobody, "two"), 1);
    let by_b = served_by();
    assert_eq!(change(by_b.clone(), "three"), 1);
    withdraw(&b, &ids(&[ONE])).unwrap();
    assert_eq!(change(by_b, "four"), 0);
    assert_eq!(a.kv().list("notices/").unwrap().entries, []);
}

#[test]
fn an_instance_may_be_placed_before_it_is_launched() {
    let [a, b] = hosts_of(&Arc::new(Memory::new()));
    place(&a, &ids(&[ONE])).unwrap();
    assert_eq!(told(&a, Revision::ZERO), [(ONE.to_owned(), None)]);
    launch_in(&b, ONE, "eu-west-1");
    assert_eq!(told(&a, Revision::ZERO), [(ONE.to_owned(), Some("eu-west-1".to_owned()))]);
}

#[test]
fn a_start_places_what_is_linked_then_and_nothing_else() {
    let [a, b] = hosts_of(&Arc::new(Memory::new()));
    let many: Vec<_> = (0..100).map(|number| format!("i-{number:08x}")).collect();
    let many: BTreeSet<_> = many.iter().map(|text| id(text)).collect();
    launch_in(&b, ONE, "us-east-1");
    place(&a, &ids(&[ONE, OTHER])).unwrap();
    place_only(&a, &many.union(&ids(&[OTHER])).cloned().collect()).unwrap();
    assert_eq!(told(&a, Revision::ZERO).len(), 101);
    assert_eq!(hosts(&b, &id(ONE)).unwrap(), BTreeSet::new());
    place_only(&a, &ids(&[ONE])).unwrap();
    assert_eq!(told(&a, Revision::ZERO), [(ONE.to_owned(), Some("us-east-1".to_owned()))]);
    assert_eq!(a.kv().list("served-by/").unwrap().entries.len(), 1);
}

/// An engine that does something else before each of the first commits.
struct Meanwhile {
    kv: Arc<Memory>,
    first: std::sync::Mutex<Vec<Box<dyn FnOnce() + Send>>>,
}

impl Kv for Meanwhile {
    fn get_many(&self, keys: &[&str]) -> Result<imds_kv::Snapshot, imds_kv::KvError> {
        self.kv.get_many(keys)
    }
    fn page(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<imds_kv::Listing, imds_kv::KvError> {
        self.kv.page(prefix, after, limit)
    }
    fn commit(&self, transaction: imds_kv::Transaction) -> Result<Revision, imds_kv::KvError> {
        let first = self.first.lock().unwrap().pop();
        if let Some(first) = first {
            first();
        }
        self.kv.commit(transaction)
    }
    fn watch(
        &self,
        prefixes: &[&str],
        after: Revision,
    ) -> Result<imds_kv::Watch, imds_kv::KvError> {
        self.kv.watch(prefixes, after)
    }
    fn grant(&self, ttl: std::time::Duration) -> Result<imds_kv::Lease, imds_kv::KvError> {
        self.kv.grant(ttl)
    }
    fn keep_alive(&self, lease: imds_kv::Lease) -> Result<(), imds_kv::KvError> {
        self.kv.keep_alive(lease)
    }
    fn revoke(&self, lease: imds_kv::Lease) -> Result<(), imds_kv::KvError> {
        self.kv.revoke(lease)
    }
    fn limits(&self) -> imds_kv::Limits {
        self.kv.limits()
    }
}

/// Whatever is committed between a read and a commit of the other side, no change is missed.
#[test]
fn a_placement_and_a_change_at_the_same_time_miss_nothing() {
    let with = |kv: &Arc<Memory>, first: Vec<Box<dyn FnOnce() + Send>>| {
        let kv = Meanwhile { kv: kv.clone(), first: first.into() };
        Store::of_host(Arc::new(kv), "a".parse().unwrap())
    };
    let here = (ONE.to_owned(), Some("us-east-1".to_owned()));
    // It is placed while it is launched.
    let kv = Arc::new(Memory::new());
    let [_, b] = hosts_of(&kv);
    let placing = b.clone();
    let placed = Box::new(move || assert!(place(&placing, &ids(&[ONE])).is_ok()));
    launch_in(&with(&kv, vec![placed]), ONE, "us-east-1");
    assert_eq!(told(&b, Revision::ZERO), std::slice::from_ref(&here));
    // It is launched before, or after, its placement is written.
    for commits_before in [0, 1] {
        let kv = Arc::new(Memory::new());
        let [a, b] = hosts_of(&kv);
        let mut first: Vec<Box<dyn FnOnce() + Send>> =
            vec![Box::new(move || launch_in(&b, ONE, "us-east-1"))];
        (0..commits_before).for_each(|_| first.push(Box::new(|| {})));
        place(&with(&kv, first), &ids(&[ONE])).unwrap();
        assert_eq!(told(&a, Revision::ZERO), std::slice::from_ref(&here), "{commits_before}");
    }
}

/// One machine pays nothing for it.
#[test]
fn a_state_of_one_host_has_no_placements() {
    let store = Store::in_memory();
    launch_in(&store, ONE, "us-east-1");
    place(&store, &ids(&[ONE])).unwrap();
    let key = keys::instance(&region("us-east-1"), ONE);
    let mut record = store.read(&key).unwrap().unwrap().record;
    record.lifecycle = Lifecycle::Stopped;
    store.commit(Transaction::new().write(&key, &record)).unwrap();
    for prefix in ["served-by/", "notices/"] {
        assert_eq!(store.kv().list(prefix).unwrap().entries, [], "{prefix}");
    }
}
