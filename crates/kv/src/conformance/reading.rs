//! Rules of `get`, `get_many`, `list` and `page`.

use super::subject::{Subject, delete, keys, put};
use crate::entry::{Entry, Listing};
use crate::revision::Revision;
use crate::transaction::Transaction;

pub(super) fn a_value_can_be_read_once_it_is_committed(open: &dyn Fn() -> Subject) {
    let subject = open();
    assert_eq!(subject.kv.get("a").unwrap(), None);
    assert_eq!(subject.list("").entries, []);
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut newest = subject.list("").revision;
    for value in [&b"text"[..], b"", &every_byte, &[7; 10_000]] {
        let revision = subject.commit(Transaction::new().put("a", value));
        assert!(revision > newest, "{revision} after {newest}");
        newest = revision;
        let entry = Entry { key: "a".into(), value: value.to_vec(), revision };
        assert_eq!(subject.kv.get("a").unwrap(), Some(entry.clone()));
        let listing = subject.list("");
        assert!(listing.revision >= revision);
        assert_eq!(
            listing,
            Listing {
                revision: listing.revision,
                entries: vec![entry],
                unreadable: vec![],
                next: None
            }
        );
    }
}

pub(super) fn several_keys_are_read_at_one_revision(open: &dyn Fn() -> Subject) {
    let subject = open();
    let first = subject.commit(put("a", "1").put("b", "2").put("gone", "3"));
    let last = subject.commit(delete("gone").put("b", "4"));
    let entry = |key: &str, value: &str, revision: Revision| {
        Ok(Some(Entry { key: key.into(), value: value.into(), revision }))
    };
    let snapshot = subject.kv.get_many(&["b", "absent", "a", "gone", "b"]).unwrap();
    assert!(snapshot.revision >= last);
    let b = entry("b", "4", last);
    assert_eq!(snapshot.entries, [b.clone(), Ok(None), entry("a", "1", first), Ok(None), b]);
    assert_eq!(subject.kv.get_many(&[]).unwrap().entries, []);
    // More keys than a transaction may have operations.
    let many: Vec<_> = (0..300).map(|number| format!("n{number}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).chain(["a"]).collect();
    let entries = subject.kv.get_many(&many).unwrap().entries;
    assert_eq!((entries.len(), &entries[300]), (301, &entry("a", "1", first)));
}

pub(super) fn listings_are_in_byte_order(open: &dyn Fn() -> Subject) {
    let subject = open();
    let order = [
        "!",
        "a",
        "a\0",
        "a/",
        "a/b",
        "a0",
        "aa",
        "b",
        "é",
        "\u{ffff}",
        "\u{10ffff}",
        "\u{10ffff}a",
    ];
    subject.commit(order.iter().rev().fold(Transaction::new(), |all, key| all.put(*key, *key)));
    assert_eq!(keys(&subject.list("")), order);
    for prefix in order.into_iter().chain(["c", "a/b/", "A", "\u{e000}"]) {
        let expected: Vec<_> = order.into_iter().filter(|key| key.starts_with(prefix)).collect();
        assert_eq!(keys(&subject.list(prefix)), expected, "{prefix:?}");
        assert_eq!(subject.kv.keys(prefix).unwrap(), expected, "{prefix:?}");
    }
}

pub(super) fn pages_join_to_the_listing(open: &dyn Fn() -> Subject) {
    let subject = open();
    let all: Vec<_> = (0..25).map(|number| format!("i/{number:02}")).collect();
    let around = put("h", "").put("i", "").put("j", "");
    subject.commit(all.iter().fold(around, |all, key| all.put(key, "")));
    subject.commit(delete("i/07"));
    let whole = subject.list("i/");
    assert_eq!((whole.entries.len(), &whole.next), (24, &None));
    for limit in [1, 2, 7, 23, 24, 25, usize::MAX] {
        let mut page = subject.kv.page("i/", None, limit).unwrap();
        let mut joined = page.entries;
        while let Some(after) = page.next {
            assert_eq!(joined.last().map(|entry| &entry.key), Some(&after));
            page = subject.kv.page("i/", Some(&after), limit).unwrap();
            assert!((1..=limit).contains(&page.entries.len()));
            joined.extend(page.entries);
        }
        assert_eq!(joined, whole.entries, "pages of {limit}");
    }
    // The place to continue from may be deleted, outside the prefix, or never have existed.
    for (after, expected) in [
        ("", Some("i/00")),
        ("h", Some("i/00")),
        ("i/", Some("i/00")),
        ("i/07", Some("i/08")),
        ("i/075", Some("i/08")),
        ("i/24", None),
        ("j", None),
    ] {
        let page = subject.kv.page("i/", Some(after), 1).unwrap();
        assert_eq!(keys(&page).first().copied(), expected, "{after}");
    }
    assert_eq!(subject.kv.page("i/", None, 0).unwrap().entries, []);
}
