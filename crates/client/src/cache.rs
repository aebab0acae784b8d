//! What a process remembers: its token, and why it last got none. Times are since boot.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::single_flight::{Pilot, Seat, SingleFlight, Waiter};
use crate::token::{Token, Worth};

/// A token, or why there is none.
pub(crate) type Outcome = Result<Arc<Token>, Error>;

/// One token for all callers.
#[derive(Default)]
pub(crate) struct TokenCache {
    token: Option<Arc<Token>>,
    flight: SingleFlight<Outcome>,
    failure: Option<Failure>,
}

/// A failure that is not worth repeating for each caller.
struct Failure {
    error: Error,
    in_a_row: u32,
    ask_again_at: Duration,
}

/// What a caller gets.
pub(crate) enum Reply {
    Now(Outcome),
    Wait(Waiter<Outcome>),
}

/// A reply, and the request that the caller has to start for everybody, if there is one.
pub(crate) struct Step {
    pub(crate) reply: Reply,
    pub(crate) begin: Option<Pilot<Outcome>>,
}

impl TokenCache {
    /// What to do for a caller who needs a token.
    pub(crate) fn ask(&mut self, now: Duration) -> Step {
        let may_ask = self.failure.as_ref().is_none_or(|failure| failure.ask_again_at <= now);
        if let Some(token) = self.token.clone() {
            match token.worth(now) {
                Worth::Good => return Step { reply: Reply::Now(Ok(token)), begin: None },
                Worth::Ageing => return self.meanwhile(Ok(token), may_ask),
                Worth::Dead => self.token = None,
            }
        }
        match &self.failure {
            Some(failure) if !may_ask || matches!(failure.error, Error::HopLimit(_)) => {
                let error = failure.error.clone();
                self.meanwhile(Err(error), may_ask)
            }
            _ => match self.flight.board() {
                Seat::Joined(waiter) => Step { reply: Reply::Wait(waiter), begin: None },
                Seat::First(pilot, waiter) => {
                    Step { reply: Reply::Wait(waiter), begin: Some(pilot) }
                }
            },
        }
    }

    /// An outcome at once, and a request in the background if it is time for one.
    fn meanwhile(&mut self, outcome: Outcome, may_ask: bool) -> Step {
        let begin = match may_ask.then(|| self.flight.board()) {
            Some(Seat::First(pilot, _)) => Some(pilot),
            Some(Seat::Joined(_)) | None => None,
        };
        Step { reply: Reply::Now(outcome), begin }
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
                // A renewal that failed is not repeated by each caller either.
                let least =
                    if self.token.is_some() { Duration::from_secs(1) } else { Duration::ZERO };
                let pause = rest_after(error, in_a_row).unwrap_or_default().max(least);
                self.failure = (pause > Duration::ZERO).then(|| Failure {
                    error: error.clone(),
                    in_a_row,
                    ask_again_at: now + pause,
                });
            }
        }
    }

    /// Forgets a token that the service refused, unless it has been replaced meanwhile.
    pub(crate) fn reject(&mut self, used: &Arc<Token>) {
        self.token.take_if(|current| Arc::ptr_eq(current, used));
    }
}

/// How long a failure stands for all callers. None stands for ever.
fn rest_after(error: &Error, in_a_row: u32) -> Option<Duration> {
    let seconds = match error {
        // Somebody may have raised the limit; meanwhile nobody has to wait to hear the same.
        Error::HopLimit(_) if in_a_row == 1 => 60,
        Error::HopLimit(_) => 300,
        Error::Unreachable { .. } => (1 << (in_a_row - 1).min(6)).min(60),
        _ => return None,
    };
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests;
