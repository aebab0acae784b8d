//! What a cluster reported last, by which it is known again.
//!
//! One that was restored from a backup may have come to the same revision by other writes. Values are sealed, each with
//! another nonce: the same events at the same revision are the same history.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::keys::revision;
use super::wire::Event;
use crate::revision::Revision;

/// The events of one revision.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Mark {
    pub(super) revision: Revision,
    hash: u64,
}

impl Mark {
    /// Of the last revision among `events`; `None` without any.
    pub(super) fn of_last(events: &[Event]) -> Option<Self> {
        let last = events.iter().filter_map(at).max()?;
        Some(Self::of(events, last))
    }

    /// Whether `events` begin with these.
    pub(super) fn begins(self, events: &[Event]) -> bool {
        events.iter().filter_map(at).min() == Some(self.revision)
            && Self::of(events, self.revision) == self
    }

    fn of(events: &[Event], revision: Revision) -> Self {
        let mut hash = DefaultHasher::new();
        for event in events.iter().filter(|event| at(event) == Some(revision)) {
            let pair = event.kv.as_ref().map(|pair| (&pair.key, &pair.value));
            (event.kind, pair).hash(&mut hash);
        }
        Self { revision, hash: hash.finish() }
    }
}

fn at(event: &Event) -> Option<Revision> {
    event.kv.as_ref().map(|pair| revision(pair.mod_revision))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::etcd::wire::KeyValue;

    fn event(kind: i32, mod_revision: i64, key: &str, value: &str) -> Event {
        let (key, value) = (key.into(), value.into());
        Event { kind, kv: Some(KeyValue { key, mod_revision, value }) }
    }

    #[test]
    fn a_history_is_known_by_its_last_events() {
        let reported =
            [event(0, 6, "a", "1"), event(0, 7, "a", "2"), event(Event::DELETE, 7, "b", "")];
        let mark = Mark::of_last(&reported).unwrap();
        let again = |more: &[Event]| mark.begins(&[&reported[1..], more].concat());
        assert!(again(&[]) && again(&[event(0, 9, "a", "3")]));
        let others = [
            vec![],
            vec![event(0, 8, "a", "2")],
            vec![event(0, 7, "a", "2")],
            vec![event(0, 7, "a", "other"), reported[2].clone()],
            vec![event(0, 7, "a", "2"), event(0, 7, "b", "")],
            reported.to_vec(),
        ];
        for (nth, events) in others.iter().enumerate() {
            assert!(!mark.begins(events), "{nth}");
        }
        assert_eq!(Mark::of_last(&[]), None);
    }
}
