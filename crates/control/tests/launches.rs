//! Launches of more instances than one commit can write: all of them are there, or none is, wherever it breaks off
//! and whoever looks meanwhile.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "shared/alone.rs"]
mod alone;
#[path = "launches/broken.rs"]
mod broken;
#[path = "shared/calls.rs"]
mod calls;
#[path = "launches/fateful.rs"]
mod fateful;
#[path = "shared/over.rs"]
mod over;
#[path = "launches/readers.rs"]
mod readers;

use std::sync::{Arc, Mutex};

use alone::control;
use calls::{NOW, answer};
use fateful::Fateful;
use imds_account::imds_kv::{Kv, Limits, Memory, Transaction};
use imds_account::records::{HostClaim, encode};
use imds_account::{Store, keys};
use over::Over;

/// A dozen parts for what is launched here.
const LIMITS: Limits = Limits { operations: 14, bytes: 1 << 20 };

const COUNT: usize = 12;

const LAUNCH: &str = "Action=RunInstances&ImageId=ami-025c74f0395f660ea&MinCount=2&MaxCount=12\
    &ClientToken=again&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=Name\
    &TagSpecification.1.Tag.1.Value=web&TagSpecification.2.ResourceType=volume\
    &TagSpecification.2.Tag.1.Key=Name&TagSpecification.2.Tag.1.Value=web";

/// What is kept of instances.
const KINDS: [&str; 4] = ["instances/", "addresses/", "tags/", "belongings/"];

fn ask(kv: &Arc<dyn Kv>, parameters: &str) -> String {
    answer(&control(Store::new(kv.clone())), parameters)
}

/// The texts of all elements of this name, in their order.
fn texts(document: &str, element: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(document).unwrap();
    let all = document.descendants().filter(|node| node.tag_name().name() == element);
    let mut texts: Vec<_> = all.filter_map(|node| node.text()).map(str::to_owned).collect();
    texts.sort_unstable();
    texts
}

/// The ids of all instances that there are.
fn instances(kv: &Arc<dyn Kv>) -> Vec<String> {
    texts(&ask(kv, "Action=DescribeInstances"), "instanceId")
}

/// How many keys there are of a kind.
fn count(kv: &Arc<dyn Kv>, prefix: &str) -> usize {
    kv.keys(prefix).unwrap().len()
}

fn small() -> Arc<dyn Kv> {
    Arc::new(Memory::with_limits(LIMITS))
}

#[test]
fn it_is_there_as_a_whole_and_once() {
    let kv = small();
    let document = ask(&kv, LAUNCH);
    let made = texts(&document, "instanceId");
    assert_eq!((made.len(), &instances(&kv)), (COUNT, &made), "{document}");
    assert_eq!(texts(&document, "reservationId").len(), 1);
    assert_eq!(texts(&ask(&kv, LAUNCH), "instanceId"), made, "the same request again");
    assert_eq!(KINDS.map(|kind| count(&kv, kind)), [COUNT, COUNT, 2 * COUNT, 2 * COUNT]);
    // A call that names them finds them, and changes them.
    let ids = made.iter().zip(1..).map(|(id, nth)| format!("&InstanceId.{nth}={id}"));
    let tag = format!("Action=CreateTags&ResourceId.1={}&Tag.1.Key=a&Tag.1.Value=b", made[0]);
    assert_eq!(texts(&ask(&kv, &tag), "return"), ["true"]);
    let named = format!("Action=DescribeInstances{}", ids.collect::<String>());
    assert_eq!(texts(&ask(&kv, &named), "instanceId"), made);
}

/// Guards against launches that one commit can write costing more than they must.
#[test]
fn what_one_commit_can_write_is_written_by_one() {
    let kv: Arc<dyn Kv> = Arc::new(Memory::new());
    let counted = Arc::new(Over(Fateful::sound(&kv)));
    answer(&control(Store::new(counted.clone())), LAUNCH);
    assert_eq!((counted.0.committed().len(), count(&kv, "launches/")), (1, 0));
    let written = kv.list("instances/").unwrap().entries;
    let is_marked = |value: &[u8]| String::from_utf8_lossy(value).contains("in_parts");
    assert!(written.len() == COUNT && !written.iter().any(|entry| is_marked(&entry.value)));
}

