//! What a process remembers: its token, and why it last got none. Times are since boot.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::single_flight::{Leader, Role, SingleFlight, Waiter};
use crate::token::{Freshness, Token};

/// A token, or why there is none.
pub(crate) type Outcome = Result<Arc<Token>, Error>;

/// How old a verdict on a lost token may be: somebody may have raised the limit meanwhile.
const VERDICT_STANDS: Duration = Duration::from_secs(60);
/// How old it is when it is checked in the background, so that a program that calls often never waits.
const VERDICT_CHECKED: Duration = Duration::from_secs(30);
/// How soon a failed renewal is tried again while the old token is good.
const RENEWAL_PAUSE: Duration = Duration::from_secs(1);

/// One token for all callers.
#[derive(Default)]
pub(crate) struct TokenCache {
    token: Option<Arc<Token>>,
    flight: SingleFlight<Outcome>,
    failure: Option<Failure>,
}

/// A failure that is not repeated for each caller.
struct Failure {
    error: Error,
    in_a_row: u32,
    /// From when on a request in the background may find out whether it still holds.
    retry_at: Duration,
    /// From when on callers wait for that.
    stale_at: Duration,
}

/// What a caller gets.
pub(crate) enum Reply {
    Now(Outcome),
    Wait(Waiter<Outcome>),
}

/// A reply, and the request that the caller has to start for all callers, if there is one.
pub(crate) struct Step {
    pub(crate) reply: Reply,
    pub(crate) start: Option<Leader<Outcome>>,
}

impl TokenCache {
    /// What to do for a caller that needs a token.
    pub(crate) fn request(&mut self, now: Duration) -> Step {
        let may_retry = self.failure.as_ref().is_none_or(|failure| failure.retry_at <= now);
        if let Some(token) = self.token.clone() {
            match token.freshness(now) {
                Freshness::Fresh => return Step { reply: Reply::Now(Ok(token)), start: None },
                Freshness::RenewSoon => return self.meanwhile(Ok(token), may_retry),
                Freshness::Expired => self.token = None,
            }
        }
        match &self.failure {
            Some(failure) if now < failure.stale_at => {
                let error = failure.error.clone();
                self.meanwhile(Err(error), may_retry)
            }
            _ => match self.flight.join() {
                Role::Follower(waiter) => Step { reply: Reply::Wait(waiter), start: None },
                Role::Leader(leader, waiter) => {
                    Step { reply: Reply::Wait(waiter), start: Some(leader) }
                }
            },
        }
    }

    /// An outcome at once, and a request in the background if it is time for one.
    fn meanwhile(&mut self, outcome: Outcome, may_retry: bool) -> Step {
        let start = match may_retry.then(|| self.flight.join()) {
            Some(Role::Leader(leader, _)) => Some(leader),
            Some(Role::Follower(_)) | None => None,
        };
        Step { reply: Reply::Now(outcome), start }
    }

    /// Remembers how a request ended.
    pub(crate) fn learn(&mut self, outcome: &Outcome, now: Duration) {
        match outcome {
            Ok(token) => {
                self.token = Some(Arc::clone(token));
                self.failure = None;
            }
            Err(error) => {
                let in_a_row = self.failure.as_ref().map_or(0, |failure| failure.in_a_row) + 1;
                let (mut retry, stale) = lifetime(error, in_a_row);
                if self.token.is_some() {
                    // A renewal that failed is not repeated by each caller either.
                    retry = retry.max(RENEWAL_PAUSE);
                }
                self.failure = (retry > Duration::ZERO).then(|| Failure {
                    error: error.clone(),
                    in_a_row,
                    retry_at: now + retry,
                    stale_at: now + stale,
                });
            }
        }
    }

    /// Forgets a token that the service refused, unless it has been replaced meanwhile.
    pub(crate) fn reject(&mut self, used: &Arc<Token>) {
        self.token.take_if(|current| Arc::ptr_eq(current, used));
    }
}

/// After how long a failure is checked, and how long it stands for all callers at most.
fn lifetime(error: &Error, in_a_row: u32) -> (Duration, Duration) {
    match error {
        Error::TokenLost(_) => (VERDICT_CHECKED, VERDICT_STANDS),
        Error::Unreachable { .. } => {
            let seconds = Duration::from_secs((1 << (in_a_row - 1).min(6)).min(60));
            (seconds, seconds)
        }
        _ => (Duration::ZERO, Duration::ZERO),
    }
}

#[cfg(test)]
mod tests;
