//! Many callers, one request: the first begins it, the others wait for the same result.
//!
//! The request runs in a task of its own. A caller that gives up does not cancel it.

use tokio::sync::watch;

/// The request under way, if there is one.
pub(crate) struct SingleFlight<T> {
    current: Option<watch::Receiver<Option<T>>>,
}

/// A caller's place.
pub(crate) enum Seat<T> {
    /// Somebody else has begun.
    Joined(Waiter<T>),
    /// This caller must begin, and tell the result.
    First(Pilot<T>, Waiter<T>),
}

/// Waits for the result.
pub(crate) struct Waiter<T>(watch::Receiver<Option<T>>);

/// Tells the result. Dropping it without one makes the waiters begin again.
pub(crate) struct Pilot<T>(watch::Sender<Option<T>>);

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self { current: None }
    }
}

impl<T: Clone> SingleFlight<T> {
    pub(crate) fn board(&mut self) -> Seat<T> {
        // A pilot that is gone, with its runtime perhaps, will tell nobody anything.
        if let Some(current) = &self.current
            && current.has_changed().is_ok()
        {
            return Seat::Joined(Waiter(current.clone()));
        }
        let (sender, receiver) = watch::channel(None);
        self.current = Some(receiver.clone());
        Seat::First(Pilot(sender), Waiter(receiver))
    }
}

impl<T: Clone> Waiter<T> {
    /// The result; `None` if the one who was to tell it is gone.
    pub(crate) async fn result(mut self) -> Option<T> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|result| result.clone())
    }
}

impl<T> Pilot<T> {
    /// Tells a result. A later one, for those who come later, replaces it.
    pub(crate) fn tell(&self, result: T) {
        self.0.send_replace(Some(result));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_begins_and_the_others_join_until_the_pilot_is_gone() {
        let mut flight = SingleFlight::<u8>::default();
        let Seat::First(pilot, waiter) = flight.board() else { panic!("nobody has begun") };
        let Seat::Joined(joined) = flight.board() else { panic!("somebody has begun") };
        drop(waiter);
        pilot.tell(7);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(joined.result()), Some(7));
        drop(pilot);
        assert!(matches!(flight.board(), Seat::First(..)));
    }
}
