//! Who is connected: so many at a time, and where there are as many, a newcomer takes the place of whoever has
//! least claim to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, oneshot};

/// The places of a server.
#[derive(Clone)]
pub(super) struct Seats(Arc<Shared>);

struct Shared {
    most: usize,
    taken: Mutex<Taken>,
    /// Told whenever somebody leaves.
    left: Notify,
}

#[derive(Default)]
struct Taken {
    next: u64,
    connections: HashMap<u64, Connection>,
}

/// A connection, as far as its claim to a place goes.
struct Connection {
    claim: Claim,
    /// Since when it has this claim.
    since: Instant,
    /// Ends the connection when it is dropped.
    _stay: oneshot::Sender<()>,
}

/// The higher, the more claim.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Claim {
    /// It has shown nothing yet: it is silent, or still sends its first request.
    None,
    /// A call of it has succeeded, so its caller has a key, and it is idle.
    Known,
    /// A call of it is being carried out.
    Working,
}

/// A connection's place, given back when this is dropped.
pub(super) struct Place {
    seats: Seats,
    number: u64,
}

/// Tells of a connection what its requests do.
#[derive(Clone)]
pub(super) struct Conduct {
    seats: Seats,
    number: u64,
}

impl Seats {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Shared { most, taken: Mutex::default(), left: Notify::new() }))
    }

    /// Gives a newcomer a place, and what is ready once it has to leave it. Where all are taken, whoever has
    /// least claim leaves, and of those who has had it for longest. Waits while calls of all are carried out.
    pub(super) async fn take(&self) -> (Place, oneshot::Receiver<()>) {
        loop {
            let left = self.0.left.notified();
            if let Some(place) = self.try_take() {
                return place;
            }
            left.await;
        }
    }

    /// The same without waiting.
    pub(super) fn try_take(&self) -> Option<(Place, oneshot::Receiver<()>)> {
        let mut taken = self.taken();
        if taken.connections.len() >= self.0.most {
            let claims = taken.connections.iter().filter(|(_, it)| it.claim < Claim::Working);
            let least = claims.min_by_key(|(number, it)| (it.claim, it.since, **number));
            let least = least.map(|(number, _)| *number)?;
            taken.connections.remove(&least);
        }
        let number = taken.next;
        taken.next += 1;
        let (stay, leave) = oneshot::channel();
        let (claim, since) = (Claim::None, Instant::now());
        taken.connections.insert(number, Connection { claim, since, _stay: stay });
        Some((Place { seats: self.clone(), number }, leave))
    }

    /// Waits until nobody is left.
    pub(super) async fn all_left(&self) {
        loop {
            let left = self.0.left.notified();
            if self.taken().connections.is_empty() {
                return;
            }
            left.await;
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) fn conduct(&self) -> Conduct {
        Conduct { seats: self.seats.clone(), number: self.number }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.seats.taken().connections.remove(&self.number);
        self.seats.0.left.notify_waiters();
    }
}

impl Conduct {
    /// A call has arrived whole, and is carried out.
    pub(super) fn works(&self) {
        self.has(Claim::Working);
    }

    /// A call has been answered. One that succeeded had a key.
    pub(super) fn answered(&self, succeeded: bool) {
        self.has(if succeeded { Claim::Known } else { Claim::None });
    }

    fn has(&self, claim: Claim) {
        if let Some(connection) = self.seats.taken().connections.get_mut(&self.number) {
            connection.claim = claim;
            connection.since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Sitting = (Place, oneshot::Receiver<()>);

    /// Who has had to leave.
    fn gone(sitting: &mut [Sitting]) -> Vec<usize> {
        let is_gone = |(_, leave): &mut Sitting| {
            leave.try_recv() == Err(oneshot::error::TryRecvError::Closed)
        };
        (0..).zip(sitting).filter_map(|(number, it)| is_gone(it).then_some(number)).collect()
    }

    #[tokio::test]
    async fn who_has_shown_nothing_leaves_first_and_who_works_never() {
        let seats = Seats::new(5);
        let mut sitting = Vec::new();
        for _ in 0..5 {
            sitting.push(seats.try_take().unwrap());
        }
        sitting[0].0.conduct().works();
        sitting[1].0.conduct().answered(true);
        sitting[2].0.conduct().answered(false);
        let mut newcomers = Vec::new();
        for expected in [&[3][..], &[3, 4], &[2, 3, 4]] {
            let newcomer = seats.try_take().unwrap();
            newcomer.0.conduct().works();
            newcomers.push(newcomer);
            assert_eq!(gone(&mut sitting), expected);
        }
        newcomers.push(seats.try_take().unwrap());
        assert_eq!(gone(&mut sitting), [1, 2, 3, 4], "a known one, where nobody else is idle");
        newcomers[3].0.conduct().works();
        assert!(seats.try_take().is_none(), "calls of all are carried out");
        // Those who had to leave give no place back a second time.
        sitting.drain(1..);
        assert!(seats.try_take().is_none());
        sitting.clear();
        assert!(seats.try_take().is_some());
    }

    #[tokio::test]
    async fn whoever_leaves_lets_the_next_in() {
        let seats = Seats::new(1);
        let (place, _leave) = seats.take().await;
        place.conduct().works();
        let next = seats.clone();
        let waiting = tokio::spawn(async move { drop(next.take().await) });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(place);
        waiting.await.unwrap();
        seats.all_left().await;
    }
}
