//! Many callers, one request: the first starts it, the others wait for the same result.
//!
//! The request runs in a task of its own. A caller that gives up does not cancel it.

use tokio::sync::watch;

/// The request in progress, if there is one.
pub(crate) struct SingleFlight<T> {
    current: Option<watch::Receiver<Option<T>>>,
}

/// What a caller has to do.
pub(crate) enum Role<T> {
    /// Another caller has started the request.
    Follower(Waiter<T>),
    /// This caller must start it and publish the result.
    Leader(Leader<T>, Waiter<T>),
}

/// Waits for the result.
pub(crate) struct Waiter<T>(watch::Receiver<Option<T>>);

/// Publishes the result. Dropping it without one makes the waiters start again.
pub(crate) struct Leader<T>(watch::Sender<Option<T>>);

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self { current: None }
    }
}

impl<T: Clone> SingleFlight<T> {
    pub(crate) fn join(&mut self) -> Role<T> {
        // A leader that is gone, perhaps with its runtime, will publish nothing.
        if let Some(current) = &self.current
            && current.has_changed().is_ok()
        {
            return Role::Follower(Waiter(current.clone()));
        }
        let (sender, receiver) = watch::channel(None);
        self.current = Some(receiver.clone());
        Role::Leader(Leader(sender), Waiter(receiver))
    }
}

impl<T: Clone> Waiter<T> {
    /// The result; `None` if the leader is gone without one.
    pub(crate) async fn result(mut self) -> Option<T> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|result| result.clone())
    }
}

impl<T> Leader<T> {
    /// Publishes a result. A later result, for callers that come later, replaces it.
    pub(crate) fn publish(&self, result: T) {
        self.0.send_replace(Some(result));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_leads_and_the_others_follow_until_the_leader_is_gone() {
        let mut flight = SingleFlight::<u8>::default();
        let Role::Leader(leader, waiter) = flight.join() else { panic!("nothing is in progress") };
        let Role::Follower(follower) = flight.join() else { panic!("a request is in progress") };
        drop(waiter);
        leader.publish(7);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(follower.result()), Some(7));
        drop(leader);
        assert!(matches!(flight.join(), Role::Leader(..)));
    }
}
