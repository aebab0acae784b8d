//! The past, played through in minutes.

use std::sync::Arc;

use super::*;

/// Counts of instances by their ids.
type Counts = Vec<(String, [u64; 2])>;

/// What is counted of each instance, and when that is read.
struct Played {
    counts: Arc<Mutex<Counts>>,
    history: History,
}

const START: u32 = 29_000_000;

impl Played {
    fn new() -> Self {
        let counts = Arc::new(Mutex::new(Counts::new()));
        let read = Arc::clone(&counts);
        let history = History::new(move || {
            let counts = read.lock().unwrap();
            let instances = counts.iter().map(|(id, counts)| InstanceReading {
                id: id.parse().unwrap(),
                region: region(),
                counts: *counts,
            });
            let v1 = counts.iter().map(|(_, counts)| counts.iter().sum::<u64>()).sum();
            Reading { instances: instances.collect(), traffic: Traffic { v1, ..<_>::default() } }
        });
        Self { counts, history }
    }

    /// Has instances count, and takes a sample at the end of a minute.
    fn minute(&self, minute: u32, counts: &[(&str, [u64; 2])]) {
        self.history.sample(u64::from(START + minute) * 60);
        *self.counts.lock().unwrap() =
            counts.iter().map(|(id, counts)| ((*id).to_owned(), *counts)).collect();
        self.history.sample(u64::from(START + minute) * 60 + 59);
    }

    /// Minute, length and value of the samples of an instance, or of all.
    fn samples(&self, id: Option<&str>, metric: Metric) -> Vec<(u32, u32, Extent)> {
        let id = id.map(|id| id.parse().unwrap());
        let samples = self.history.samples(&region(), id.as_ref(), metric, &(0..u32::MAX));
        samples.iter().map(|it| (it.minute - START / 60 * 60, it.minutes, it.extent)).collect()
    }
}

fn region() -> Region {
    "us-east-1".parse().unwrap()
}

fn extent(count: u64, sum: u64, min: u64, max: u64) -> Extent {
    Extent { count, sum, min, max }
}

const OFFSET: u32 = START % 60;
const ONE: &str = "i-11111111";
const TWO: &str = "i-22222222";

#[test]
fn each_minute_has_what_was_counted_in_it() {
    let played = Played::new();
    played.minute(0, &[(ONE, [3, 0])]);
    played.minute(1, &[(ONE, [3, 2]), (TWO, [5, 0])]);
    played.minute(2, &[(ONE, [4, 2])]);
    let zero = Extent::of(0);
    let no_token = |id| played.samples(id, Metric::NoToken);
    let at = |minute, extent| (OFFSET + minute, 1, extent);
    assert_eq!(no_token(Some(ONE)), [at(0, Extent::of(3)), at(1, zero), at(2, Extent::of(1))]);
    assert_eq!(no_token(Some(TWO)), [at(1, Extent::of(5))], "until it was gone");
    let all = [at(0, Extent::of(3)), at(1, extent(2, 5, 0, 5)), at(2, Extent::of(1))];
    assert_eq!(no_token(None), all);
    let rejected = played.samples(Some(ONE), Metric::NoTokenRejected);
    assert_eq!(rejected, [at(0, zero), at(1, Extent::of(2)), at(2, zero)]);
    let elsewhere = "eu-west-1".parse().unwrap();
    assert!(played.history.samples(&elsewhere, None, Metric::NoToken, &(0..u32::MAX)).is_empty());
    let traffic = played.history.traffic(&(START + 1..START + 2));
    assert_eq!(traffic, [(START + 1, 1, Traffic { v1: 7, ..<_>::default() })]);
}

/// An instance that is served again counts from 0, and its pause has no values.
#[test]
fn an_instance_may_pause() {
    let played = Played::new();
    played.minute(0, &[(ONE, [9, 0])]);
    played.minute(1, &[(TWO, [0, 0])]);
    played.minute(3, &[(ONE, [2, 0])]);
    let found = played.samples(Some(ONE), Metric::NoToken);
    assert_eq!(found, [(OFFSET, 1, Extent::of(9)), (OFFSET + 3, 1, Extent::of(2))]);
}

#[test]
fn the_farther_past_is_kept_by_the_hour() {
    let played = Played::new();
    let first = 60 - OFFSET;
    for minute in 0..60 {
        // One of two minutes has a request; the second instance comes in the middle.
        let count = u64::from(minute / 2 + 1);
        let both = [(ONE, [count, 0]), (TWO, [0, u64::from(minute)])];
        played.minute(first + minute, if minute < 30 { &both[..1] } else { &both });
    }
    let before = played.samples(Some(ONE), Metric::NoToken);
    assert_eq!(before.len(), 60);
    played.minute(first + 60 + MINUTES, &[(ONE, [30, 0])]);
    let hour = (60, 60, extent(60, 30, 0, 1));
    assert_eq!(played.samples(Some(ONE), Metric::NoToken)[0], hour);
    let second = played.samples(Some(TWO), Metric::NoTokenRejected)[0];
    assert_eq!((second.0, second.1, second.2.count, second.2.sum), (60, 60, 30, 59));
    let all = played.samples(None, Metric::NoToken)[0];
    assert_eq!(all, (60, 60, extent(90, 30, 0, 1)));
    // After 15 days nothing is left of it.
    played.minute(first + 300 + KEPT, &[(TWO, [0, 1])]);
    assert!(played.samples(Some(ONE), Metric::NoToken).is_empty());
    assert_eq!(played.history.instances(&region()).len(), 1);
    assert!(played.history.state().slots.len() < 3);
}

#[test]
fn a_clock_that_is_set_back_changes_nothing_of_the_past() {
    let played = Played::new();
    played.minute(9, &[(ONE, [1, 0])]);
    played.minute(2, &[(ONE, [3, 0])]);
    let found = played.samples(Some(ONE), Metric::NoToken);
    assert_eq!(found, [(OFFSET + 9, 1, Extent::of(3))]);
}

/// More instances than there is room for all use `IMDSv1` all the time.
#[test]
fn memory_is_bounded() {
    const MOST: usize = 1000;
    let ids: Vec<String> = (0..100).map(|number| format!("i-{number:08x}")).collect();
    let played = Played::new();
    played.history.state().most_points = MOST;
    for minute in 0..12 {
        let count = u64::from(minute + 1);
        let counts: Vec<_> = ids.iter().map(|id| (id.as_str(), [count, 0])).collect();
        played.minute(minute, &counts);
    }
    let state = played.history.state();
    let points: usize = state.slots.iter().map(Slot::points).sum();
    assert!(points <= MOST, "{points}");
    assert_eq!((state.slots.len(), state.book.len()), (12, 100));
    drop(state);
    // What is forgotten is not 0: it is not there. What all did together stays.
    let of_one = played.samples(Some(&ids[7]), Metric::NoToken);
    assert_eq!(of_one.first().map(|it| (it.0, it.2)), Some((OFFSET + 2, Extent::of(1))));
    let all = played.samples(None, Metric::NoToken);
    assert_eq!((all.len(), all[0].2.sum), (12, 100));
}
