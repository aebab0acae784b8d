use imds_core::placement::Region;

use super::*;
use crate::keys;
use crate::records::Tags;

fn region() -> Region {
    "us-east-1".parse().unwrap()
}

/// Four records, of which two are not such records: `b` is not JSON, `c` is of a later version.
fn with_unreadable_records() -> Store {
    let store = Store::in_memory();
    let key = |id: &str| keys::tags(&region(), id);
    let raw = [("b", "{"), ("c", r#"{"version":99,"record":{}}"#)];
    let raw = raw
        .iter()
        .fold(imds_kv::Transaction::new(), |all, (id, value)| all.put(key(id).as_str(), *value));
    store.kv().commit(raw).unwrap();
    let tags = Tags::from([("Name".to_owned(), "web".to_owned())]);
    store.commit(Transaction::new().write(&key("a"), &tags).write(&key("d"), &tags)).unwrap();
    store
}

fn names<R>(records: &Records<R>) -> Vec<&str> {
    records.records.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn an_unreadable_record_does_not_hide_others() {
    let store = with_unreadable_records();
    let prefix = keys::all_tags(&region());
    let all = store.scan(&prefix).unwrap();
    assert_eq!(names(&all), ["a", "d"]);
    let unreadable: Vec<_> = all.unreadable.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(unreadable, ["tags/us-east-1/b", "tags/us-east-1/c"]);
    assert_eq!(store.names(&prefix).unwrap(), ["a", "b", "c", "d"]);
    match store.read_all(&prefix) {
        Err(StoreError::Unreadable(record)) => assert_eq!(record.key, "tags/us-east-1/b"),
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn pages_pass_over_unreadable_records() {
    let store = with_unreadable_records();
    let prefix = keys::all_tags(&region());
    let (mut after, mut seen) = (Some(String::new()), Vec::new());
    while let Some(last) = after {
        let page = store.scan_page(&prefix, &last, 1).unwrap();
        seen.push((page.records.len(), page.unreadable.len()));
        after = page.next;
    }
    assert_eq!(seen, [(1, 0), (0, 1), (0, 1), (1, 0)]);
}

#[test]
fn records_of_several_types_are_read_at_one_revision() {
    let store = with_unreadable_records();
    let [a, b, e] = ["a", "b", "e"].map(|id| keys::tags(&region(), id));
    let signer = keys::ssh_signer(&region());
    let keys = [a.as_str(), b.as_str(), e.as_str(), signer.as_str()];
    let snapshot = store.read_many(&keys).unwrap();
    assert_eq!(snapshot.read(&a).unwrap().unwrap().record["Name"], "web");
    assert_eq!(snapshot.read(&b).unwrap_err().key, b.as_str());
    assert!(snapshot.read(&e).unwrap().is_none());
    assert!(snapshot.read(&signer).unwrap().is_none());
    assert_eq!(snapshot.revision(), store.scan(&keys::all_tags(&region())).unwrap().revision);
}

#[test]
fn an_error_does_not_repeat_its_source() {
    let store = with_unreadable_records();
    let error = store.read(&keys::tags(&region(), "c")).unwrap_err();
    let chain: Vec<_> =
        std::iter::successors(Some(&error as &dyn std::error::Error), |it| it.source())
            .map(ToString::to_string)
            .collect();
    let expected = [
        "the record at tags/us-east-1/c cannot be read",
        "has version 99, and this release reads versions up to 1",
    ];
    assert_eq!(chain, expected);
}