/// A host of an earlier release would show a part.
#[test]
fn nothing_is_written_in_parts_beside_an_earlier_release() {
    let kv = small();
    let claim = |tells| encode(&HostClaim { release: "0.0.1".to_owned(), since: 7, tells });
    let key = keys::host_claim(&"other".parse().unwrap());
    kv.commit(Transaction::new().put(key.as_str(), claim(false))).unwrap();
    assert_eq!(texts(&ask(&kv, LAUNCH), "Code"), ["ResourceCountExceeded"]);
    assert_eq!(count(&kv, ""), 1);
    kv.commit(Transaction::new().put(key.as_str(), claim(true))).unwrap();
    assert_eq!(texts(&ask(&kv, LAUNCH), "instanceId").len(), COUNT);
}

/// What is launched, and what something else comes to that happens before the nth commit; `None` where there are
/// not so many.
fn interrupted(
    kv: &Arc<dyn Kv>,
    launch: &str,
    nth: usize,
    other: &str,
) -> Option<(String, String)> {
    let happened = Arc::new(Mutex::new(None));
    let (told, inner, other) = (happened.clone(), kv.clone(), other.to_owned());
    let fateful = Fateful::interrupted(kv, nth, move || {
        *told.lock().unwrap() = Some(ask(&inner, &other));
    });
    let launched = answer(&control(Store::new(Arc::new(Over(fateful)))), launch);
    let happened = happened.lock().unwrap().take();
    assert!(happened.is_some() || nth > COUNT, "{nth} commits");
    Some((launched, happened?))
}

#[test]
fn of_two_requests_with_one_token_one_launches() {
    for nth in 0.. {
        let kv = small();
        let Some((first, second)) = interrupted(&kv, LAUNCH, nth, LAUNCH) else { return };
        let made = texts(&second, "instanceId");
        assert_eq!((made.len(), &texts(&first, "instanceId")), (COUNT, &made), "{first}");
        assert_eq!(instances(&kv), made);
        assert_eq!(count(&kv, "addresses/"), COUNT);
    }
}

/// An address that another launch takes meanwhile is that launch's, and one that this launch has is its own.
#[test]
fn addresses_are_not_shared_with_launches_meanwhile() {
    let other = LAUNCH.replace("again", "other");
    for nth in 0.. {
        let kv = small();
        let Some(answers) = interrupted(&kv, LAUNCH, nth, &other) else { return };
        let mut made = texts(&answers.0, "instanceId");
        made.extend(texts(&answers.1, "instanceId"));
        made.sort_unstable();
        assert_eq!((made.len(), &instances(&kv)), (2 * COUNT, &made), "{answers:?}");
        let shown = texts(&ask(&kv, "Action=DescribeNetworkInterfaces"), "privateDnsName");
        let addresses: std::collections::BTreeSet<_> = shown.iter().collect();
        assert_eq!([addresses.len(), count(&kv, "addresses/")], [2 * COUNT; 2], "{shown:?}");
    }
}

/// What a launch refers to cannot go away while it is written.
#[test]
fn a_group_is_there_as_long_as_a_launch_refers_to_it() {
    for nth in 0.. {
        let kv = small();
        let group = ask(&kv, "Action=CreateSecurityGroup&GroupName=web&GroupDescription=web");
        let group = texts(&group, "groupId").remove(0);
        let (launch, delete) = (
            format!("{LAUNCH}&SecurityGroupId.1={group}"),
            format!("Action=DeleteSecurityGroup&GroupId={group}"),
        );
        let Some((launched, deleted)) = interrupted(&kv, &launch, nth, &delete) else { return };
        let expected = if texts(&deleted, "Code").is_empty() { 0 } else { COUNT };
        assert_eq!(instances(&kv).len(), expected, "at commit {nth}: {deleted} {launched}");
        assert_eq!(texts(&launched, "instanceId").len(), expected, "{launched}");
    }
}
