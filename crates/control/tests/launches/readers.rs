//! Whoever reads while a launch is written in parts.

use std::sync::{Arc, Mutex};

use imds_account::Store;
use imds_account::imds_kv::{Kv, KvError, Listing, Snapshot, Transaction};

use crate::alone::control;
use crate::fateful::Fateful;
use crate::over::{Happenings, Over};
use crate::{COUNT, LAUNCH, answer, small, texts};

/// An engine that others write to before the nth read.
struct Overtaken {
    kv: Arc<dyn Kv>,
    reads: Mutex<usize>,
    at: usize,
    rest: Mutex<Vec<Transaction>>,
}

impl Overtaken {
    fn read(&self) {
        let mut reads = self.reads.lock().unwrap();
        if *reads == self.at {
            let rest = std::mem::take(&mut *self.rest.lock().unwrap());
            for commit in rest {
                self.kv.commit(commit).unwrap();
            }
        }
        *reads += 1;
    }
}

impl Happenings for Overtaken {
    fn kv(&self) -> &dyn Kv {
        &*self.kv
    }

    fn get_many(&self, keys: &[&str]) -> Result<Snapshot, KvError> {
        self.read();
        self.kv.get_many(keys)
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        self.read();
        self.kv.page(prefix, after, limit)
    }
}

fn commit_all(kv: &Arc<dyn Kv>, commits: &[Transaction]) {
    for commit in commits {
        kv.commit(commit.clone()).unwrap();
    }
}

/// Calls that list what there is, and an element that is there once for each instance.
const LISTS: [(&str, &str); 5] = [
    ("DescribeInstances", "instanceId"),
    ("DescribeInstanceStatus&IncludeAllInstances=true", "instanceId"),
    ("DescribeTags&Filter.1.Name=resource-type&Filter.1.Value.1=volume", "resourceId"),
    ("DescribeTags&Filter.1.Name=resource-type&Filter.1.Value.1=instance", "resourceId"),
    ("DescribeVolumes", "size"),
];

/// After each commit of the launch, and with the rest of them before each read of a call.
#[test]
fn nobody_sees_a_part() {
    let kv = small();
    let launch = Arc::new(Over(Fateful::sound(&kv)));
    let made = texts(&answer(&control(Store::new(launch.clone())), LAUNCH), "instanceId");
    let committed = launch.0.committed();
    assert!(made.len() == COUNT && committed.len() > COUNT);
    for (list, element) in LISTS {
        for done in 0..=committed.len() {
            for at in 0.. {
                let kv = small();
                let (done, rest) = committed.split_at(done);
                commit_all(&kv, done);
                let (reads, rest) = (Mutex::default(), Mutex::new(rest.to_vec()));
                let kv = Arc::new(Over(Overtaken { kv, reads, at, rest }));
                let document = answer(&control(Store::new(kv.clone())), &format!("Action={list}"));
                let seen = texts(&document, element).len();
                let is_whole = done.len() == committed.len();
                let is_right = seen == COUNT || seen == 0 && !is_whole;
                assert!(is_right, "{list} after {} commits sees {seen}: {document}", done.len());
                if *kv.0.reads.lock().unwrap() <= at {
                    break;
                }
            }
        }
    }
}

/// Calls that name something of a launch that has not come to its end.
#[test]
fn nobody_finds_or_changes_a_part() {
    let kv = small();
    let launch = Arc::new(Over(Fateful::sound(&kv)));
    answer(&control(Store::new(launch.clone())), LAUNCH);
    let committed = launch.0.committed();
    let kv = small();
    commit_all(&kv, &committed[..COUNT / 2]);
    let names = kv.keys("").unwrap();
    let id = |prefix: &str| {
        let name = names.iter().find(|name| name.starts_with(prefix)).unwrap();
        name.rsplit('/').next().unwrap().to_owned()
    };
    let (instance, volume) = (id("instances/"), id("belongings/us-east-1/vol-"));
    for (call, code) in [
        (format!("DescribeInstances&InstanceId.1={instance}"), "InvalidInstanceID.NotFound"),
        (format!("TerminateInstances&InstanceId.1={instance}"), "InvalidInstanceID.NotFound"),
        (format!("DescribeVolumes&VolumeId.1={volume}"), "InvalidVolume.NotFound"),
        (
            format!("CreateTags&ResourceId.1={instance}&Tag.1.Key=a&Tag.1.Value=b"),
            "InvalidInstanceID.NotFound",
        ),
    ] {
        let document = answer(&control(Store::new(kv.clone())), &format!("Action={call}"));
        assert_eq!(texts(&document, "Code"), [code], "{call}");
    }
    assert_eq!(kv.keys("").unwrap(), names, "nothing was written");
}
